// What the rail lists: one entry per device, with its page, its value now, and the figure of its sparkline.
import { bytes, type NetworkUnit, percent, rate, text } from "../base/units";
import type { CurrentMetrics } from "../bindings";
import type { Hue } from "../chart/spec";
import { gpuChannel } from "../store/readings";
import { t } from "../text";

export interface Entry {
	/** The page it opens. */
	page: string;
	/** Which heading it stands under; `other` ones are tucked away. */
	group: "graphics" | "system" | "other";
	name: string;
	/** For a rail of icons. */
	short: string;
	value: string;
	hue: Hue;
	channel: string;
	/** The figures of the sparkline, added up. */
	fields: readonly string[];
	/** What fills the sparkline; null: its own largest figure, but never less than `floor`. */
	most: number | null;
	floor: number;
}

const MIB = 1024 ** 2;

function said<T extends { value: string; unit: string }>(
	value: number | null | undefined,
	words: (value: number) => T,
): string {
	return value == null ? t.noFigure : text(words(value));
}

function sum(a: number | null, b: number | null): number | null {
	return a === null && b === null ? null : (a ?? 0) + (b ?? 0);
}

export function entries(batch: CurrentMetrics | null, unit: NetworkUnit): Entry[] {
	if (!batch) return [];
	const { gpu, cpu, memory, disk, network } = batch;
	const out: Entry[] = gpu.map((one) => ({
		page: `gpu/${one.gpu_id}`,
		group: "graphics",
		name: t.gpu(one.index),
		short: `G${one.index}`,
		value: said(one.utilization, percent),
		hue: "gpu",
		channel: gpuChannel(one.gpu_id),
		fields: ["utilization"],
		most: 100,
		floor: 100,
	}));
	const add = (entry: Omit<Entry, "group"> & { group?: Entry["group"] }) => out.push({ group: "system", ...entry });
	add({
		page: "cpu",
		name: t.cpu,
		short: "C",
		value: said(cpu?.utilization, percent),
		hue: "cpu",
		channel: "system/cpu",
		fields: ["utilization"],
		most: 100,
		floor: 100,
	});
	add({
		page: "memory",
		name: t.memory,
		short: "M",
		value: said(memory?.ram_used, bytes),
		hue: "memory",
		channel: "system/memory",
		fields: ["ram_used"],
		most: memory?.ram_total ?? null,
		floor: MIB,
	});
	for (const one of disk?.devices ?? []) {
		add({
			page: `disk/${one.name}`,
			name: one.name,
			short: "D",
			value: said(sum(one.read_rate, one.write_rate), rate),
			hue: "disk",
			channel: "system/disk",
			fields: [`devices/${one.name}/read_rate`, `devices/${one.name}/write_rate`],
			most: null,
			floor: MIB,
		});
	}
	for (const one of network?.interfaces ?? []) {
		add({
			page: `network/${one.name}`,
			group: one.kind === "physical" ? "system" : "other",
			name: one.name,
			short: "N",
			value: said(sum(one.download_rate, one.upload_rate), (value) => rate(value, unit)),
			hue: "network",
			channel: "system/network",
			fields: [`interfaces/${one.name}/download_rate`, `interfaces/${one.name}/upload_rate`],
			most: null,
			floor: MIB / 16,
		});
	}
	return out;
}
