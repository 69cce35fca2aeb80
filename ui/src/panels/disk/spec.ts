// The charts of the disks: all of them together, or one.
import { rate, text } from "../../base/units";
import type { ChartSpec, SeriesSpec } from "../../chart/spec";
import { t } from "../../text";
import { DISK_RATE } from "../axes";

/** Of one disk by the kernel's name, or of all whole disks. */
export function diskChart(device: string | null): ChartSpec {
	const path = device === null ? "" : `devices/${device}/`;
	const read: SeriesSpec = {
		channel: "system/disk",
		field: `${path}read_rate`,
		label: t.read,
		help: t.help.diskRead,
		hue: "disk",
		axis: "left",
		filled: true,
		format: (value) => text(rate(value)),
	};
	const write: SeriesSpec = {
		...read,
		field: `${path}write_rate`,
		label: t.write,
		help: t.help.diskWrite,
		hue: "temperature",
		filled: false,
	};
	return { title: device ?? t.disk, series: [read, write], left: DISK_RATE, right: null };
}
