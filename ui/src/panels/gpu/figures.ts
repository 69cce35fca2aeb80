// A GPU's figures in words, as its tiles show them.
import { fixed } from "../../base/locale";
import {
	bytes,
	capacity,
	percent,
	type Quantity,
	type TemperatureUnit,
	temperature,
	text,
	watts,
} from "../../base/units";
import type { GpuMetrics } from "../../bindings";
import { t } from "../../text";
import type { Said } from "../../widgets/said";

type Figure = "utilization" | "memory" | "temperature" | "power";

/** A figure, and what it is out of; the unit then stands there. */
function said(
	gpu: GpuMetrics,
	field: string,
	value: Quantity | null,
	outOf: Quantity | null,
	share: number | null,
): Said {
	if (value === null) {
		const reason = gpu.missing[field];
		return { value: t.noFigure, unit: "", why: reason ? t.reasons[reason] : "", share };
	}
	return { value: value.value, unit: outOf ? t.of(text(outOf)) : value.unit, why: "", share };
}

/** `outOf`: whether memory and power are told with what they are out of. */
export function figures(gpu: GpuMetrics, unit: TemperatureUnit, outOf: boolean): Record<Figure, Said> {
	const {
		utilization,
		memory_used: used,
		memory_total: total,
		temperature: heat,
		power_draw: draw,
		power_limit: limit,
	} = gpu;
	return {
		utilization: said(gpu, "utilization", utilization === null ? null : percent(utilization), null, null),
		memory: said(
			gpu,
			"memory_used",
			used === null ? null : bytes(used, total ?? used),
			outOf && total !== null ? capacity(total) : null,
			total && used !== null ? Math.min(1, used / total) : null,
		),
		temperature: said(gpu, "temperature", heat === null ? null : temperature(heat, unit), null, null),
		power: said(
			gpu,
			"power_draw",
			draw === null ? null : watts(draw),
			outOf && limit !== null ? watts(limit) : null,
			null,
		),
	};
}

/** A GPU's model; empty where its driver has not told it and the core calls it by its number. */
export function model(name: string): string {
	return /^GPU \d+$/.test(name) ? "" : name;
}

/** A model's name without what every NVIDIA card's begins with, for where there is little room. */
export function shortName(name: string): string {
	return name.replace(/^NVIDIA\s+(GeForce\s+)?(?=\S)/, "");
}

/** A PCIe link: 4.0 ×16. */
export function link(generation: number | null, width: number | null): string | null {
	if (generation === null) return null;
	return width === null ? fixed(generation, 0) : `${fixed(generation, 0)}.0 ×${fixed(width, 0)}`;
}
