// The page's charts as one PNG: each with its title, on the theme's surface.
import { font } from "../chart/font";
import { drawAll } from "../chart/frame";

const GAP = 12;
const TITLE = 28;

/** Every chart of the page, one below the other; nothing where there is no chart. */
export async function picture(root: ParentNode, title: string): Promise<Uint8Array> {
	drawAll();
	const charts = [...root.querySelectorAll<HTMLElement>(".chart")].flatMap((chart) => {
		const canvas = chart.querySelector("canvas");
		return canvas && canvas.width > 0 ? [{ canvas, name: chart.getAttribute("aria-label") ?? "" }] : [];
	});
	if (charts.length === 0) return new Uint8Array();
	const scale = devicePixelRatio;
	const [gap, line] = [GAP * scale, TITLE * scale];
	const sheet = document.createElement("canvas");
	sheet.width = Math.max(...charts.map(({ canvas }) => canvas.width)) + 2 * gap;
	sheet.height = gap + line + charts.reduce((sum, { canvas }) => sum + line + canvas.height + gap, 0);
	const context = sheet.getContext("2d");
	if (!context) return new Uint8Array();
	const { color, backgroundColor } = getComputedStyle(document.documentElement);
	context.fillStyle = backgroundColor;
	context.fillRect(0, 0, sheet.width, sheet.height);
	context.fillStyle = color;
	context.textBaseline = "middle";
	const write = (text: string, top: number, weight: number) => {
		context.font = font(13 * scale, weight);
		context.fillText(text, gap, top + line / 2);
	};
	write(title, gap, 600);
	let top = gap + line;
	for (const { canvas, name } of charts) {
		write(name, top, 400);
		context.drawImage(canvas, gap, top + line);
		top += line + canvas.height + gap;
	}
	const blob = await new Promise<Blob | null>((done) => sheet.toBlob(done, "image/png"));
	return blob ? new Uint8Array(await blob.arrayBuffer()) : new Uint8Array();
}
