// What stays the same about a device, for the list at the foot of its page.
import { locale } from "../base/locale";
import { capacity, text } from "../base/units";
import type { CurrentMetrics, SystemInfo } from "../bindings";
import { t } from "../text";

export interface Fact {
	name: string;
	value: string;
	help?: string;
}

const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });

/** Only what is known: a fact that the machine does not tell is left out. */
export function facts(kind: string, name: string, batch: CurrentMetrics | null, info: SystemInfo | null): Fact[] {
	const out: Fact[] = [];
	const add = (label: string, value: string | number | null | undefined) => {
		if (value != null && value !== "") out.push({ name: label, value: String(value) });
	};
	const size = (bytes: number | null | undefined) => (bytes == null ? null : text(capacity(bytes)));
	if (kind === "gpu") {
		const gpu = batch?.gpu.find((one) => one.gpu_id === name);
		const known = info?.gpus.find((one) => one.gpu_id === name);
		add(t.facts.model, gpu?.name);
		add(t.facts.uuid, name);
		add(t.facts.index, gpu?.index);
		add(t.facts.installed, size(gpu?.memory_total));
		add(t.facts.driver, known?.driver_version);
	} else if (kind === "cpu") {
		add(t.facts.model, info?.cpu_model);
		add(t.facts.physicalCores, info?.cpu_cores);
		add(t.facts.threads, info?.cpu_threads);
		add(t.facts.kernel, info?.kernel);
		add(t.facts.os, info?.os);
		add(t.facts.started, info?.boot_time == null ? null : moment.format(info.boot_time));
	} else if (kind === "memory") {
		const memory = batch?.memory;
		add(t.facts.installed, size(memory?.ram_total));
		if (memory?.ram_total != null && memory.ram_used !== null)
			add(t.facts.available, size(memory.ram_total - memory.ram_used));
		add(t.swap, memory?.swap_total === 0 ? t.noSwap : size(memory?.swap_total));
	} else if (kind === "network") {
		const found = batch?.network?.interfaces.find((one) => one.name === name);
		add(t.facts.kind, found && t.kinds[found.kind]);
	}
	return out;
}
