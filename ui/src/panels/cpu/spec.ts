// The chart of the processors.
import { percent, text } from "../../base/units";
import { type ChartSpec, PERCENT } from "../../chart/spec";
import { pair, t } from "../../text";

export function cpuChart(): ChartSpec {
	return {
		title: pair(t.cpu, t.utilization),
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

/** A model's name without what every processor's has: AMD EPYC 9354, Intel Core i7-8700. */
export function shortName(model: string): string {
	return model
		.replace(/\((R|TM)\)/gi, "")
		.replace(/ (CPU )?@ .*$| \d+-Core Processor$| Processor$| CPU$/, "")
		.replace(/\s+/g, " ")
		.trim();
}
