// The last hour in columns over one time axis. Live, polled and backfilled samples end in the same append, so that a
// row looks the same whichever way it came. Charts read the columns as they are: nothing is copied per tick, and what is
// only numbers the collector of garbage needs not look through.

import { lowerBound } from "../base/scale";
import { HOUR } from "../base/time";
import type { CurrentMetrics, HistoryGap, Reason } from "../bindings";
import type { Past } from "../host/host";
import { silence } from "./connection";
import { type ChannelReading, readings } from "./readings";

/** An hour at the shortest interval, half a second. */
export const MOST_ROWS = 7200;
/** As many columns as the core keeps: interfaces of containers come and go under new names. */
export const MOST_COLUMNS = 4096;
/** As in the core, interfaces get no further ones beyond these: all else keeps room. */
export const COLUMNS_BEFORE_INTERFACES = 3072;
/** A column with a figure in so many newest rows is in use, as in the core: no new name takes its place. */
const IN_USE = 8;
/** Rows are dropped from the front this many at a time, or a sixteenth of them where there are few: each array moves once in so many
 * ticks. */
const TRIM = 64;
/** Rows that a column has room for at first. */
const ROOM = 256;

/** GPUs as a whole, where none is known. */
const GPUS = "system/gpu";
const NETWORK = "system/network";

/** The columns of a channel, by field: names as they come, so that a tick puts none together. */
type Fields = Map<string, Column>;

interface Column {
	/** A figure for each row, NaN where there is none, and as far as there is room for rows to come. */
	values: Float64Array;
	/** When it last had a figure, to drop the columns of devices that are gone. */
	seen: number;
	/** Where it stands. */
	readonly fields: Fields;
	readonly field: string;
}

/** What became of a batch. `jump`: the clock went back or rows are missing, so history has to be asked again. */
type Outcome = "appended" | "filled" | "ignored" | "jump";

/** Whether a gap is a channel's: that of `system/gpu`, where no GPU is known, is every GPU's. */
export function concerns(gap: HistoryGap, channel: string): boolean {
	return gap.channel === channel || (gap.channel === GPUS && channel.startsWith(`${GPUS}/`));
}

export class History {
	/** Unix ms of each row, rising. */
	readonly times: number[] = [];
	columns: Column[] = [];
	/** The same by channel. */
	private readonly channels = new Map<string, Fields>();
	/** The row, by its number since the beginning, for which all columns were found in use: it gets no further ones. */
	private full = -1;
	/** By start. `to` is null while a gap lasts. */
	gaps: HistoryGap[] = [];
	/** Rises when rows were changed other than by an append or in the last row: what was derived from them is void. */
	epoch = 0;
	/** Rows dropped from the front since the beginning: an index plus this names a row for good. */
	dropped = 0;
	/** Rows that each column has room for. */
	private room = ROOM;
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

	/** A column's values, a figure or NaN for each row (there is room for more), or undefined where there was never such a figure. */
	values(channel: string, field: string): Float64Array | undefined {
		return this.channels.get(channel)?.get(field)?.values;
	}

	/** A figure of a row; null where it has none. */
	figure(channel: string, field: string, row: number): number | null {
		const value = this.values(channel, field)?.[row] ?? Number.NaN;
		return Number.isNaN(value) ? null : value;
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
	merge(answer: Past, whole = false): void {
		const first = answer.timestamps[0];
		const end = answer.timestamps.at(-1);
		if (first === undefined || end === undefined) {
			this.mergeGaps(answer.gaps, null);
			return;
		}
		const tailAt = lowerBound(this.times, end + 1);
		const tailTimes = this.times.slice(tailAt);
		const tails = new Map(this.columns.map((column) => [column, column.values.slice(tailAt, this.rows)]));
		// Its last row may still have been sampled when it was put together, and that row's batch have come before it.
		const twice = this.times[tailAt - 1] === end;
		const own = twice ? this.columns.map((column) => [column, column.values[tailAt - 1] as number] as const) : [];
		const from = whole ? Number.NEGATIVE_INFINITY : first;
		this.cutFrom(from);
		const came = answer.series.map(({ channel, field, values }) => [this.column(channel, field), values] as const);
		this.extend(answer.timestamps, new Map(came));
		for (const [column, value] of own) {
			const row = this.rows - 1;
			if (Number.isNaN(column.values[row])) column.values[row] = value;
		}
		this.extend(tailTimes, tails);
		this.mergeGaps(answer.gaps, from);
		this.epoch += 1;
		this.trim();
		const over = this.columns.length - MOST_COLUMNS;
		if (over > 0) this.forget([...this.columns].sort((a, b) => a.seen - b.seen).slice(0, over));
	}

	/** Whether a moment (Unix ms) is older than what is kept, and not just from before the core's start. */
	isForgotten(time: number): boolean {
		return time < (this.times[0] ?? time) && time < (this.last ?? time) - HOUR;
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
			if (fresh) this.fill(reading, row);
			if (fresh || before === undefined) this.sampled.set(reading.channel, reading.timestamp);
		}
		const told = new Set<string>();
		for (const { channel, reason } of batch.channels) {
			// It would be a gap of each: there is none while another driver knows any.
			this.note(channel, row, channel === GPUS && batch.gpu.length > 0 ? null : reason);
			told.add(channel);
		}
		// There is no word for GPUs as a whole once one of them has its own, and none for one that is not there any more.
		const over = this.gaps.filter((gap) => gap.to === null && !told.has(gap.channel));
		for (const { channel } of over) this.note(channel, row, null);
	}

	/** What a sample says, in a row. What it lacks takes nothing away that an earlier one of the same tick had. */
	private fill({ channel, each }: ChannelReading, row: number): void {
		const fields = this.fields(channel);
		const time = this.times[row] as number;
		each((field, value) => {
			if (value === null) return;
			const column = fields.get(field) ?? this.another(fields, field);
			if (!column) return;
			column.values[row] = value;
			column.seen = time;
		});
	}

	/** Notes whether a channel is current, as the core does: a gap lasts until it is, a new reason begins another, and to start is
	 * none. A device that is lost or asleep is sampled all the same, without a figure. */
	private note(channel: string, row: number, said: Reason | null): void {
		const reason = said === "starting" ? null : said;
		const open = this.gaps.findLast((gap) => gap.to === null && gap.channel === channel);
		if ((open?.reason ?? null) === reason) return;
		const time = this.times[row] as number;
		const before = this.times[row - 1] ?? time;
		if (open) open.to = Math.max(open.from, reason === null ? time : before);
		if (reason !== null) this.gaps.push({ channel, from: before, to: null, reason });
	}

	/** The core's gaps from a time on replace those noticed here. */
	private mergeGaps(gaps: readonly HistoryGap[], from: number | null): void {
		const kept = from === null ? this.gaps : this.gaps.filter((gap) => gap.to !== null && gap.to < from);
		const known = new Set(kept.map((gap) => `${gap.channel} ${gap.from}`));
		const fresh = gaps.filter((gap) => !known.has(`${gap.channel} ${gap.from}`)).map((gap) => ({ ...gap }));
		this.gaps = [...kept, ...fresh].sort((a, b) => a.from - b.from);
	}

	private fields(channel: string): Fields {
		let fields = this.channels.get(channel);
		if (!fields) {
			fields = new Map();
			this.channels.set(channel, fields);
		}
		return fields;
	}

	private column(channel: string, field: string): Column {
		const fields = this.fields(channel);
		return fields.get(field) ?? this.add(fields, field);
	}

	/** A further column for the newest row, where there is room or the one longest without a figure makes room: of interfaces, for one of
	 * an interface. */
	private another(fields: Fields, field: string): Column | null {
		const { columns } = this;
		const ofNetwork = fields === this.channels.get(NETWORK);
		const most = ofNetwork ? COLUMNS_BEFORE_INTERFACES : MOST_COLUMNS;
		if (columns.length >= most) {
			const row = this.dropped + this.rows;
			if (this.full === row) return null;
			let at = -1;
			for (const [i, column] of columns.entries())
				if ((!ofNetwork || column.fields === fields) && column.seen < (columns[at]?.seen ?? Number.POSITIVE_INFINITY))
					at = i;
			const oldest = columns[at];
			if (!oldest || oldest.seen >= (this.times[this.rows - 1 - IN_USE] ?? Number.NEGATIVE_INFINITY)) {
				this.full = row;
				return null;
			}
			oldest.fields.delete(oldest.field);
			columns[at] = columns.at(-1) as Column;
			columns.pop();
		}
		return this.add(fields, field);
	}

	private add(fields: Fields, field: string): Column {
		const column = { values: this.blank(), seen: this.last ?? 0, fields, field };
		fields.set(field, column);
		this.columns.push(column);
		return column;
	}

	private forget(columns: readonly Column[]): void {
		if (columns.length === 0) return;
		const gone = new Set(columns);
		for (const { fields, field } of gone) fields.delete(field);
		this.columns = this.columns.filter((column) => !gone.has(column));
	}

	private pushRow(time: number): void {
		this.times.push(time);
		this.makeRoom();
	}

	/** Appends rows at once, with their figures of some columns; the others have none there. */
	private extend(times: readonly number[], figures: ReadonlyMap<Column, Float64Array>): void {
		const at = this.rows;
		for (const time of times) this.times.push(time);
		this.makeRoom();
		for (const [column, values] of figures) {
			column.values.set(values, at);
			const last = values.findLastIndex((value) => !Number.isNaN(value));
			if (last >= 0) column.seen = Math.max(column.seen, times[last] as number);
		}
	}

	private blank(): Float64Array {
		return new Float64Array(this.room).fill(Number.NaN);
	}

	private makeRoom(): void {
		if (this.rows <= this.room) return;
		// Not twice as many: of an hour that was asked for, few more rows are kept than came at once.
		const more = Math.max(this.rows + 2 * TRIM, Math.ceil(1.25 * this.room));
		this.room = Math.max(this.rows, Math.min(more, MOST_ROWS + TRIM));
		for (const column of this.columns) {
			const values = this.blank();
			values.set(column.values);
			column.values = values;
		}
	}

	/** Drops the rows from that time on. */
	private cutFrom(time: number): void {
		const at = lowerBound(this.times, time);
		if (at === this.rows) return;
		for (const column of this.columns) {
			column.values.fill(Number.NaN, at, this.rows);
			// Of a clock that was ahead.
			column.seen = Math.min(column.seen, time);
		}
		this.times.length = at;
		this.epoch += 1;
	}

	/** Keeps an hour and at most so many rows, and no column without a figure in it. */
	private trim(): void {
		const oldest = (this.last ?? 0) - HOUR;
		const old = Math.max(lowerBound(this.times, oldest), this.rows - MOST_ROWS);
		if (old < Math.max(1, Math.min(TRIM, this.rows >> 4))) return;
		this.times.splice(0, old);
		this.dropped += old;
		for (const { values } of this.columns) {
			values.copyWithin(0, old);
			values.fill(Number.NaN, this.rows, this.rows + old);
		}
		this.forget(this.columns.filter((column) => column.seen < oldest));
		this.gaps = this.gaps.filter((gap) => gap.to === null || gap.to >= oldest);
	}
}
