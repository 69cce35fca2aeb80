// A ChartSpec as uPlot takes it. uPlot lays out the axes, writes the values beside them, and has the crosshair and the
// drag; what stands in the plot is painted by painter.ts, and the time axis with it, since both move.
import type uPlot from "uplot";
import { coloursOf, tint } from "./colours";
import { font, textScale } from "./font";
import type { Ink } from "./painter";
import type { AxisSpec, ChartSpec } from "./spec";
import { colourScheme } from "./theme.svelte";

/** Of a whole chart, in CSS pixels. */
export interface Size {
	width: number;
	height: number;
}

/** What uPlot asks its surroundings, and tells them. Places are in CSS pixels from the plot's left edge. */
export interface Surroundings {
	spec(): ChartSpec;
	/** The ends of a value axis now. */
	ends(side: "left" | "right"): readonly [number, number];
	/** What the topmost tick of a value axis says from now on. */
	labelled(side: "left" | "right", top: string): void;
	/** The axes are drawn, the plot is empty. */
	cleared(): void;
	/** The pointer moved, or left (below 0). */
	pointed(place: number): void;
	/** The pointer's button is pressed in the plot, or let go of again, wherever that is. */
	held(on: boolean): void;
	dragged(from: number, to: number): void;
	back(): void;
}

/** Room for the labels of a value axis, less of it in a chart that has little; for text as large as by default, as the next. */
const AXIS = { left: 62, right: 50, narrow: 44 };
/** A chart is narrow for its words. */
const NARROW = 260;
/** A drag over fewer CSS pixels is a click that slipped. */
const SHORTEST_DRAG = 5;

/** How wide the axes beside a plot are, so that something else can stand on the same time axis. */
export function axisWidth(scale: "left" | "right", width: number): number {
	const scaled = textScale();
	return (width < NARROW * scaled ? AXIS.narrow : AXIS[scale]) * scaled;
}

export function ink(spec: ChartSpec): Ink {
	const scale = textScale();
	const colours = coloursOf(colourScheme.now);
	return {
		surface: colours["surface-1"],
		grid: colours.grid,
		text: colours["text-dim"],
		hatching: colours.hatch,
		font: font(11 * scale * devicePixelRatio),
		scale,
		lines: spec.series.map(({ hue, filled }) => {
			const line = colours[hue];
			return { line, area: filled ? tint(line, 0.14) : null, band: tint(line, 0.3) };
		}),
	};
}

export function options(size: Size, { text, scale: scaled }: Ink, around: Surroundings): uPlot.Options {
	const spec = around.spec();
	const axis = (side: "left" | "right"): uPlot.Axis => ({
		scale: side,
		side: side === "left" ? 3 : 1,
		size: (u) => (u.width < NARROW * scaled ? AXIS.narrow : AXIS[side]) * scaled,
		font: font(11 * scaled),
		stroke: text,
		gap: 6,
		ticks: { show: false },
		grid: { show: false },
		splits: (_, __, min, max) => [0, 1, 2].map((half) => min + ((max - min) * half) / 2),
		values: (_, splits) => {
			const top = splits.at(-1) ?? 0;
			const labels = splits.map((value) => axisSpec(around.spec(), side).format(value, top));
			around.labelled(side, labels.at(-1) ?? "");
			return labels;
		},
	});
	const scale = (side: "left" | "right"): uPlot.Scale => ({
		auto: false,
		range: () => [...around.ends(side)] as [number, number],
	});
	return {
		...size,
		// Half a line of the topmost label stands above the plot.
		padding: [8 * scaled, spec.right ? 0 : 10, 0, 0],
		legend: { show: false },
		scales: {
			// Its times are the painter's; uPlot only needs to have an axis.
			x: { time: false, auto: false, range: () => [0, 1] },
			left: scale("left"),
			...(spec.right ? { right: scale("right") } : {}),
		},
		axes: [
			{ size: 24 * scaled, grid: { show: false }, ticks: { show: false }, splits: () => [], values: () => [] },
			axis("left"),
			...(spec.right ? [axis("right")] : []),
		],
		series: [{}],
		cursor: {
			y: false,
			points: { show: false },
			drag: { x: true, y: false, setScale: false, dist: SHORTEST_DRAG },
			bind: {
				// These stand in for uPlot's own, which are for the left button alone.
				mousedown: (_, __, handler) => (event) => {
					if (event.button !== 0) return null;
					around.held(true);
					handler(event);
					return null;
				},
				mouseup: (u, _, handler) => (event) => {
					if (event.button !== 0) return null;
					handler(event);
					around.held(false);
					if (!u.over.matches(":hover")) around.pointed(-1);
					return null;
				},
				dblclick: () => () => {
					around.back();
					return null;
				},
			},
		},
		hooks: {
			draw: [() => around.cleared()],
			setCursor: [
				(u) => {
					// Only the chart under the pointer speaks; the others are told.
					if (!u.over.matches(":hover")) return;
					around.pointed(u.cursor.left ?? -1);
				},
			],
			setSelect: [
				(u) => {
					const { left, width } = u.select;
					if (width <= 0) return;
					if (width >= SHORTEST_DRAG) around.dragged(left, left + width);
					u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
				},
			],
		},
	};
}

export function axisSpec(spec: ChartSpec, side: "left" | "right"): AxisSpec {
	return side === "right" && spec.right ? spec.right : spec.left;
}
