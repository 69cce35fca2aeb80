// The chart of main memory: swap on the same axis, since both are what programs hold.
import { bytes, text } from "../../base/units";
import type { ChartSpec, SeriesSpec } from "../../chart/spec";
import { t } from "../../text";
import { amount } from "../axes";

export function memoryChart(ramTotal: number, swapTotal: number): ChartSpec {
	const ram: SeriesSpec = {
		channel: "system/memory",
		field: "ram_used",
		label: t.ram,
		help: t.help.ramUsed,
		hue: "memory",
		axis: "left",
		filled: true,
		format: (value) => text(bytes(value)),
	};
	const swap: SeriesSpec = {
		...ram,
		field: "swap_used",
		label: t.swap,
		help: t.help.swapUsed,
		hue: "power",
		filled: false,
	};
	const series = swapTotal > 0 ? [ram, swap] : [ram];
	return { title: t.memory, series, left: amount(Math.max(ramTotal, swapTotal)), right: null };
}
