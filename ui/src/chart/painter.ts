// What stands in a plot: grid, gaps and lines, painted whole or, when time has moved on, only where something is new.
// uPlot draws a chart whole or not at all; a chart that follows the newest sample changes where its lines end, and the
// rest of it moves. What is painted is opaque and stands on whole pixels, so that moving it is the same as painting it.
import type uPlot from "uplot";
import { lowerBound } from "../base/scale";
import type { HistoryGap } from "../bindings";
import type { Span } from "../store/view.svelte";
import { type Run, runs } from "./runs";

/** The colours and the font of a chart, resolved: canvases don't follow the style sheet. */
export interface Ink {
	surface: string;
	grid: string;
	text: string;
	hatching: string;
	font: string;
	/** How much larger than by default text is. */
	scale: number;
	lines: readonly { line: string; area: string | null; band: string }[];
}

/** What a chart shows at one moment. */
export interface Scene {
	span: Span;
	/** The history's time axis and columns as they are; they grow under way. */
	times: readonly number[];
	columns: readonly (Float64Array | undefined)[];
	/** Of each column's axis. */
	ends: readonly (readonly [number, number])[];
	gaps: readonly HistoryGap[];
	/** Whether there are more samples in sight than pixels. */
	dense: boolean;
}

/** Half a line may stand over the plot's edge; as painted and as moved. */
const EDGE = 2;
const LINE = 1.5;
/** A line's changed part may be seen this many pixels before the sample that changed: joins, and a bucket's middle. */
const MARGIN = 4;
/** Pixels between two lines of a gap's hatching. */
const HATCH = 6;

/** How much time a pixel of the canvas is. */
export function perPixel({ bbox }: uPlot, { from, to }: Span): number {
	return (to - from) / Math.max(1, bbox.width);
}

/** The pixel of the canvas from which a plot must be painted anew when rows from that time on have changed. */
export function startOfChange(u: uPlot, span: Span, time: number): number {
	return Math.floor(u.bbox.left + (time - span.from) / perPixel(u, span)) - MARGIN;
}

/** Moves what is painted by that many pixels to the left; the right edge is then to be painted. */
export function move(u: uPlot, by: number): void {
	const { left, top, width, height } = u.bbox;
	const [y, rest, high] = [top - EDGE, width - by, height + 2 * EDGE];
	u.ctx.drawImage(u.ctx.canvas, left + by, y, rest, high, left, y, rest, high);
}

/** Paints the plot from that pixel of the canvas on to its right edge. */
export function paint(u: uPlot, scene: Scene, ink: Ink, start: number): void {
	const { left, top, width, height } = u.bbox;
	const { ctx } = u;
	const from = Math.max(left, start);
	const [y, wide, high] = [top - EDGE, left + width - from, height + 2 * EDGE];
	// What is new may be beyond a moment that was chosen.
	if (wide <= 0) return;
	ctx.save();
	ctx.beginPath();
	ctx.rect(from, y, wide, high);
	ctx.clip();
	ctx.fillStyle = ink.surface;
	ctx.fillRect(from, y, wide, high);
	ctx.fillStyle = ink.grid;
	for (let quarter = 0; quarter <= 4; quarter++)
		ctx.fillRect(from, Math.round(top + (height * quarter) / 4), wide, devicePixelRatio);
	for (const gap of scene.gaps) hatch(u, scene.span, gap, ink.hatching, from);
	ctx.lineWidth = LINE * devicePixelRatio;
	ctx.lineJoin = "bevel";
	for (let at = 0; at < scene.columns.length; at++) line(u, scene, ink, at, from);
	ctx.restore();
}

/** The line of a column, the area under it, and the band around a dense one. */
function line(u: uPlot, scene: Scene, ink: Ink, at: number, start: number): void {
	const { left, top, height } = u.bbox;
	const { ctx } = u;
	const { times, span, dense } = scene;
	const colours = ink.lines[at];
	const values = scene.columns[at];
	if (!colours || !values || times.length === 0) return;
	const each = perPixel(u, span);
	const [low, high] = scene.ends[at] ?? [0, 1];
	const base = top + height;
	const x = (time: number) => left + (time - span.from) / each;
	const y = (value: number) => base - ((value - low) / (high - low)) * height;
	const bucket = (time: number) => lowerBound(times, Math.floor(time / each) * each);
	let first = lowerBound(times, span.from + (start - left - MARGIN) * each);
	if (dense && first < times.length) first = bucket(times[first] as number);
	// One more, for the line that comes from there.
	if (first > 0) first = dense ? bucket(times[first - 1] as number) : first - 1;
	const last = Math.min(lowerBound(times, span.to + 1), times.length - 1);
	const found = runs({ times, values, first, last, perPixel: each, dense });
	if (colours.area !== null) {
		ctx.fillStyle = colours.area;
		ctx.beginPath();
		for (const run of found) {
			ctx.moveTo(x(run.x[0] as number), base);
			trace(ctx, run.x, run.mean, x, y);
			ctx.lineTo(x(run.x.at(-1) as number), base);
			ctx.closePath();
		}
		ctx.fill();
	}
	if (dense) {
		ctx.fillStyle = colours.band;
		ctx.beginPath();
		for (const run of found) band(ctx, run, x, y);
		ctx.fill();
	}
	ctx.strokeStyle = colours.line;
	ctx.beginPath();
	for (const run of found) {
		const [begin, value] = [x(run.x[0] as number), y(run.mean[0] as number)];
		// A point by itself between two gaps would be a line of no length.
		ctx.moveTo(run.x.length === 1 ? begin - devicePixelRatio : begin, value);
		trace(ctx, run.x, run.mean, x, y);
		if (run.x.length === 1) ctx.lineTo(begin + devicePixelRatio, value);
	}
	ctx.stroke();
}

type Place = (value: number) => number;

function trace(
	ctx: CanvasRenderingContext2D,
	along: readonly number[],
	up: readonly number[],
	x: Place,
	y: Place,
): void {
	for (let i = 0; i < along.length; i++) ctx.lineTo(x(along[i] as number), y(up[i] as number));
}

function band(ctx: CanvasRenderingContext2D, run: Run, x: Place, y: Place): void {
	ctx.moveTo(x(run.x[0] as number), y(run.largest[0] as number));
	trace(ctx, run.x, run.largest, x, y);
	for (let i = run.x.length - 1; i >= 0; i--) ctx.lineTo(x(run.x[i] as number), y(run.least[i] as number));
	ctx.closePath();
}

/** Gaps are hatched: a hole in a line alone could be taken for a line that ends. */
function hatch(u: uPlot, span: Span, gap: HistoryGap, colour: string, start: number): void {
	if (gap.from > span.to || (gap.to !== null && gap.to < span.from)) return;
	const { left, top, width, height } = u.bbox;
	const each = perPixel(u, span);
	const from = Math.max(start, left + (gap.from - span.from) / each);
	const to = gap.to === null ? left + width : Math.min(left + width, left + (gap.to - span.from) / each);
	if (to <= from) return;
	const { ctx } = u;
	ctx.save();
	ctx.beginPath();
	ctx.rect(from, top, to - from, height);
	ctx.clip();
	ctx.beginPath();
	// Anchored to the time axis, so that neighbours' lines meet, and those of a gap that moves on.
	const step = HATCH * devicePixelRatio;
	const origin = left - (Math.round(span.from / each) % step);
	for (let x = origin + Math.floor((from - height - origin) / step) * step; x < to; x += step) {
		ctx.moveTo(x, top + height);
		ctx.lineTo(x + height, top);
	}
	ctx.strokeStyle = colour;
	ctx.lineWidth = devicePixelRatio;
	ctx.stroke();
	ctx.restore();
}
