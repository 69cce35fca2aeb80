// The chart of main memory: swap on the same axis, since both are what programs hold.
import { bytes, text } from "../../base/units";
import type { MemoryMetrics } from "../../bindings";
import type { ChartSpec, SeriesSpec } from "../../chart/spec";
import { t } from "../../text";
import { amount } from "../charts";

export function memoryChart(memory: MemoryMetrics | null): ChartSpec {
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
	const swaps = (memory?.swap_total ?? 0) > 0;
	const most = Math.max(memory?.ram_total ?? 0, memory?.swap_total ?? 0);
	return { title: t.memory, series: swaps ? [ram, swap] : [ram], left: amount(most), right: null };
}
