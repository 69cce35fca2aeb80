// The lines of a chart. Where there are more points than pixels: the mean of each stretch of time as the line, and
// from its least to its largest value a band around it, so that a peak of one sample stays visible in an hour.
// Reads the columns as they are. uPlot's own builder takes `undefined` (a column shorter than the axis) for no gap.
import type uPlot from "uplot";

/** The band around each dense series, by its index; drawn by the chart's own hook. */
export type Bands = Map<number, Path2D>;

/** A stretch without a gap. `least` and `largest` are empty where each point stands for itself. */
export interface Run {
	x: number[];
	mean: number[];
	least: number[];
	largest: number[];
}

/** Some points to be drawn in so many pixels, by the axis' own numbers. */
export interface Points {
	times: ArrayLike<number>;
	values: ArrayLike<number | null | undefined>;
	first: number;
	last: number;
	/** Of the axis, for each pixel. */
	perPixel: number;
}

/** The runs between gaps: each point by itself, or each pixel's worth of them where they are denser. */
export function runs({ times, values, first, last, perPixel }: Points): Run[] {
	const dense = ((times[last] as number) - (times[first] as number)) / Math.max(1, last - first) < perPixel;
	const out: Run[] = [];
	let run: Run | null = null;
	// Buckets stand on the time axis, not on the pixels: a window that moves on does not make the line shimmer.
	let bucket = Number.NaN;
	let [sum, count, least, largest] = [0, 0, 0, 0];
	const push = (x: number, mean: number) => {
		if (!run) {
			run = { x: [], mean: [], least: [], largest: [] };
			out.push(run);
		}
		run.x.push(x);
		run.mean.push(mean);
		if (!dense) return;
		run.least.push(least);
		run.largest.push(largest);
	};
	const close = () => {
		if (count > 0) push((bucket + 0.5) * perPixel, sum / count);
		count = 0;
	};
	for (let i = first; i <= last; i++) {
		const value = values[i];
		const time = times[i] as number;
		if (value == null) {
			close();
			bucket = Number.NaN;
			run = null;
		} else if (!dense) {
			push(time, value);
		} else {
			const at = Math.floor(time / perPixel);
			if (at !== bucket) close();
			bucket = at;
			least = count === 0 ? value : Math.min(least, value);
			largest = count === 0 ? value : Math.max(largest, value);
			sum = count === 0 ? value : sum + value;
			count += 1;
		}
	}
	close();
	return out;
}

/** The path builder of every series; `bands` takes the band of one that is dense. */
export function paths(bands: Bands): uPlot.Series.PathBuilder {
	return (u, index, first, last) => {
		const scale = u.series[index]?.scale ?? "left";
		const { left: start, top, width, height } = u.bbox;
		const base = top + height;
		const { min: from = 0, max: to = 1 } = u.scales.x as { min?: number; max?: number };
		const { min: low = 0, max: high = 1 } = u.scales[scale] as { min?: number; max?: number };
		const perPixel = (to - from) / (width / devicePixelRatio);
		// As valToPos has it, without a call per point.
		const [across1, up1] = [width / (to - from), height / (high - low)];
		const x = (value: number) => start + (value - from) * across1;
		const y = (value: number) => base - (value - low) * up1;
		const filled = u.series[index]?.fill !== undefined;
		const [stroke, fill, band] = [new Path2D(), new Path2D(), new Path2D()];
		bands.delete(index);
		const points = { times: u.data[0], values: u.data[index] ?? [], first, last, perPixel };
		for (const run of runs(points)) {
			const across = run.x.map(x);
			const line = run.mean.map(y);
			const [left = 0, right = 0] = [across[0], across.at(-1)];
			if (across.length === 1) {
				// A point by itself between two gaps would be a line of no length.
				stroke.moveTo(left - devicePixelRatio, line[0] as number);
				stroke.lineTo(left + devicePixelRatio, line[0] as number);
			}
			trace(stroke, across, line, true);
			if (filled) {
				fill.moveTo(left, base);
				trace(fill, across, line, false);
				fill.lineTo(right, base);
				fill.closePath();
			}
			if (run.least.length === 0) continue;
			trace(band, across, run.largest.map(y), true);
			trace(band, across.toReversed(), run.least.map(y).reverse(), false);
			band.closePath();
			bands.set(index, band);
		}
		return { stroke, fill, flags: 0 };
	};
}

function trace(path: Path2D, x: readonly number[], y: readonly number[], begin: boolean): void {
	for (let i = 0; i < x.length; i++) {
		if (i === 0 && begin) path.moveTo(x[i] as number, y[i] as number);
		else path.lineTo(x[i] as number, y[i] as number);
	}
}
