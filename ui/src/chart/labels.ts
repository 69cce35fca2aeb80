// The labels of the time axis. They move with time, and charts of one width have the same: they are written once, onto a
// strip that is longer than a chart, and each chart shows its part of it.
import type uPlot from "uplot";
import { tickLabel, tickStep, ticks } from "../base/time";
import type { Span } from "../store/view.svelte";
import type { Ink } from "./painter";

/** Pixels between two labels, from the plot to them, and of a line of text. */
const ROOM = 90;
const GAP = 6;
const LINE = 18;
/** How many strips are kept: of each width and range in sight. */
const STRIPS = 8;

interface Strip {
	canvas: HTMLCanvasElement;
	/** What it covers. Its first pixel is half a label before that. */
	span: Span;
	times: readonly number[];
}

const strips = new Map<string, Strip>();

/** Shows the labels of a span under the plot. It stands on whole pixels of the time axis, as the plot does. */
export function label(u: uPlot, span: Span, ink: Ink, hasRightAxis: boolean): void {
	const { left, top, width, height } = u.bbox;
	const { ctx } = u;
	// The lowest label of a value axis hangs below the plot by half a line, which is as large as text is.
	const y = top + height + GAP * ink.scale * devicePixelRatio;
	ctx.clearRect(0, y, ctx.canvas.width, ctx.canvas.height - y);
	const strip = stripOf(span, width, ink);
	const room = roomOf(ink);
	const each = (span.to - span.from) / width;
	// A label that would hang over the window's edge is left out.
	const end = hasRightAxis ? span.to : span.to - (room / 4) * each;
	let [first, last] = [-1, -1];
	for (const time of strip.times) {
		if (time < span.from || time > end) continue;
		last = place(time, strip.span, each);
		if (first < 0) first = last;
	}
	if (first < 0) return;
	const wide = last - first + room;
	const x = left + first - place(span.from, strip.span, each) - room / 2;
	ctx.drawImage(strip.canvas, first, 0, wide, strip.canvas.height, x, y, wide, strip.canvas.height);
}

function roomOf({ scale }: Ink): number {
	return 2 * Math.round((ROOM * scale * devicePixelRatio) / 2);
}

/** The pixel of a time. A half is always rounded down, whatever it was computed from. */
function place(time: number, { from }: Span, each: number): number {
	return Math.round((time - from) / each - 0.01);
}

function stripOf(span: Span, width: number, ink: Ink): Strip {
	const key = `${width} ${Math.round(span.to - span.from)} ${ink.font} ${ink.text}`;
	const kept = strips.get(key);
	if (kept && kept.span.from <= span.from && span.to <= kept.span.to) return kept;
	if (strips.size >= STRIPS) strips.clear();
	const made = strip(span, width, ink);
	strips.set(key, made);
	return made;
}

/** Of that span and as much time after it. */
function strip({ from, to }: Span, width: number, ink: Ink): Strip {
	const room = roomOf(ink);
	const span = { from, to: to + (to - from) };
	const most = 2 * Math.max(1, width / room);
	const step = tickStep(span.to - from, most);
	const times = ticks(from, span.to, most);
	const canvas = document.createElement("canvas");
	canvas.width = 2 * width + room;
	canvas.height = Math.ceil(LINE * ink.scale * devicePixelRatio);
	const context = canvas.getContext("2d");
	if (context) {
		context.fillStyle = ink.text;
		context.font = ink.font;
		context.textAlign = "center";
		context.textBaseline = "top";
		for (const time of times)
			context.fillText(tickLabel(time, step), room / 2 + place(time, span, (to - from) / width), 0);
	}
	return { canvas, span, times };
}
