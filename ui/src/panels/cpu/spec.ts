// The chart of the processors.
import { percent, text } from "../../base/units";
import { type ChartSpec, PERCENT } from "../../chart/spec";
import { t } from "../../text";

export function cpuChart(): ChartSpec {
	return {
		title: `${t.cpu}: ${t.utilization}`,
		series: [
			{
				channel: "system/cpu",
				field: "utilization",
				label: t.total,
				help: t.help.cpuUtilization,
				hue: "cpu",
				axis: "left",
				filled: true,
				format: (value) => text(percent(value)),
			},
		],
		left: PERCENT,
		right: null,
	};
}
