// What a GPU was doing, as runs of one state each. A tick lengthens the last run or adds one: an hour is gone through
// only when the history itself was changed.
import { lowerBound } from "../base/scale";
import { GPU_STATES, type GpuState, type Reason } from "../bindings";
import type { History } from "./history";

/** A stretch in one state. */
export interface Run {
	/** Unix ms. */
	from: number;
	to: number;
	/** Null where it is not known: the device did not tell, or was not sampled. */
	state: GpuState | null;
	/** Why it was not sampled; null where it was. */
	reason: Reason | null;
}

/** A row of nulls that marks an interruption stands so close behind the last sample, in ms. It is no step. A sample stands for
 * the time since the one before, however long, unless there is such a mark. */
const MARK = 100;

export class StateRuns {
	readonly runs: Run[] = [];
	/** The history's, when it was gone through. */
	private epoch = -1;
	/** The row taken last, by its number since the beginning: it may be written again. */
	private taken = -1;
	private step = 0;
	/** What was before that row. */
	private before = { length: 0, to: 0, step: 0 };

	constructor(
		private readonly history: History,
		readonly channel: string,
	) {}

	/** Takes in the rows that came since the last time. */
	update(): void {
		const { history } = this;
		if (history.epoch !== this.epoch) {
			this.epoch = history.epoch;
			this.runs.length = 0;
			this.taken = history.dropped - 1;
			this.step = 0;
		} else this.undo();
		for (let row = Math.max(0, this.taken + 1 - history.dropped); row < history.rows; row++) this.take(row);
		this.taken = history.dropped + history.rows - 1;
		const oldest = history.times[0] ?? 0;
		const gone = this.runs.findIndex((run) => run.to >= oldest);
		if (gone > 0) {
			this.runs.splice(0, gone);
			this.before.length -= gone;
		}
	}

	/** The run at a time; null where there is none. */
	at(time: number): Run | null {
		const run = this.runs[firstUpTo(this.runs, time)];
		return run && run.from <= time ? run : null;
	}

	/** Takes the last row back, to take it again. */
	private undo(): void {
		if (this.taken < this.history.dropped) return;
		const { length, to, step } = this.before;
		this.runs.length = Math.max(0, length);
		const last = this.runs.at(-1);
		if (last) last.to = to;
		this.step = step;
		this.taken -= 1;
	}

	private take(row: number): void {
		const { history } = this;
		this.before = { length: this.runs.length, to: this.runs.at(-1)?.to ?? 0, step: this.step };
		const time = history.times[row] as number;
		const earlier = history.times[row - 1];
		const before = history.times[row - 2];
		if (earlier === undefined) {
			this.add(time, time, row);
			return;
		}
		const step = time - earlier;
		const from = time - (this.step || step);
		const marked = before !== undefined && earlier - before < MARK;
		if (marked && from > earlier) {
			this.push({ from: earlier, to: from, state: null, reason: this.reasonAt((earlier + from) / 2) });
			this.add(from, time, row);
			return;
		}
		this.add(earlier, time, row);
		if (step >= MARK) this.step = step;
	}

	private add(from: number, to: number, row: number): void {
		const code = this.history.figure(this.channel, "state", row);
		const state = code === null ? null : (GPU_STATES[code] ?? null);
		this.push({ from, to, state, reason: state === null ? this.reasonAt(to) : null });
	}

	private push(run: Run): void {
		const last = this.runs.at(-1);
		if (last && last.state === run.state && last.reason === run.reason) last.to = run.to;
		else this.runs.push(run);
	}

	private reasonAt(time: number): Reason | null {
		return this.history.gapAt(this.channel, time)?.reason ?? null;
	}
}

/** The place of the first run that lasts until that time or longer. */
export function firstUpTo(runs: readonly Run[], time: number): number {
	return lowerBound(runs, time, (run) => run.to);
}
