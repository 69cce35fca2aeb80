// The page's charts as one PNG: each with its title and what its lines and states are, on the theme's surface.
import { nameLocale } from "../base/locale";
import { font } from "../chart/font";
import { drawAll } from "../chart/frame";
import { described, type Key, type Pictured } from "../chart/pictured";
import type { Span } from "../store/view.svelte";

const GAP = 12;
const LINE = 28;
/** Between a swatch and its word. */
const BESIDE = 5;
/** Between two of them. */
const APART = 16;

/** Whose figures they are, and of when: a picture is looked at on another day. `aurora  Nov 28, 2026, 14:00:30 – 14:05:30` */
export function titleOf(name: string, { from, to }: Span): string {
	const dated = new Intl.DateTimeFormat(nameLocale(), {
		year: "numeric",
		month: "short",
		day: "numeric",
		hour: "2-digit",
		minute: "2-digit",
		second: "2-digit",
		hourCycle: "h23",
	});
	return `${name}  ${dated.formatRange(from, to)}`;
}

/** Where a title or a key stands: so far from the left, in that line. Canvas pixels. */
interface Placed {
	x: number;
	line: number;
	word: string;
	key: Key | null;
}

/** The title, and the keys after it, in as many lines as it takes. */
function placed({ title, keys }: Pictured, wide: (word: string) => number, scale: number, width: number): Placed[] {
	const out: Placed[] = [{ x: 0, line: 0, word: title, key: null }];
	let [x, line] = [wide(title) + APART * scale, 0];
	for (const key of keys) {
		const its = (key.width + BESIDE) * scale + wide(key.word);
		if (x + its > width) [x, line] = [0, line + 1];
		out.push({ x, line, word: key.word, key });
		x += its + APART * scale;
	}
	return out;
}

/** Every chart of the page, one below the other; nothing where there is no chart. */
export async function picture(root: ParentNode, title: string): Promise<Uint8Array> {
	drawAll();
	const charts = described(root).filter(({ canvas }) => canvas.width > 0);
	const sheet = document.createElement("canvas");
	const context = sheet.getContext("2d");
	if (charts.length === 0 || !context) return new Uint8Array();
	const scale = devicePixelRatio;
	const [gap, line] = [GAP * scale, LINE * scale];
	const weigh = (weight: number) => {
		context.font = font(13 * scale, weight);
	};
	weigh(400);
	// A lane stands as far from the left as it does on the page, under its chart's plot.
	const parts = charts.map((chart) => ({ ...chart, left: chart.canvas.offsetLeft * scale }));
	const width = Math.max(...parts.map(({ left, canvas }) => left + canvas.width));
	const laid = parts.map((part) => {
		const words = placed(part, (word) => context.measureText(word).width, scale, width);
		return { ...part, words, head: ((words.at(-1)?.line ?? 0) + 1) * line };
	});
	// This forgets the font.
	sheet.width = width + 2 * gap;
	sheet.height = gap + line + laid.reduce((sum, { canvas, head }) => sum + head + canvas.height + gap, 0);
	const { color, backgroundColor } = getComputedStyle(document.documentElement);
	context.fillStyle = backgroundColor;
	context.fillRect(0, 0, sheet.width, sheet.height);
	context.textBaseline = "middle";
	const write = (word: string, x: number, middle: number) => {
		context.fillStyle = color;
		context.fillText(word, x, middle);
	};
	weigh(600);
	write(title, gap, gap + line / 2);
	weigh(400);
	let top = gap + line;
	for (const { canvas, left, words, head } of laid) {
		for (const { x, line: at, word, key } of words) {
			const middle = top + (at + 0.5) * line;
			if (key) {
				const [wide, high] = [key.width * scale, key.height * scale];
				context.fillStyle = key.fill(context);
				context.fillRect(gap + x, middle - high / 2, wide, high);
			}
			write(word, gap + x + (key ? (key.width + BESIDE) * scale : 0), middle);
		}
		context.drawImage(canvas, gap + left, top + head);
		top += head + canvas.height + gap;
	}
	const blob = await new Promise<Blob | null>((done) => sheet.toBlob(done, "image/png"));
	return blob ? new Uint8Array(await blob.arrayBuffer()) : new Uint8Array();
}
