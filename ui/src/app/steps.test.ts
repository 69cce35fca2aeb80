// The overview's charts and lanes move all at once, when the step that the newest sample is in ends; and nobody zooms into the rest of it.
import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DEFAULTS } from "../host/host";
import { batch, following, Sized, sending } from "../store/testing";
import App from "./App.svelte";

/** The end of a step in each range. */
const start = Math.ceil(Date.now() / 60_000) * 60_000;
/** One a second. */
const at = (tick: number) => batch({ tick, timestamp: start + tick * 1000, interval: 1, cpu: 40 });
const { host, emit } = sending({ current: async () => at(1), settings: async () => ({ ...DEFAULTS, interval: 1 }) });
/** All canvases of the tests have the same. */
const context = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
const { drawImage, clearRect } = context;
const frames = () => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
const charts = () => document.querySelectorAll(".u-over").length;
/** What was moved of charts since it was asked for last, their labels included, and how many lanes were painted. */
let [moves, lanes] = [0, 0];

async function pass(tick: number): Promise<[number, number]> {
	[moves, lanes] = [0, 0];
	emit(at(tick));
	await frames();
	return [moves, lanes];
}

async function open(range: number, ticks: number): Promise<void> {
	history.replaceState(null, "", `/index.html?range=${range}#overview`);
	render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(charts()).toBeGreaterThan(4));
	for (let tick = 2; tick <= ticks; tick++) await pass(tick);
}

beforeEach(() => {
	vi.stubGlobal("ResizeObserver", Sized);
	context.drawImage = (...given: unknown[]) => {
		if (given.length === 9) moves += 1;
	};
	context.clearRect = (x, y, _, height) => {
		if (x === 0 && y === 0 && height <= 8) lanes += 1;
	};
});

afterEach(() => {
	cleanup();
	Object.assign(context, { drawImage, clearRect });
	vi.unstubAllGlobals();
});

it("moves every chart when a step ends, and none before", async () => {
	await open(300, 20);
	const moved: number[] = [];
	for (let tick = 21; tick <= 31; tick++) moved.push((await pass(tick))[0]);
	// The plot and its labels.
	const all = 2 * charts();
	expect(moved).toEqual([all, 0, 0, 0, 0, all, 0, 0, 0, 0, all]);
});

it("moves them at the end of a step also where a sample alone would wait, and the lanes with them", async () => {
	await open(3600, 60);
	// All of them are painted now.
	for (let i = 0; i < 2; i++) {
		screen.getByTestId("pause").click();
		await frames();
	}
	expect(await pass(61)).toEqual([2 * charts(), 1]);
	expect(await pass(62)).toEqual([0, 0]);
});

it("draws each sample of the usual interval, also one that comes a millisecond early", async () => {
	await open(3600, 2);
	const early = (nth: number) => batch({ tick: 2 + nth, timestamp: start + 2000 + nth * 1999, interval: 2, cpu: 40 });
	const { stroke } = context;
	const drawn: number[] = [];
	for (let nth = 1; nth <= 6; nth++) {
		let strokes = 0;
		context.stroke = () => {
			strokes += 1;
		};
		emit(early(nth));
		await frames();
		drawn.push(strokes);
	}
	context.stroke = stroke;
	// Sparklines have one each, charts at least one more.
	const sparklines = document.querySelectorAll(".rail canvas").length;
	for (const strokes of drawn) expect(strokes).toBeGreaterThanOrEqual(sparklines + charts());
});

it("zooms to the newest sample where a drag ends beyond it", async () => {
	await open(300, 21);
	const over = document.querySelector('[data-panel="cpu"] .u-over') as HTMLElement;
	const width = Number.parseInt(over.style.width, 10);
	for (const [type, where, clientX] of [
		["mousedown", over, width / 2],
		["mousemove", over, width - 1],
		["mouseup", document, width - 1],
	] as const) {
		where.dispatchEvent(new MouseEvent(type, { clientX, clientY: 20, movementX: 1, bubbles: true }));
		await frames();
	}
	const length = Number((document.querySelector('[data-panel="cpu"] [data-span]') as HTMLElement).dataset.span);
	// Four seconds of the step are left.
	expect(Math.abs(length - 146)).toBeLessThan(1.5);
});
