// The largest value in a window that moves along a column.
import { lowerBound } from "./scale";

/** Looks at what came since the last time, and at all of it again only when the largest value has left the window. */
export class MovingPeak {
	private most = 0;
	private at = Number.NEGATIVE_INFINITY;
	/** The window looked at last. */
	private from = Number.POSITIVE_INFINITY;
	private to = Number.NEGATIVE_INFINITY;

	/** Forgets what it saw: rows have changed. */
	reset(): void {
		this.from = Number.POSITIVE_INFINITY;
	}

	/** The largest value from one time to another, NaN skipped; 0 for none. The newest row seen may have changed upwards. */
	of(times: readonly number[], values: ArrayLike<number>, from: number, to: number): number {
		const again = from < this.from || to < this.to || this.at < from;
		if (again) [this.most, this.at] = [0, Number.NEGATIVE_INFINITY];
		const end = lowerBound(times, to + 1);
		for (let i = lowerBound(times, again ? from : this.to); i < end; i++) {
			const value = values[i] as number;
			if (!(value >= this.most)) continue;
			this.most = value;
			this.at = times[i] as number;
		}
		this.from = from;
		// What is written into the newest row later is seen too.
		this.to = Math.min(to, times[end - 1] ?? to);
		return this.most;
	}
}
