// What a chart shows, as data: every chart of the window is one of these given to the one Chart component.

/** A hue of theme.css, without its dashes. */
export type Hue = "gpu" | "cpu" | "memory" | "disk" | "network" | "temperature" | "power";

export interface SeriesSpec {
	/** Where the values are in the history. */
	channel: string;
	field: string;
	label: string;
	/** One sentence: what the figure means and how it is come by. */
	help: string;
	hue: Hue;
	axis: "left" | "right";
	/** The area under the line is tinted. */
	filled: boolean;
	/** A value in words, with its unit. */
	format(value: number): string;
}

export interface AxisSpec {
	/** Both ends for the largest value in sight. They should move rarely, and in round steps. */
	ends(peak: number): [number, number];
	/** What a tick says, in the unit of the topmost one, which alone names it: 512 MiB/s, 256, 0. */
	format(value: number, top: number): string;
}

export interface ChartSpec {
	title: string;
	series: readonly SeriesSpec[];
	left: AxisSpec;
	right: AxisSpec | null;
}

/** How tall a key to the chart is, CSS pixels: a block for what is filled, a stroke for a line. Colours alone don't tell two apart. */
export const markHeight = ({ filled }: SeriesSpec) => (filled ? 9 : 3);

/** 0–100 %. */
export const PERCENT: AxisSpec = {
	ends: () => [0, 100],
	format: (value, top) => (value === top ? `${value}\u00a0%` : String(value)),
};

/** What tells two charts apart that need a new uPlot: anything but the values. */
export function shape(spec: ChartSpec): string {
	return (
		spec.series.map((one) => `${one.channel} ${one.field} ${one.hue} ${one.axis} ${one.filled}`).join() +
		(spec.right ? "|" : "")
	);
}
