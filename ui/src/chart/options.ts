// A ChartSpec as uPlot takes it: fixed scales, our paths, our gaps, our crosshair.
import type uPlot from "uplot";
import { lowerBound, peak } from "../base/scale";
import { tickLabel, tickStep, ticks } from "../base/time";
import type { HistoryGap } from "../bindings";
import type { Span } from "../store/view.svelte";
import { type Bands, paths } from "./paths";
import type { AxisSpec, ChartSpec, Hue } from "./spec";

/** What a chart asks its surroundings each time it draws. */
export interface Surroundings {
	spec(): ChartSpec;
	span(): Span;
	gaps(): readonly HistoryGap[];
	/** The pointer moved to a time, or left (null). */
	pointed(time: number | null): void;
	dragged(span: Span): void;
	back(): void;
}

/** Pixels between two labels of the time axis. */
const LABEL_WIDTH = 90;
const FONT = "system-ui, 'DejaVu Sans', sans-serif";
/** Room for the labels of a value axis; less of it in a chart that has little. */
const AXIS = { left: 62, right: 50, narrow: 44 };
const NARROW = 260;

/** How much larger than by default text is; canvases must be told. */
function textScale(): number {
	const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
	return Number.isFinite(size) && size > 0 ? size / 13 : 1;
}

/** A token's colour in the theme in force. */
function colour(of: Element, token: Hue | "grid" | "text-dim" | "line"): string {
	// light-dark() is resolved by a property that takes a colour, not by the custom property itself.
	const probe = document.createElement("i");
	probe.style.color = `var(--${token})`;
	of.append(probe);
	const found = getComputedStyle(probe).color;
	probe.remove();
	return found || "gray";
}

/** The same colour, translucent. */
function tint(solid: string, share: number): string {
	return solid.startsWith("rgb(") ? solid.replace("rgb(", "rgba(").replace(")", `, ${share})`) : solid;
}

export function options(element: HTMLElement, around: Surroundings): uPlot.Options {
	const spec = around.spec();
	const bands: Bands = new Map();
	const quiet = colour(element, "text-dim");
	const grid = { stroke: colour(element, "grid"), width: 1 };
	const scaled = textScale();
	const font = `${11 * scaled}px ${FONT}`;
	const labelWidth = LABEL_WIDTH * scaled;
	// Asked once: a chart is made anew when the theme changes, and each answer costs a layout of the page.
	const hatching = colour(element, "line");
	const lines = spec.series.map((one) => colour(element, one.hue));
	const axis = (scale: "left" | "right"): uPlot.Axis => ({
		scale,
		side: scale === "left" ? 3 : 1,
		size: (u) => (u.width < NARROW ? AXIS.narrow : AXIS[scale]) * scaled,
		font,
		stroke: quiet,
		gap: 6,
		ticks: { show: false },
		grid: scale === "left" ? grid : { show: false },
		splits: (_, __, min, max) => [0, 1, 2, 3, 4].map((quarter) => min + ((max - min) * quarter) / 4),
		values: (_, splits) =>
			splits.map((value, i) => {
				if (i % 2 === 1) return "";
				return value === 0 ? "0" : axisSpec(around.spec(), scale).format(value);
			}),
	});
	const scale = (side: "left" | "right"): uPlot.Scale => ({
		auto: false,
		range: () => axisSpec(around.spec(), side).ends(0),
	});
	return {
		width: Math.max(1, element.clientWidth),
		height: Math.max(1, element.clientHeight),
		padding: [8, spec.right ? 0 : 10, 0, 0],
		legend: { show: false },
		scales: {
			x: { time: false, auto: false, range: () => [around.span().from, around.span().to] },
			left: scale("left"),
			...(spec.right ? { right: scale("right") } : {}),
		},
		axes: [
			{
				size: 24 * scaled,
				gap: 6,
				font,
				stroke: quiet,
				grid: { show: false },
				ticks: { show: false },
				splits: (u, _, min, max) => {
					const across = u.bbox.width / devicePixelRatio;
					// A label that would hang over the edge is left out.
					const margin = spec.right ? 0 : ((max - min) / across) * (labelWidth / 4);
					return ticks(min, max, across / labelWidth).filter((time) => time <= max - margin);
				},
				values: (u, splits) => {
					const { min, max } = u.scales.x ?? {};
					const step = tickStep((max ?? 0) - (min ?? 0), Math.max(1, u.bbox.width / devicePixelRatio / labelWidth));
					return splits.map((time) => tickLabel(time, step));
				},
			},
			axis("left"),
			...(spec.right ? [axis("right")] : []),
		],
		series: [
			{},
			...spec.series.map((one, at): uPlot.Series => {
				const line = lines[at] ?? quiet;
				return {
					scale: one.axis,
					stroke: line,
					width: 1.5,
					fill: one.filled ? tint(line, 0.14) : undefined,
					points: { show: false },
					paths: paths(bands),
				};
			}),
		],
		cursor: {
			y: false,
			points: { show: false },
			drag: { x: true, y: false, setScale: false },
			bind: {
				dblclick: () => () => {
					around.back();
					return null;
				},
			},
		},
		hooks: {
			drawClear: [(u) => drawGaps(u, around.gaps(), hatching)],
			drawSeries: [
				(u, index) => {
					const band = bands.get(index);
					const line = lines[index - 1];
					if (!band || !line) return;
					u.ctx.save();
					u.ctx.beginPath();
					u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
					u.ctx.clip();
					u.ctx.fillStyle = tint(line, 0.3);
					u.ctx.fill(band);
					u.ctx.restore();
				},
			],
			setCursor: [
				(u) => {
					// Only the chart under the pointer speaks; the others are told.
					if (!u.over.matches(":hover")) return;
					const { left = -1 } = u.cursor;
					around.pointed(left < 0 ? null : u.posToVal(left, "x"));
				},
			],
			setSelect: [
				(u) => {
					const { left, width } = u.select;
					if (width <= 0) return;
					around.dragged({ from: u.posToVal(left, "x"), to: u.posToVal(left + width, "x") });
					u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
				},
			],
		},
	};
}

function axisSpec(spec: ChartSpec, side: "left" | "right"): AxisSpec {
	return side === "right" && spec.right ? spec.right : spec.left;
}

/** The ends of a value axis for what is in sight of it. */
export function ends(data: uPlot.AlignedData, spec: ChartSpec, side: "left" | "right", span: Span): [number, number] {
	const times = data[0] as number[];
	const first = lowerBound(times, span.from);
	const last = lowerBound(times, span.to + 1) - 1;
	const peaks = spec.series.map((one, i) =>
		one.axis === side ? peak(data[i + 1] as (number | null)[], first, last) : 0,
	);
	return axisSpec(spec, side).ends(Math.max(0, ...peaks));
}

/** Gaps are hatched: a hole in a line alone could be taken for a line that ends. */
function drawGaps(u: uPlot, gaps: readonly HistoryGap[], line: string): void {
	const { min, max } = u.scales.x ?? {};
	if (min == null || max == null) return;
	const { left, top, width, height } = u.bbox;
	const { ctx } = u;
	for (const gap of gaps) {
		if (gap.from > max || (gap.to !== null && gap.to < min)) continue;
		const from = Math.max(left, u.valToPos(gap.from, "x", true));
		const to = Math.min(left + width, gap.to === null ? left + width : u.valToPos(gap.to, "x", true));
		if (to - from < 1) continue;
		ctx.save();
		ctx.beginPath();
		ctx.rect(from, top, to - from, height);
		ctx.clip();
		ctx.beginPath();
		const step = 6 * devicePixelRatio;
		// Anchored to the canvas, so that neighbours' lines meet.
		for (let x = Math.floor((from - height) / step) * step; x < to; x += step) {
			ctx.moveTo(x, top + height);
			ctx.lineTo(x + height, top);
		}
		ctx.strokeStyle = line;
		ctx.lineWidth = devicePixelRatio;
		ctx.stroke();
		ctx.restore();
	}
}
