// What the rail lists: one entry per device, with its page and the figure of its sparkline; and what each says now.
import { type NetworkUnit, percent, rate, text } from "../base/units";
import type { CurrentMetrics } from "../bindings";
import type { Hue } from "../chart/spec";
import { gpuChannel, statusOf } from "../store/readings";
import { t } from "../text";

/** The same from tick to tick. */
export interface Entry {
	/** The page it opens: a kind of device, and the one it is where there are several. */
	page: string;
	kind: "gpu" | "cpu" | "memory" | "disk" | "network";
	/** The UUID of a GPU, the kernel's name of others. */
	device: string;
	/** Which heading it stands under; `other` ones are tucked away. */
	group: "graphics" | "system" | "other";
	name: string;
	/** What its figure is. */
	figure: string;
	/** For a rail of icons. */
	short: string;
	hue: Hue;
	channel: string;
	/** The figures of the sparkline, added up. */
	fields: readonly string[];
	/** What fills the sparkline; null: its own largest figure, but never less than `floor`. */
	most: number | null;
	floor: number;
}

const MIB = 1024 ** 2;

function sum(a: number | null, b: number | null): number | null {
	return a === null && b === null ? null : (a ?? 0) + (b ?? 0);
}

export function entries(batch: CurrentMetrics | null): Entry[] {
	if (!batch) return [];
	const { gpu, memory, disk, network } = batch;
	const out: Entry[] = gpu.map((one) => ({
		page: `gpu/${one.gpu_id}`,
		kind: "gpu",
		device: one.gpu_id,
		group: "graphics",
		name: t.gpu(one.index),
		figure: t.utilization,
		short: `G${one.index}`,
		hue: "gpu",
		channel: gpuChannel(one.gpu_id),
		fields: ["utilization"],
		most: 100,
		floor: 100,
	}));
	const add = (entry: Omit<Entry, "group"> & { group?: Entry["group"] }) => out.push({ group: "system", ...entry });
	add({
		page: "cpu",
		kind: "cpu",
		device: "",
		name: t.cpu,
		figure: t.utilization,
		short: "C",
		hue: "cpu",
		channel: "system/cpu",
		fields: ["utilization"],
		most: 100,
		floor: 100,
	});
	add({
		page: "memory",
		kind: "memory",
		device: "",
		name: t.memory,
		figure: t.ram,
		short: "M",
		hue: "memory",
		channel: "system/memory",
		fields: ["ram_used"],
		most: memory?.ram_total ?? null,
		floor: MIB,
	});
	const numbered = (letter: string, at: number, count: number) => (count > 1 ? `${letter}${at}` : letter);
	for (const [at, { name }] of (disk?.devices ?? []).entries()) {
		add({
			page: `disk/${name}`,
			kind: "disk",
			device: name,
			name,
			figure: `${t.read} + ${t.write}`,
			short: numbered("D", at, disk?.devices.length ?? 0),
			hue: "disk",
			channel: "system/disk",
			fields: [`devices/${name}/read_rate`, `devices/${name}/write_rate`],
			most: null,
			floor: MIB,
		});
	}
	for (const [at, { name, kind }] of (network?.interfaces ?? []).entries()) {
		add({
			page: `network/${name}`,
			kind: "network",
			device: name,
			group: kind === "physical" ? "system" : "other",
			name,
			figure: `${t.down} + ${t.upload}`,
			short: numbered("N", at, network?.interfaces.length ?? 0),
			hue: "network",
			channel: "system/network",
			fields: [`interfaces/${name}/download_rate`, `interfaces/${name}/upload_rate`],
			most: null,
			floor: MIB / 16,
		});
	}
	return out;
}

/** The pages that are there whatever the machine has. */
const PAGES = new Set(["overview", "settings", "diagnostics", "cpu", "memory"]);

/** Whether a page is of a device that is gone, or of nothing that there is. None is known to be before its kind was sampled for the
 * first time, which takes a driver of GPUs longer than the first tick, or the second. */
export function isGone(page: string, batch: CurrentMetrics | null): boolean {
	if (!batch) return false;
	const gpus = statusOf(batch, "system/gpu");
	const waits = gpus?.reason === "starting" || (gpus?.reason === "not_answering" && gpus.timestamp === null);
	const [kind = ""] = page.split("/");
	if (PAGES.has(kind)) return false;
	const devices: Record<string, unknown> = { gpu: !waits, disk: batch.disk, network: batch.network };
	const known = !(kind in devices) || Boolean(devices[kind]);
	return known && entries(batch).every((entry) => entry.page !== page);
}

function figure({ kind, device }: Entry, batch: CurrentMetrics): number | null {
	const { gpu, cpu, memory, disk, network } = batch;
	switch (kind) {
		case "gpu":
			return gpu.find((one) => one.gpu_id === device)?.utilization ?? null;
		case "cpu":
			return cpu?.utilization ?? null;
		case "memory":
			return memory?.ram_used == null || !memory.ram_total ? null : (memory.ram_used / memory.ram_total) * 100;
		case "disk": {
			const found = disk?.devices.find((one) => one.name === device);
			return found ? sum(found.read_rate, found.write_rate) : null;
		}
		case "network": {
			const found = network?.interfaces.find((one) => one.name === device);
			return found ? sum(found.download_rate, found.upload_rate) : null;
		}
	}
}

/** What an entry says now. */
export function said(entry: Entry, batch: CurrentMetrics | null, unit: NetworkUnit): string {
	const value = batch && figure(entry, batch);
	if (value === null) return t.noFigure;
	if (entry.kind === "disk") return text(rate(value));
	return text(entry.kind === "network" ? rate(value, unit) : percent(value));
}
