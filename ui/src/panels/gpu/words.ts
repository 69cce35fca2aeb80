// What the figures of a GPU are called and mean, and their own names where they come from: that depends on its driver.
import type { SystemInfo } from "../../bindings";
import { prose, t } from "../../text";

const FIGURES = [
	"gpuUtilization",
	"gpuMemory",
	"gpuTemperature",
	"gpuPower",
	"clockLimits",
	"smClock",
	"memoryClock",
	"memoryBandwidth",
	"powerLimit",
	"fan",
	"pcie",
	"performanceState",
] as const;
type Figure = (typeof FIGURES)[number];
type Names = { readonly [figure in Figure]?: string };

const intel: Names = {
	gpuUtilization: "/proc/*/fdinfo/*: drm-engine-*, drm-cycles-*",
	gpuPower: "hwmon: energy1_input, energy2_input",
	powerLimit: "hwmon: power1_max, power2_max",
	pcie: "sysfs: current_link_speed, current_link_width",
};

/** The names that drivers, and so their manuals, have for their figures. They are the same in every language. */
const NAMES: { readonly [driver in string]?: Names } = {
	nvidia: {
		gpuUtilization: "NVML: utilization.gpu",
		gpuMemory: "NVML: memory info v2, used",
		gpuTemperature: "NVML: NVML_TEMPERATURE_GPU",
		gpuPower: "NVML: nvmlDeviceGetPowerUsage",
		clockLimits: "NVML: clocks throttle reasons",
		smClock: "NVML: NVML_CLOCK_SM",
		memoryClock: "NVML: NVML_CLOCK_MEM",
		memoryBandwidth: "NVML: utilization.memory",
		powerLimit: "NVML: enforced power limit",
		fan: "NVML: nvmlDeviceGetFanSpeed_v2",
		pcie: "NVML: current PCIe link",
		performanceState: "NVML: nvmlDeviceGetPerformanceState",
	},
	amdgpu: {
		gpuUtilization: "amdgpu: gpu_busy_percent",
		gpuMemory: "amdgpu: mem_info_vram_used (APU: + mem_info_gtt_used)",
		gpuTemperature: "hwmon: edge, junction",
		gpuPower: "hwmon: power1_average, power1_input",
		clockLimits: "amdgpu: gpu_metrics",
		smClock: "hwmon: sclk; amdgpu: pp_dpm_sclk",
		memoryClock: "hwmon: mclk; amdgpu: pp_dpm_mclk",
		memoryBandwidth: "amdgpu: mem_busy_percent",
		powerLimit: "hwmon: power1_cap",
		fan: "hwmon: pwm1, fan1_input, fan1_max",
		pcie: "sysfs: current_link_speed, current_link_width",
	},
	i915: {
		...intel,
		gpuTemperature: "hwmon: temp1_input",
		clockLimits: "i915: throttle_reason_*",
		smClock: "i915: rps_act_freq_mhz, rps_RP0_freq_mhz",
	},
	xe: {
		...intel,
		gpuMemory: "xe: physical_vram_size_bytes",
		gpuTemperature: "hwmon: pkg",
		clockLimits: "xe: throttle/reason_*",
		smClock: "xe: act_freq, rp0_freq",
	},
};

/** The driver of a GPU, once it is known. */
export function driverOf(info: SystemInfo | null, gpuId: string): string | undefined {
	return info?.gpus.find((gpu) => gpu.gpu_id === gpuId)?.driver;
}

/** Whether what NVML calls its parts is what they are called; so it is taken to be until the driver is known. */
export function isNvml(driver: string | undefined): boolean {
	return driver === undefined || driver === "nvidia";
}

function sentences(driver: string | undefined): Record<Figure, string> {
	const { help, driverHelp } = t;
	if (isNvml(driver)) return help;
	const plain = { ...help, smClock: help.gpuClock };
	if (driver === "amdgpu")
		return { ...plain, gpuUtilization: help.gpuUtilizationAmd, gpuMemory: help.gpuMemoryPlain, ...driverHelp.amdgpu };
	// Of these drivers none tells how much memory is in use.
	const others = { ...plain, gpuUtilization: help.gpuUtilizationIntel, gpuMemory: driverHelp.untoldMemory };
	return driver === "nouveau" ? others : { ...others, ...driverHelp.intel };
}

/** What each figure of a GPU means, and its name where it comes from. */
export function gpuHelp(driver: string | undefined): Record<Figure, string> {
	const means = sentences(driver);
	const name = (figure: Figure) => driver && NAMES[driver]?.[figure];
	const full = FIGURES.map((figure) => [figure, prose([means[figure], name(figure)])]);
	return Object.fromEntries(full);
}
