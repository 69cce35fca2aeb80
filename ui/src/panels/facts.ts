// The list of figures and facts at the foot of a device's page, as values.
import { fixed } from "../base/locale";
import { dateTime, duration } from "../base/time";
import { brief, bytes, capacity, percent, type Quantity, rate, scaledRate, temperature, text } from "../base/units";
import type { ClockLimit, CurrentMetrics, Reason, Settings, SystemInfo } from "../bindings";
import { list, t } from "../text";

export interface Fact {
	name: string;
	value: string;
	/** What it means and its name where it comes from, in a sentence. */
	help?: string | undefined;
}

/** What facts are made from. */
export interface Known {
	batch: CurrentMetrics | null;
	info: SystemInfo | null;
	settings: Settings | null;
}

/** 2,310 MHz; 5.1 GHz. */
export const clock = (megahertz: number): Quantity =>
	megahertz >= 1000 ? { value: fixed(megahertz / 1000, 1), unit: "GHz" } : { value: fixed(megahertz, 0), unit: "MHz" };
/** Bits per second as links are called: 2.5 Gbit/s, 10 Gbit/s. */
export const linkSpeed = (bits: number): Quantity => {
	const { amount, unit } = scaledRate(bits / 8, bits / 8, "bits");
	return { value: brief(amount), unit };
};
/** Seconds as milliseconds: 0.03 ms, 2.5 ms, 12 ms. A little is not 0. */
export const latency = (seconds: number): Quantity => {
	const figure = seconds * 1000;
	const decimals = figure === 0 || figure >= 9.95 ? 0 : figure < 0.095 ? 2 : 1;
	const value = figure > 0 && figure < 0.005 ? `<\u00a0${fixed(0.01, 2)}` : fixed(figure, decimals);
	return { value, unit: t.milliseconds };
};
/** Things per second. */
export function frequency(value: number): string {
	if (value > 0 && value < 0.05) return t.perSecond(`<\u00a0${fixed(0.1, 1)}`);
	return t.perSecond(fixed(value, value > 0 && value < 10 ? 1 : 0));
}

export function heldBack(limits: readonly ClockLimit[]): string {
	const words = (limit: ClockLimit) => (limit === "idle" ? t.clockLimits.idle : t.states[limit]);
	return limits.length === 0 ? t.clockLimits.none : list(limits.map(words));
}

/** Collects facts. A figure that is missing says why, where a reason is given; a plain fact that is not known is left out. */
class List {
	readonly facts: Fact[] = [];

	constructor(private readonly missing: { [field in string]: Reason } = {}) {}

	fact(name: string, help: string, value: string | number | null | undefined): this {
		if (value != null && value !== "") this.facts.push({ name, help, value: String(value) });
		return this;
	}

	figure<Value extends number | string>(
		name: string,
		help: string,
		field: string,
		value: Value | null | undefined,
		words: (value: Value) => Quantity | string,
	): this {
		const reason = this.missing[field];
		if (value != null) {
			const said = words(value);
			this.facts.push({ name, help, value: typeof said === "string" ? said : text(said) });
		} else if (reason) this.facts.push({ name, help, value: `${t.noFigure} ${t.reasons[reason]}` });
		return this;
	}
}

function cpuFacts({ batch, info, settings }: Known): List {
	const cpu = batch?.cpu;
	const clocks = cpu?.core_clocks.filter((one) => one !== null) ?? [];
	const mean = clocks.length > 0 ? clocks.reduce((sum, one) => sum + one, 0) / clocks.length : null;
	const load = [cpu?.load_1, cpu?.load_5, cpu?.load_15].map((one) => (one == null ? t.noFigure : fixed(one, 2)));
	return new List(cpu?.missing)
		.fact(t.facts.model, t.help.model, info?.cpu_model)
		.fact(t.facts.physicalCores, t.help.physicalCores, info?.cpu_cores)
		.fact(t.facts.threads, t.help.threads, info?.cpu_threads)
		.figure(t.facts.clock, t.help.clock, "core_clocks", mean, (value) =>
			t.clocks(text(clock(value)), text(clock(Math.max(...clocks)))),
		)
		.figure(t.facts.load, t.help.load, "load_1", cpu?.load_1, () => load.join("   "))
		.figure(t.facts.temperature, t.help.cpuTemperature, "temperature", cpu?.temperature, (value) =>
			temperature(value, settings?.temperature_unit ?? "celsius"),
		)
		.figure(t.facts.pressure, t.help.pressureSome, "pressure_some", cpu?.pressure_some, percent)
		.fact(t.facts.kernel, t.help.kernel, info?.kernel)
		.fact(t.facts.os, t.help.os, info?.os)
		.fact(t.facts.started, t.help.up, info?.boot_time == null ? null : dateTime(info.boot_time))
		.fact(t.facts.up, t.help.up, info?.boot_time == null || !batch ? null : duration(batch.timestamp - info.boot_time));
}

function memoryFacts({ batch }: Known): List {
	const memory = batch?.memory;
	const { facts, help } = t;
	return new List(memory?.missing)
		.figure(facts.installed, help.installed, "ram_total", memory?.ram_total, capacity)
		.figure(t.used, help.ramUsed, "ram_used", memory?.ram_used, bytes)
		.figure(facts.available, help.available, "ram_available", memory?.ram_available, bytes)
		.figure(facts.free, help.free, "ram_free", memory?.ram_free, bytes)
		.figure(facts.buffers, help.buffers, "buffers", memory?.buffers, bytes)
		.figure(facts.cached, help.cached, "cached", memory?.cached, bytes)
		.figure(facts.shared, help.shared, "shared", memory?.shared, bytes)
		.figure(t.swap, help.swapUsed, "swap_total", memory?.swap_total, (total) =>
			total === 0 ? t.noSwap : `${text(bytes(memory?.swap_used ?? 0))} ${t.of(text(capacity(total)))}`,
		)
		.figure(facts.swapIn, help.swapRate, "swap_in_rate", memory?.swap_in_rate, rate)
		.figure(facts.swapOut, help.swapRate, "swap_out_rate", memory?.swap_out_rate, rate)
		.figure(facts.zram, help.zram, "zram_used", memory?.zram_used, bytes)
		.figure(facts.pressure, help.pressureSome, "pressure_some", memory?.pressure_some, percent)
		.figure(facts.pressureAll, help.pressureFull, "pressure_full", memory?.pressure_full, percent);
}

function diskFacts(name: string, { batch }: Known): List {
	const disk = batch?.disk?.devices.find((one) => one.name === name);
	const { facts, help } = t;
	const path = (field: string) => `devices/${name}/${field}`;
	return new List(batch?.disk?.missing)
		.figure(facts.model, help.diskModel, path("model"), disk?.model, String)
		.figure(facts.size, help.size, path("size"), disk?.size, capacity)
		.figure(t.busy, help.busy, path("busy"), disk?.busy, percent)
		.figure(t.latency, help.latency, path("latency"), disk?.latency, latency)
		.figure(facts.readOps, help.ops, path("read_ops"), disk?.read_ops, frequency)
		.figure(facts.writeOps, help.ops, path("write_ops"), disk?.write_ops, frequency)
		.figure(facts.pressure, help.pressureSome, "pressure_some", batch?.disk?.pressure_some, percent)
		.figure(facts.pressureAll, help.pressureFull, "pressure_full", batch?.disk?.pressure_full, percent);
}

function networkFacts(name: string, { batch }: Known): List {
	const found = batch?.network?.interfaces.find((one) => one.name === name);
	const { facts, help } = t;
	const path = (field: string) => `interfaces/${name}/${field}`;
	return new List(batch?.network?.missing)
		.fact(facts.kind, help.kind, found && t.kinds[found.kind])
		.figure(facts.state, help.state, path("state"), found?.state, String)
		.figure(facts.speed, help.speed, path("link_speed"), found?.link_speed, linkSpeed)
		.fact(t.addresses, help.addresses, found && (found.addresses.join("  ") || t.noAddress))
		.figure(facts.packetsIn, help.packets, path("download_packets"), found?.download_packets, frequency)
		.figure(facts.packetsOut, help.packets, path("upload_packets"), found?.upload_packets, frequency)
		.figure(facts.errors, help.errors, path("errors"), found?.errors, frequency)
		.figure(facts.drops, help.drops, path("drops"), found?.drops, frequency);
}

/** Of a page: `cpu`, `memory`, `disk/{name}`, `network/{name}`; a GPU's has a panel of its own. */
export function facts(kind: string, name: string, known: Known): Fact[] {
	const lists: Record<string, () => List> = {
		cpu: () => cpuFacts(known),
		memory: () => memoryFacts(known),
		disk: () => diskFacts(name, known),
		network: () => networkFacts(name, known),
	};
	return lists[kind]?.().facts ?? [];
}
