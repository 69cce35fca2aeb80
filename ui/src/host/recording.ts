// A recorded `telltale-agent watch` as ticks and columns. Lines are NDJSON, one per channel and tick; a line
// `{"channel":"dev/info", …}` of an invented recording carries the machine's description and the faults to show.
import { figures } from "../base/fields";
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
			figures(line, (field, value) => {
				const key = `${line.channel} ${field}`;
				let column = columns.get(key);
				if (!column) {
					column = { channel: line.channel, field, values: new Array(ticks.length).fill(null) };
					columns.set(key, column);
				}
				column.values[row] = value;
			});
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
