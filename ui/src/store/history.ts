// The last hour in columns over one time axis. Live, polled and backfilled samples end in the same append, so that a
// row looks the same whichever way it came. Charts read the arrays as they are: nothing is copied per tick.

import { lowerBound } from "../base/scale";
import { HOUR } from "../base/time";
import type { CurrentMetrics, HistoryGap, MetricsHistory, Reason } from "../bindings";
import { silence } from "./connection";
import { readings } from "./readings";

/** An hour at the shortest interval, half a second. */
export const MOST_ROWS = 7200;
/** Rows are dropped from the front this many at a time: each array moves once in so many ticks. */
const TRIM = 64;

export interface Column {
	values: (number | null)[];
	/** When it last had a figure, to drop the columns of devices that are gone. */
	seen: number;
}

/** What became of a batch. `jump`: the clock went back or rows are missing, so history has to be asked again. */
export type Outcome = "appended" | "filled" | "ignored" | "jump";

/** Whether a gap is a channel's: that of `system/gpu`, where no GPU is known, is every GPU's. */
export function concerns(gap: HistoryGap, channel: string): boolean {
	return gap.channel === channel || (gap.channel === "system/gpu" && channel.startsWith("system/gpu/"));
}

export class History {
	/** Unix ms of each row, rising. */
	readonly times: number[] = [];
	columns: Column[] = [];
	/** The same by channel, then by field: names as they come, so that a tick puts none together. */
	private readonly channels = new Map<string, Map<string, Column>>();
	/** By start. `to` is null while a gap lasts. */
	gaps: HistoryGap[] = [];
	/** Rises when rows were changed other than by an append or in the last row: what was derived from them is void. */
	epoch = 0;
	/** Rows dropped from the front since the beginning: an index plus this names a row for good. */
	dropped = 0;
	private tick: number | null = null;
	/** The longest interval, in s, that batches named since the last row came. */
	private interval = 0;
	/** The time of the last sample stored, per channel: a batch repeats the last sample of a channel that is stale. */
	private readonly sampled = new Map<string, number>();

	get rows(): number {
		return this.times.length;
	}

	get last(): number | null {
		return this.times.at(-1) ?? null;
	}

	/** A column's values, or undefined where there was never such a figure. */
	values(channel: string, field: string): readonly (number | null)[] | undefined {
		return this.channels.get(channel)?.get(field)?.values;
	}

	/** Takes in a batch, live or polled. A jump is reported, and the batch still becomes a row after a break. */
	append(batch: CurrentMetrics): Outcome {
		const last = this.last;
		if (last !== null && batch.timestamp === last) {
			this.tick = batch.tick;
			this.interval = Math.max(this.interval, batch.interval);
			this.write(batch, this.rows - 1);
			return "filled";
		}
		if (this.tick !== null && batch.tick <= this.tick && !this.restarted(batch)) return "ignored";
		this.tick = batch.tick;
		// The step to the first row at a shorter interval may still be a long one.
		const interval = Math.max(this.interval, batch.interval);
		this.interval = batch.interval;
		if (last === null) {
			this.pushRow(batch.timestamp);
			this.write(batch, 0);
			return "appended";
		}
		const backwards = batch.timestamp < last;
		const jump = backwards || batch.timestamp - last > silence(interval);
		if (backwards) this.cutFrom(batch.timestamp);
		const before = this.last;
		if (jump && before !== null) this.pushRow(before + 1);
		this.pushRow(batch.timestamp);
		this.write(batch, this.rows - 1);
		this.trim();
		return jump ? "jump" : "appended";
	}

	/** Ticks count from the core's start: a lower number with a later time is a core that started anew. */
	private restarted(batch: CurrentMetrics): boolean {
		return this.last !== null && this.tick !== null && batch.tick < this.tick && batch.timestamp > this.last;
	}

	/** Replaces what is here from the answer's first row on, and keeps newer rows that came while it was asked for. `whole`: the
	 * answer is all that the core has, and what is older than that goes too. */
	merge(answer: MetricsHistory, whole = false): void {
		const first = answer.timestamps[0];
		const end = answer.timestamps.at(-1);
		if (first === undefined || end === undefined) {
			this.mergeGaps(answer.gaps, null);
			return;
		}
		const tailAt = lowerBound(this.times, end + 1);
		const tailTimes = this.times.slice(tailAt);
		const tails = new Map(this.columns.map((column) => [column, column.values.slice(tailAt)]));
		const from = whole ? Number.NEGATIVE_INFINITY : first;
		this.cutFrom(from);
		const came = answer.series.map(({ channel, field, values }) => [this.column(channel, field), values] as const);
		this.extend(answer.timestamps, new Map(came));
		this.extend(tailTimes, tails);
		this.mergeGaps(answer.gaps, from);
		this.epoch += 1;
		this.trim();
	}

	/** Forgets everything, for a new start. */
	clear(): void {
		this.cutFrom(Number.NEGATIVE_INFINITY);
		this.gaps = [];
		this.columns = [];
		this.channels.clear();
		this.sampled.clear();
		this.tick = null;
		this.epoch += 1;
	}

	/** The gap that a channel has at a time, if any. */
	gapAt(channel: string, time: number): HistoryGap | null {
		for (let i = this.gaps.length - 1; i >= 0; i--) {
			const gap = this.gaps[i] as HistoryGap;
			if (concerns(gap, channel) && gap.from <= time && (gap.to === null || time <= gap.to)) return gap;
		}
		return null;
	}

	private write(batch: CurrentMetrics, row: number): void {
		for (const reading of readings(batch)) {
			const before = this.sampled.get(reading.channel);
			const fresh = before === undefined ? reading.reason === null : reading.timestamp !== before;
			if (fresh) {
				this.sampled.set(reading.channel, reading.timestamp);
				if (reading.reason === null) this.closeGap(reading.channel, batch.timestamp);
				reading.each((field, value) => this.set(this.column(reading.channel, field), row, value));
			} else if (before === undefined) {
				this.sampled.set(reading.channel, reading.timestamp);
			}
			// A device that is lost or asleep is sampled all the same, without a figure.
			if (reading.reason !== null) this.openGap(reading.channel, row, reading.reason);
		}
	}

	private openGap(channel: string, row: number, reason: Reason): void {
		const from = this.times[row - 1] ?? (this.times[row] as number);
		const open = this.gaps.findLast((gap) => gap.channel === channel);
		if (open && open.to === null) {
			if (open.reason === reason) return;
			open.to = Math.max(open.from, from);
		}
		this.gaps.push({ channel, from, to: null, reason });
	}

	private closeGap(channel: string, time: number): void {
		const open = this.gaps.findLast((gap) => gap.channel === channel);
		if (open && open.to === null) open.to = time;
	}

	/** The core's gaps from a time on replace those noticed here. */
	private mergeGaps(gaps: readonly HistoryGap[], from: number | null): void {
		const kept = from === null ? this.gaps : this.gaps.filter((gap) => gap.to !== null && gap.to < from);
		const known = new Set(kept.map((gap) => `${gap.channel} ${gap.from}`));
		const fresh = gaps.filter((gap) => !known.has(`${gap.channel} ${gap.from}`)).map((gap) => ({ ...gap }));
		this.gaps = [...kept, ...fresh].sort((a, b) => a.from - b.from);
	}

	private column(channel: string, field: string): Column {
		let fields = this.channels.get(channel);
		if (!fields) {
			fields = new Map();
			this.channels.set(channel, fields);
		}
		let column = fields.get(field);
		if (!column) {
			column = { values: new Array<number | null>(this.rows).fill(null), seen: this.last ?? 0 };
			fields.set(field, column);
			this.columns.push(column);
		}
		return column;
	}

	private set(column: Column, row: number, value: number | null): void {
		column.values[row] = value;
		if (value !== null) column.seen = Math.max(column.seen, this.times[row] as number);
	}

	private pushRow(time: number): void {
		this.times.push(time);
		for (const column of this.columns) column.values.push(null);
	}

	/** Appends rows at once, with their figures of some columns; the others have none there. */
	private extend(times: readonly number[], figures: ReadonlyMap<Column, readonly (number | null)[]>): void {
		for (const time of times) this.times.push(time);
		for (const column of this.columns) {
			const values = figures.get(column) ?? [];
			// Copied as one: `push(...values)` takes five times as long.
			column.values = column.values.concat(values);
			while (column.values.length < this.rows) column.values.push(null);
			const last = values.findLastIndex((value) => value !== null);
			if (last >= 0) column.seen = Math.max(column.seen, times[last] as number);
		}
	}

	/** Drops the rows from that time on. */
	private cutFrom(time: number): void {
		const at = lowerBound(this.times, time);
		if (at === this.rows) return;
		this.times.length = at;
		for (const column of this.columns) column.values.length = at;
		this.epoch += 1;
	}

	/** Keeps an hour and at most so many rows, and no column without a figure in it. */
	private trim(): void {
		const oldest = (this.last ?? 0) - HOUR;
		const old = Math.max(lowerBound(this.times, oldest), this.rows - MOST_ROWS);
		if (old < TRIM) return;
		this.times.splice(0, old);
		this.dropped += old;
		for (const column of this.columns) column.values.splice(0, old);
		for (const fields of this.channels.values())
			for (const [field, { seen }] of fields) if (seen < oldest) fields.delete(field);
		this.columns = this.columns.filter((column) => column.seen >= oldest);
		this.gaps = this.gaps.filter((gap) => gap.to === null || gap.to >= oldest);
	}
}
