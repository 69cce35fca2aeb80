// The charts of the network: what enters and leaves the machine, or one interface.
import { type NetworkUnit, rate, text } from "../../base/units";
import type { ChartSpec, SeriesSpec } from "../../chart/spec";
import { t } from "../../text";
import { networkRate } from "../axes";

/** Of one interface by the kernel's name, or of all physical ones. */
export function networkChart(device: string | null, unit: NetworkUnit): ChartSpec {
	const path = device === null ? "" : `interfaces/${device}/`;
	const down: SeriesSpec = {
		channel: "system/network",
		field: `${path}download_rate`,
		label: t.down,
		help: t.help.download,
		hue: "network",
		axis: "left",
		filled: true,
		format: (value) => text(rate(value, unit)),
	};
	const up: SeriesSpec = {
		...down,
		field: `${path}upload_rate`,
		label: t.upload,
		help: t.help.upload,
		hue: "power",
		filled: false,
	};
	return { title: device ?? t.network, series: [down, up], left: networkRate(unit), right: null };
}
