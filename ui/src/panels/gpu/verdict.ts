// A verdict in words: the headline, what it rests on, and what was found besides. Kinds and numbers come from the core.
import { fixed } from "../../base/locale";
import { duration, SECOND } from "../../base/time";
import { bytes, capacity, percent, type TemperatureUnit, temperature, text, watts } from "../../base/units";
import type { Finding, GpuVerdict } from "../../bindings";
import { clauses, sentence, t } from "../../text";
import { link } from "./figures";

export interface Words {
	headline: string;
	/** Sentences. */
	evidence: string[];
	/** Whether something is wrong, or slow, or not: how the box looks. */
	tone: "calm" | "held" | "bad";
}

const share = (value: number) => text(percent(value));
const time = (seconds: number) => duration(seconds * SECOND);

/** `words` of a figure, or nothing where it is missing. */
const of = (value: number | null, words: (value: string) => string, format = share) =>
	value === null ? [] : [words(format(value))];

/** Power and clocks, out of what they could be. */
function pace(finding: {
	power_draw: number | null;
	power_limit?: number | null;
	sm_clock: number | null;
	sm_clock_max: number | null;
}): string[] {
	const { power_draw: power, power_limit: limit, sm_clock: now, sm_clock_max: most } = finding;
	const out: string[] = [];
	if (power !== null)
		out.push(limit == null ? text(watts(power)) : t.verdict.powerOf(text(watts(power)), text(watts(limit))));
	if (now !== null && most !== null)
		out.push(t.verdict.clocksOf(fixed(now, 0), text({ value: fixed(most, 0), unit: "MHz" })));
	return out;
}

/** What a finding rests on, as parts of one sentence. */
function grounds(finding: Finding, unit: TemperatureUnit): string[] {
	const { verdict } = t;
	switch (finding.kind) {
		case "held_back": {
			const hot = finding.by === "software_thermal" || finding.by === "hardware_thermal";
			const heat = hot ? of(finding.temperature, verdict.upTo, (value) => text(temperature(value, unit))) : [];
			return [...heat, ...pace(finding)];
		}
		case "waiting_for_data":
			return [
				verdict.gpuAt(share(finding.utilization)),
				...of(finding.disk_busy, verdict.diskBusy),
				...of(finding.io_pressure, verdict.ioPressure),
			];
		case "waiting_for_cpu":
			return [
				verdict.gpuAt(share(finding.utilization)),
				...of(finding.busiest_core, verdict.busiestCore),
				...of(finding.cpu_utilization, verdict.allCores),
				...of(finding.cpu_pressure, verdict.cpuPressure),
			];
		case "possibly_hung":
			return [
				verdict.gpuAt(share(finding.utilization)),
				verdict.powerOf(text(watts(finding.power_draw)), text(watts(finding.power_limit))),
			];
		case "slow_link": {
			const now = link(finding.generation, finding.width);
			const most = link(finding.generation_max, finding.width_max);
			return [verdict.gpuAt(share(finding.utilization)), ...(now && most ? [t.details.linkOf(now, most)] : [])];
		}
		case "memory_nearly_full":
			return [verdict.memoryOf(text(bytes(finding.memory_used)), text(capacity(finding.memory_total)))];
		case "running_free":
			return [...of(finding.utilization, verdict.gpuAt), ...pace(finding)];
		case "untold":
			return of(finding.utilization, verdict.gpuAt);
		case "not_enough_data":
		case "unavailable":
		case "idle":
			return [];
	}
}

/** What it comes down to, of so many seconds sampled. */
function title(finding: Finding, sampled: number): string {
	const { verdict } = t;
	const whole = time(sampled);
	switch (finding.kind) {
		case "held_back":
			return verdict.heldBack[finding.by](share(finding.percent), whole);
		case "waiting_for_data":
			return verdict.waitingForData(share(finding.percent), whole);
		case "waiting_for_cpu":
			return verdict.waitingForCpu(share(finding.percent), whole);
		case "possibly_hung":
			return verdict.possiblyHung(time(finding.seconds));
		case "slow_link":
			return verdict.slowLink(share(finding.percent), whole);
		case "memory_nearly_full":
			return verdict.memoryNearlyFull(share(finding.percent), whole);
		case "idle":
			return verdict.heldBack.idle(share(finding.percent), whole);
		case "running_free":
			return verdict.heldBack.running_free(share(finding.percent), whole);
		case "untold":
			return verdict.untold(share(finding.percent), whole);
		case "not_enough_data":
			return verdict.notEnoughData;
		case "unavailable":
			return verdict.unavailable(t.reasons[finding.reason]);
	}
}

/** What may help; empty where there is nothing to do. */
function advice(finding: Finding): string {
	const { advice } = t.verdict;
	if (finding.kind === "held_back") return advice[finding.by] ?? "";
	return advice[finding.kind] ?? "";
}

/** How the machine was meanwhile, where the headline does not say it itself. */
function meanwhile({ headline, machine }: GpuVerdict): string[] {
	if (headline.kind !== "held_back" && headline.kind !== "running_free" && headline.kind !== "idle") return [];
	const { verdict } = t;
	const parts = [
		...of(machine.disk_busy, verdict.diskBusy),
		...of(machine.io_pressure, verdict.ioPressure),
		...of(machine.busiest_core, verdict.busiestCore),
	];
	return parts.length === 0 ? [] : [verdict.meanwhile(clauses(parts))];
}

/** Parts as one sentence; empty of nothing. */
function told(parts: readonly string[]): string {
	const joined = clauses(parts);
	return joined && sentence(`${joined.charAt(0).toUpperCase()}${joined.slice(1)}`);
}

export function words(verdict: GpuVerdict, unit: TemperatureUnit): Words {
	const { headline, sampled, also, unsampled } = verdict;
	const besides = also.map((one) => sentence(clauses([title(one, sampled), ...grounds(one, unit)])));
	const gaps = headline.kind === "unavailable" ? [] : unsampled.filter((gap) => gap.seconds >= 1);
	const evidence = [
		told(grounds(headline, unit)),
		advice(headline),
		...besides,
		...meanwhile(verdict),
		...gaps.map((gap) => t.verdict.unsampled(time(gap.seconds), t.reasons[gap.reason])),
	];
	const tone = { held_back: "held", waiting_for_data: "held", waiting_for_cpu: "held", possibly_hung: "bad" }[
		headline.kind as string
	] as Words["tone"] | undefined;
	return { headline: title(headline, sampled), evidence: evidence.filter(Boolean), tone: tone ?? "calm" };
}
