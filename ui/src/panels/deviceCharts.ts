// The smaller charts of a device's page, under the large one.

import { decimalCeiling } from "../base/scale";
import { brief, percent, scaledCount, text } from "../base/units";
import { type ChartSpec, type Hue, PERCENT, type SeriesSpec } from "../chart/spec";
import { t } from "../text";
import { tick } from "./axes";
import { frequency, latency } from "./facts";

/** A chart with the panel it stands in. */
interface DeviceChart {
	id: string;
	title: string;
	spec: ChartSpec;
}

function line(
	channel: string,
	field: string,
	label: string,
	help: string,
	hue: Hue,
	format: (value: number) => string,
): SeriesSpec {
	return { channel, field, label, help, hue, axis: "left", filled: false, format };
}

/** In millions where there are as many: an axis has no room for seven digits. */
function perSecond(value: number, top: number): string {
	const { amount, unit } = scaledCount(value, top);
	if (value !== top) return brief(amount);
	return t.perSecond(unit ? text({ value: brief(amount), unit }) : brief(amount));
}
const share = (value: number) => text(percent(value));

/** How long threads waited for a resource: some of them, and all of them. */
function pressure(channel: string, hue: Hue, all: boolean): DeviceChart {
	const some = { ...line(channel, "pressure_some", t.someWaited, t.help.pressureSome, hue, share), filled: true };
	const full = line(channel, "pressure_full", t.allWaited, t.help.pressureFull, "temperature", share);
	const spec: ChartSpec = { title: t.pressure, series: all ? [some, full] : [some], left: PERCENT, right: null };
	return { id: `pressure/${channel}`, title: t.pressure, spec };
}

function disk(name: string): DeviceChart[] {
	const channel = "system/disk";
	const busy = { ...line(channel, `devices/${name}/busy`, t.busy, t.help.busy, "disk", share), filled: true };
	const wait = line(channel, `devices/${name}/latency`, t.latency, t.help.latency, "disk", (value) =>
		text(latency(value)),
	);
	const ops = (field: string, label: string, hue: Hue) =>
		line(channel, `devices/${name}/${field}`, label, t.help.ops, hue, frequency);
	return [
		{ id: `busy/${name}`, title: t.busy, spec: { title: t.busy, series: [busy], left: PERCENT, right: null } },
		{
			id: `latency/${name}`,
			title: t.latency,
			spec: {
				title: t.latency,
				series: [wait],
				left: {
					ends: (peak) => [0, decimalCeiling(peak, 0.01)],
					format: (value, top) => tick(value, top, { amount: value * 1000, unit: t.milliseconds }),
				},
				right: null,
			},
		},
		{
			id: `requests/${name}`,
			title: t.requests,
			spec: {
				title: t.requests,
				series: [{ ...ops("read_ops", t.read, "disk"), filled: true }, ops("write_ops", t.write, "temperature")],
				left: { ends: (peak) => [0, decimalCeiling(peak, 100)], format: perSecond },
				right: null,
			},
		},
		pressure(channel, "disk", true),
	];
}

function network(name: string): DeviceChart[] {
	const packets = (field: string, label: string, hue: Hue) =>
		line("system/network", `interfaces/${name}/${field}`, label, t.help.packets, hue, frequency);
	const series = [
		{ ...packets("download_packets", t.packetsIn, "network"), filled: true },
		packets("upload_packets", t.packetsOut, "power"),
	];
	const left = { ends: (peak: number): [number, number] => [0, decimalCeiling(peak, 100)], format: perSecond };
	return [{ id: `packets/${name}`, title: t.packets, spec: { title: t.packets, series, left, right: null } }];
}

/** Of a page, beside its large chart. */
export function deviceCharts(kind: string, name: string): DeviceChart[] {
	const lists: Record<string, () => DeviceChart[]> = {
		cpu: () => [pressure("system/cpu", "cpu", false)],
		memory: () => [pressure("system/memory", "memory", true)],
		disk: () => disk(name),
		network: () => network(name),
	};
	return lists[kind]?.() ?? [];
}
