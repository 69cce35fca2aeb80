// A column as the stretches that a line is drawn through. Where there are more samples than pixels: the mean of each
// pixel's stretch of time as the line, and from its least to its largest value a band around it, so that a peak of one
// sample stays visible in an hour. Reads the columns as they are.

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
	/** NaN where there is none. */
	values: ArrayLike<number>;
	first: number;
	last: number;
	/** Of the axis, for each pixel. */
	perPixel: number;
	/** Whether there are more samples than pixels, by `isDense`: a part is drawn as the whole is. */
	dense: boolean;
}

/** Whether the rows from one index to another stand closer than a pixel. */
export function isDense(times: ArrayLike<number>, first: number, last: number, perPixel: number): boolean {
	return last > first && ((times[last] as number) - (times[first] as number)) / (last - first) < perPixel;
}

/** The runs between gaps: each point by itself, or each pixel's worth of them where they are denser. */
export function runs({ times, values, first, last, perPixel, dense }: Points): Run[] {
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
		const value = values[i] as number;
		const time = times[i] as number;
		if (Number.isNaN(value)) {
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
