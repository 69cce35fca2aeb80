// A recorded `telltale-agent watch` as ticks and columns. Lines are NDJSON, one per channel and tick; a line
// `{"channel":"dev/info", …}` of an invented recording carries the machine's description and the faults to show.
import type { HistoryGap, Reason, SystemInfo } from "../bindings";

/** One line: a channel's payload with its time in milliseconds. */
export interface Line {
	channel: string;
	timestamp: number;
	[field: string]: unknown;
}

export interface Columns {
	channel: string;
	field: string;
	values: (number | null)[];
}

export interface Recording {
	interval: number;
	times: number[];
	ticks: Map<string, Line>[];
	columns: Map<string, Columns>;
	gaps: HistoryGap[];
	info: SystemInfo;
	/** Channels that do not answer any more, and why. */
	stale: Record<string, { reason: Reason; detail: string | null }>;
	/** Made up by dev/invent.mjs, not measured. */
	invented: boolean;
}

const NOTHING_KNOWN: SystemInfo = {
	host_name: "recording",
	os: null,
	kernel: null,
	cpu_model: null,
	cpu_cores: null,
	cpu_threads: null,
	memory_total: null,
	boot_time: null,
	gpus: [],
	gpu_missing: null,
	version: "0",
	notices: [],
};

/** The figures of a payload by their history field, as the core names them. */
function* fields(line: Line): Generator<[string, number | null]> {
	const lists: Record<string, string> = { devices: "name", interfaces: "name" };
	for (const [name, value] of Object.entries(line)) {
		if (name === "timestamp" || name === "index" || name === "core_ids") continue;
		if (typeof value === "number" || value === null) yield [name, value];
		else if (name === "per_core") {
			const ids = line.core_ids as number[] | undefined;
			for (const [at, share] of (value as (number | null)[]).entries()) yield [`per_core/${ids?.[at] ?? at}`, share];
		} else if (name in lists) {
			for (const part of value as Record<string, number | null>[]) {
				for (const [key, figure] of Object.entries(part)) {
					if (typeof figure === "number" || figure === null) yield [`${name}/${part.name}/${key}`, figure];
				}
			}
		}
	}
}

/** Milliseconds from either form of time. */
function milliseconds(time: unknown): number {
	return typeof time === "string" ? Date.parse(time) : Number(time);
}

/** Reads a whole recording. Lines of one tick stand together: a channel that comes again begins the next. */
export function parse(text: string): Recording {
	const ticks: Map<string, Line>[] = [];
	let extra: Partial<Recording> = {};
	for (const raw of text.split("\n")) {
		if (!raw.trim()) continue;
		const line = JSON.parse(raw) as Line;
		if (line.channel === "dev/info") {
			extra = line as unknown as Partial<Recording>;
			continue;
		}
		line.timestamp = milliseconds(line.timestamp);
		let tick = ticks.at(-1);
		const first = tick?.values().next().value as Line | undefined;
		const late = first !== undefined && line.timestamp - first.timestamp > 250;
		if (!tick || late || tick.has(line.channel)) {
			tick = new Map();
			ticks.push(tick);
		}
		tick.set(line.channel, line);
	}
	const times = ticks.map((tick) => (tick.values().next().value as Line).timestamp);
	const columns = new Map<string, Columns>();
	for (const [row, tick] of ticks.entries()) {
		for (const line of tick.values()) {
			for (const [field, value] of fields(line)) {
				const key = `${line.channel} ${field}`;
				let column = columns.get(key);
				if (!column) {
					column = { channel: line.channel, field, values: new Array(ticks.length).fill(null) };
					columns.set(key, column);
				}
				column.values[row] = value;
			}
		}
	}
	const steps = times.slice(1).map((time, at) => time - (times[at] as number));
	const middle = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 2000;
	return {
		interval: Math.max(0.5, Math.round(middle / 100) / 10),
		times,
		ticks,
		columns,
		gaps: extra.gaps ?? [],
		info: { ...NOTHING_KNOWN, ...extra.info },
		stale: extra.stale ?? {},
		invented: extra.invented ?? false,
	};
}
