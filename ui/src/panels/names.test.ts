// Names and axes, as short as they can be without saying less.
import { expect, it } from "vitest";
import { degrees } from "../base/units";
import { DEFAULTS } from "../host/host";
import { DISK_RATE, degreesAxis, networkRate } from "./axes";
import { shortName as cpuName } from "./cpu/spec";
import { deviceCharts } from "./deviceCharts";
import { diskChart } from "./disk/spec";
import { shortName as gpuName, model } from "./gpu/figures";
import { loadChart } from "./gpu/spec";
import { memoryChart } from "./memory/spec";
import { networkChart } from "./network/spec";

it.each([
	["NVIDIA H100 80GB HBM3", "H100 80GB HBM3"],
	["NVIDIA GeForce RTX 4090", "RTX 4090"],
	["NVIDIA RTX A6000", "RTX A6000"],
	["Tesla V100-SXM2-16GB", "Tesla V100-SXM2-16GB"],
	["AMD Radeon RX 7900 XTX", "AMD Radeon RX 7900 XTX"],
	["NVIDIA", "NVIDIA"],
])("calls the GPU %s %s where there is little room", (name, short) => {
	expect(gpuName(name)).toBe(short);
});

it("knows no model of a GPU that is called by its number", () => {
	expect(["GPU 4", "GPU 12", "NVIDIA GPU 4", "GPU X4"].map(model)).toEqual(["", "", "NVIDIA GPU 4", "GPU X4"]);
});

it.each([
	["AMD Ryzen 9 7950X 16-Core Processor", "AMD Ryzen 9 7950X"],
	["Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz", "Intel Core i7-8700"],
	["13th Gen Intel(R) Core(TM) i9-13900K", "13th Gen Intel Core i9-13900K"],
	["AMD EPYC", "AMD EPYC"],
])("calls the processor %s %s", (name, short) => {
	expect(cpuName(name)).toBe(short);
});

it.each([
	["celsius", 60, [0, 100]],
	["celsius", 101, [0, 140]],
	["fahrenheit", 60, [20, 220]],
	["fahrenheit", 120, [20, 300]],
] as const)("has room for a cold device in %s, and for one of %d °C", (unit, peak, ends) => {
	const found = degreesAxis(unit).ends(peak);
	expect(found[0]).toBeLessThanOrEqual(0);
	expect(found.map((end) => Math.round(degrees(end, unit)))).toEqual(ends);
});

it.each([
	[DISK_RATE, 512 * 1024 ** 2, ["0", "256", "512 MiB/s"]],
	[DISK_RATE, 1.5 * 1024 ** 2, ["0", "0.75", "1.5 MiB/s"]],
	[networkRate("bits"), 500_000 / 8, ["0", "250", "500 kbit/s"]],
	[degreesAxis("celsius"), 100, ["0", "50", "100 °C"]],
] as const)("names an axis' unit once (%#)", (axis, top, words) => {
	const said = [0, top / 2, top].map((value) => axis.format(value, top).replaceAll("\u00a0", " "));
	expect(said).toEqual(words);
});

it.each([
	[800_000, ["0", "400,000", "800,000/s"]],
	[1_000_000, ["0", "0.5", "1 M/s"]],
	[40_000_000, ["0", "20", "40 M/s"]],
])("says millions per second in short, as an axis has little room (%d)", (top, words) => {
	for (const { spec } of [...deviceCharts("network", "eth0"), ...deviceCharts("disk", "sda").slice(2, 3)]) {
		const said = [0, top / 2, top].map((value) => spec.left.format(value, top).replaceAll("\u00a0", " "));
		expect(said).toEqual(words);
		expect(spec.left.ends(top)).toEqual([0, top]);
	}
});

it("tells the two lines of a chart apart by more than their hue", () => {
	const gpu = { gpu_id: "GPU-1", index: 0 };
	const large = [
		diskChart("sda"),
		networkChart("eth0", "bytes"),
		memoryChart(4, 4),
		loadChart(gpu, DEFAULTS, undefined),
	];
	const small = ["cpu", "memory", "disk", "network"].flatMap((kind) => deviceCharts(kind, "one"));
	const filled = [...large, ...small.map(({ spec }) => spec)]
		.filter(({ series }) => series.length > 1)
		.map(({ title, series }) => [title, series.map((one) => one.filled)]);
	expect(filled).toEqual(
		["sda", "eth0", "Memory", "GPU 0: Utilization, Temperature", "Pressure", "Requests", "Pressure", "Packets"].map(
			(title) => [title, [true, false]],
		),
	);
});
