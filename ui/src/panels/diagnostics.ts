// What the Diagnostics page lists, as values: Telltale's account of itself in words.
import { fixed } from "../base/locale";
import { duration, moment, SECOND, seconds } from "../base/time";
import { bytes, text } from "../base/units";
import type { Diagnostics, Fault, OwnCost, SourceStatus } from "../bindings";
import { list, t } from "../text";
import { type Fact, latency } from "./facts";
import { because } from "./state";

const count = (value: number): string => fixed(value, 0);
const milliseconds = (value: number | null): string => (value === null ? t.noFigure : text(latency(value)));
/** Percent of a core, of which it should be a small part. */
const share = (percent: number | null): string => (percent === null ? t.noFigure : `${fixed(percent, 1)}\u00a0%`);

/** A row of the table of sources, by its columns. */
interface SourceRow {
	source: string;
	well: boolean;
	state: string;
	/** The state's particulars, a sentence or two; empty where there are none. */
	detail: string;
	age: string;
	took: string;
	longest: string;
	samples: string;
	failures: string;
	busy: string;
	panics: string;
}

export function sourceRow(source: SourceStatus): SourceRow {
	const waiting = source.reason === "not_answering" && source.waiting !== null;
	const words = source.reason === null ? t.diagnostics.current : t.reasons[source.reason];
	return {
		source: source.source,
		// A kind of hardware that this machine has not is no fault.
		well: source.reason === null || source.reason === "absent",
		state: waiting ? `${words} (${duration((source.waiting ?? 0) * SECOND)})` : words,
		detail: source.detail ?? "",
		age: source.age === null ? t.noFigure : duration(source.age * SECOND),
		took: milliseconds(source.duration),
		longest: milliseconds(source.longest),
		samples: count(source.successes),
		failures: count(source.failures),
		busy: count(source.busy),
		panics: count(source.panics),
	};
}

/** A fault in words: what and why, from when to when. */
interface FaultRow {
	key: string;
	channel: string;
	from: string;
	to: string;
	why: string;
}

/** The newest first. They are kept for as long as Telltale runs, which may be days. */
export function faultRows(faults: readonly Fault[], now: number = Date.now()): FaultRow[] {
	return faults.toReversed().map((fault) => ({
		key: `${fault.channel} ${fault.from}`,
		channel: fault.channel,
		from: moment(fault.from, now),
		to: fault.to === null ? t.diagnostics.lasts : moment(fault.to, now),
		why: because(fault.reason, fault.detail),
	}));
}

/** Everything that is one figure. */
export function accountFacts({ uptime, interval, ticks, history, tasks, window, cost }: Diagnostics): Fact[] {
	const { names, help } = t.diagnostics;
	const restarts = tasks.filter((task) => task.restarts > 0);
	const facts: Fact[] = [
		{ name: names.uptime, value: duration(uptime * SECOND) },
		{ name: names.interval, value: `${seconds(interval)}\u00a0s` },
		{ name: names.ticks, value: count(ticks.done) },
		{ name: names.late, value: count(ticks.late), help: help.late },
		{ name: names.skipped, value: count(ticks.skipped), help: help.skipped },
		{ name: names.incomplete, value: count(ticks.incomplete), help: help.incomplete },
		{ name: names.longestDelay, value: milliseconds(ticks.longest_delay) },
		{ name: names.rows, value: count(history.rows) },
		{ name: names.columns, value: count(history.columns) },
		{ name: names.bytes, value: text(bytes(history.bytes)), help: help.bytes },
		{
			name: names.restarts,
			value: restarts.length === 0 ? "0" : list(restarts.map((task) => `${task.name} ${count(task.restarts)}`)),
			help: help.restarts,
		},
	];
	if (cost) {
		facts.push(
			{ name: names.cpu, value: share(cost.cpu), help: help.cpu },
			{ name: names.memory, value: cost.memory === null ? t.noFigure : text(bytes(cost.memory)), help: help.memory },
		);
	}
	if (window) {
		facts.push(
			{ name: names.eventsSent, value: count(window.events_sent) },
			{ name: names.eventsFailed, value: count(window.events_failed) },
			{ name: names.webProcess, value: count(window.web_process_restarts), help: help.webProcess },
		);
	}
	return facts;
}

/** The line at the foot of the rail; nothing before there are both figures. */
export function costLine(cost: OwnCost | null): string {
	return cost?.cpu == null || cost.memory == null ? "" : t.diagnostics.cost(share(cost.cpu), text(bytes(cost.memory)));
}
