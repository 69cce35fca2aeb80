// The charts of a GPU.
import { decimalCeiling } from "../../base/scale";
import { bytes, percent, type TemperatureUnit, temperature, text, watts } from "../../base/units";
import type { GpuMetrics, Settings } from "../../bindings";
import { type ChartSpec, PERCENT, type SeriesSpec } from "../../chart/spec";
import { gpuChannel } from "../../store/readings";
import { list, pair, t } from "../../text";
import { amount, degreesAxis, tick } from "../axes";
import { gpuHelp } from "./words";

/** Which GPU: all that most of its charts are made from. It stays the same from tick to tick, and so do they. */
type Which = Pick<GpuMetrics, "gpu_id" | "index">;

function celsius(channel: string, help: string, unit: TemperatureUnit, axis: "left" | "right"): SeriesSpec {
	return {
		channel,
		field: "temperature",
		label: t.temperature,
		help,
		hue: "temperature",
		axis,
		filled: false,
		format: (value) => text(temperature(value, unit)),
	};
}

/** Utilization and temperature, on two axes. */
export function loadChart(gpu: Which, settings: Settings, driver: string | undefined): ChartSpec {
	const channel = gpuChannel(gpu.gpu_id);
	const help = gpuHelp(driver);
	return {
		title: pair(t.gpu(gpu.index), list([t.utilization, t.temperature])),
		series: [
			{
				channel,
				field: "utilization",
				label: t.utilization,
				help: help.gpuUtilization,
				hue: "gpu",
				axis: "left",
				filled: true,
				format: (value) => text(percent(value)),
			},
			celsius(channel, help.gpuTemperature, settings.temperature_unit, "right"),
		],
		left: PERCENT,
		right: degreesAxis(settings.temperature_unit),
	};
}

export function memoryChart(gpu: Which & Pick<GpuMetrics, "memory_total">, driver: string | undefined): ChartSpec {
	return {
		title: pair(t.gpu(gpu.index), t.details.memory),
		series: [
			{
				channel: gpuChannel(gpu.gpu_id),
				field: "memory_used",
				label: t.used,
				help: gpuHelp(driver).gpuMemory,
				hue: "memory",
				axis: "left",
				filled: true,
				format: (value) => text(bytes(value)),
			},
		],
		left: amount(gpu.memory_total),
		right: null,
	};
}

export function powerChart(gpu: Which & Pick<GpuMetrics, "power_limit">, driver: string | undefined): ChartSpec {
	return {
		title: pair(t.gpu(gpu.index), t.power),
		series: [
			{
				channel: gpuChannel(gpu.gpu_id),
				field: "power_draw",
				label: t.power,
				help: gpuHelp(driver).gpuPower,
				hue: "power",
				axis: "left",
				filled: true,
				format: (value) => text(watts(value)),
			},
		],
		left: {
			ends: (peak) => [
				0,
				gpu.power_limit !== null && peak <= gpu.power_limit ? gpu.power_limit : decimalCeiling(peak, 100),
			],
			format: (value, top) => tick(value, top, { amount: value, unit: "W" }),
		},
		right: null,
	};
}
