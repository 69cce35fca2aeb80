// A GPU in full, as lists of facts in groups: by which name of NVML each comes, and in what words.
import { fixed } from "../../base/locale";
import { moment } from "../../base/time";
import { bytes, capacity, percent, type Quantity, rate, temperature, text, watts } from "../../base/units";
import type { AwakeHolder, Fan, GpuDetails, GpuMetrics, MigInstance, Settings } from "../../bindings";
import { aside, list, pair, prose, t } from "../../text";
import { heldBack } from "../facts";
import { link, model } from "./figures";
import { type Absent, type Group, Groups } from "./groups";
import { gpuHelp, isNvml } from "./words";

const whole = (value: number) => fixed(value, 0);
const share = (value: number) => text(percent(value));
/** To the MHz, as clocks are compared: 1,980 of 2,040 MHz is a limit, and both are 2.0 GHz. */
const megahertz = (value: number) => text({ value: fixed(value, 0), unit: "MHz" });
const yes = (value: boolean) => (value ? t.details.yes : t.details.no);
const on = (value: boolean) => (value ? t.details.on : t.details.off);

/** Joules: 310 J, 12.5 Wh, 4.15 kWh. */
function energy(joules: number): string {
	const hours = joules / 3600;
	const quantity: Quantity =
		hours < 1
			? { value: whole(joules), unit: "J" }
			: hours < 1000
				? { value: fixed(hours, 1), unit: "Wh" }
				: { value: fixed(hours / 1000, 2), unit: "kWh" };
	return text(quantity);
}

export function holder(one: AwakeHolder): string {
	if (one.kind === "display") return t.details.aDisplay;
	return one.name === null ? String(one.pid) : aside(one.name, String(one.pid));
}

/** Two figures in one line, where there is at least one. */
function both(words: (value: number) => string, ...values: (number | null)[]): string | null {
	if (values.every((value) => value === null)) return null;
	return values.map((value) => (value === null ? t.noFigure : words(value))).join(" / ");
}

function cudaIndex(details: GpuDetails): string | null {
	if (details.cuda_index_by_bus === null) return null;
	const fastest = details.cuda_index === null ? t.noFigure : String(details.cuda_index);
	const byBus = String(details.cuda_index_by_bus);
	if (fastest === byBus && !details.cuda_index_guessed) return fastest;
	return t.details.cudaOrder(details.cuda_index_guessed ? t.details.guessed(fastest) : fastest, byBus);
}

function traffic(received: number | null, sent: number | null): string | null {
	const words = both((value) => text(rate(value)), received, sent);
	return words && `↓ ${words.replace(" / ", "  ↑ ")}`;
}

function switched(now: boolean | null, then: boolean | null): string | null {
	if (now === null) return null;
	return then === null || then === now ? on(now) : t.details.afterRestart(on(now), on(then));
}

function counted(now: number | null, lifetime: number | null): string | null {
	if (now === null) return null;
	return lifetime === null ? whole(now) : t.details.lifetime(whole(now), whole(lifetime));
}

function remapped(details: GpuDetails): string | null {
	if (details.remapped_rows === null) return null;
	const count = whole(details.remapped_rows);
	if (details.remapped_rows_failed) return t.details.failed(count);
	return details.remapped_rows_pending ? t.details.pending(count) : count;
}

/** Memory of an instance in use, out of what it has. */
export function held({ memory_used: used, memory_total: total }: MigInstance): string {
	const now = used === null ? t.noFigure : text(bytes(used, total ?? used));
	return total === null ? now : `${now} ${t.of(text(capacity(total)))}`;
}

/** How fast a fan is told to run, and how fast it runs: 46 % (1,840 rpm). */
function fan({ speed, revolutions }: Fan): string {
	const told = speed === null ? t.noFigure : share(speed);
	return revolutions === null ? told : aside(told, t.details.revolutions(whole(revolutions)));
}

/** Where each link leads. */
function links({ nvlinks }: GpuDetails): string {
	return nvlinks
		.map((one) => pair(String(one.link), one.active ? (one.remote ?? t.details.on) : t.details.off))
		.join("\n");
}

/** What is known of a device, and how to say it. */
interface Told {
	gpu: GpuMetrics;
	known: GpuDetails | null;
	/** The same, with nothing in it before the first answer. */
	details: GpuDetails;
	driver: string | undefined;
	/** Whether the figures are NVML's. */
	nvml: boolean;
	h: ReturnType<typeof gpuHelp>;
	degrees: (value: number) => string;
}

const d = t.details;
const same = (value: string) => value;

/** A figure with the most that it can be. */
const outOf = (most: number | null | undefined, words: (value: number) => string) => (now: number) =>
	most == null ? words(now) : `${words(now)} ${t.of(words(most))}`;

function identity(all: Groups, { gpu, known, details, nvml, driver }: Told): void {
	all
		.group(d.identity)
		.fact(t.facts.model, "nvmlDeviceGetName", "", model(gpu.name), same)
		.fact(nvml ? t.facts.uuid : t.facts.id, "nvmlDeviceGetUUID", "", gpu.gpu_id, same)
		.fact(d.pciAddress, "nvmlDeviceGetPciInfo_v3", "", details.pci_address, same)
		.fact(t.facts.index, "nvmlDeviceGetIndex", "", gpu.index, String)
		.fact(d.cudaIndex, "", "cuda_index", known && cudaIndex(known), same, d.help.cudaIndex)
		.fact(
			d.computeCapability,
			"nvmlDeviceGetCudaComputeCapability",
			"compute_capability",
			details.compute_capability,
			same,
		)
		.fact(d.cores, "nvmlDeviceGetNumGpuCores", "cores", details.cores, whole)
		.fact(t.facts.driver, "nvmlSystemGetDriverVersion", "driver_version", nvml ? details.driver_version : driver, same)
		.fact("CUDA", "nvmlSystemGetCudaDriverVersion_v2", "cuda_version", details.cuda_version, same)
		.fact("VBIOS", "nvmlDeviceGetVbiosVersion", "vbios_version", details.vbios_version, same);
}

function activity(all: Groups, { gpu, known, details, h }: Told): void {
	all
		.group(d.activity)
		.fact(d.smActivity, "NVML_GPM_METRIC_SM_UTIL", "sm_activity", details.sm_activity, share, d.help.smActivity)
		.fact(
			d.smOccupancy,
			"NVML_GPM_METRIC_SM_OCCUPANCY",
			"sm_occupancy",
			details.sm_occupancy,
			share,
			d.help.smOccupancy,
		)
		.fact(d.tensor, "NVML_GPM_METRIC_ANY_TENSOR_UTIL", "tensor_activity", details.tensor_activity, share, d.help.tensor)
		.fact(
			"FP16 / FP32 / FP64",
			"NVML_GPM_METRIC_FP16_UTIL",
			"fp16_activity",
			known && both(share, known.fp16_activity, known.fp32_activity, known.fp64_activity),
			same,
		)
		.fact(d.dram, "NVML_GPM_METRIC_DRAM_BW_UTIL", "dram_activity", details.dram_activity, share, d.help.dram)
		.fact(t.facts.memoryBandwidth, "", "memory_bandwidth", gpu.memory_bandwidth, share, h.memoryBandwidth)
		.fact(
			d.codecs,
			"nvmlDeviceGetEncoderUtilization",
			"encoder",
			known && both(share, known.encoder, known.decoder),
			same,
		)
		.fact(d.jpegOfa, "NVML_GPM_METRIC_NVJPG_0_UTIL", "jpeg", known && both(share, known.jpeg, known.ofa), same);
}

function clocks(all: Groups, { gpu, details, nvml, h }: Told): void {
	all
		.group(d.clocks)
		.fact(t.facts.heldBack, "", "clock_limits", gpu.clock_limits, heldBack, h.clockLimits)
		.fact(
			nvml ? t.facts.smClock : t.facts.gpuClock,
			"",
			"sm_clock",
			gpu.sm_clock,
			outOf(details.sm_clock_max, megahertz),
			h.smClock,
		)
		.fact(
			t.facts.memoryClock,
			"",
			"memory_clock",
			gpu.memory_clock,
			outOf(details.memory_clock_max, megahertz),
			h.memoryClock,
		)
		.fact(
			d.videoClock,
			"NVML_CLOCK_VIDEO",
			"video_clock",
			details.video_clock,
			outOf(details.video_clock_max, megahertz),
		)
		.fact(
			t.facts.performanceState,
			"",
			"performance_state",
			gpu.performance_state,
			(state) => `P${whole(state)}`,
			h.performanceState,
		)
		.fact(
			t.facts.powerLimit,
			"",
			"power_limit",
			gpu.power_limit,
			(limit) => {
				const [min, max] = [details.power_limit_min ?? null, details.power_limit_max ?? null];
				const now = text(watts(limit));
				return min === null || max === null ? now : d.limitRange(now, text(watts(min)), text(watts(max)));
			},
			h.powerLimit,
		)
		.fact(d.energy, "nvmlDeviceGetTotalEnergyConsumption", "energy", details.energy, (total) =>
			d.energySince(
				energy(total),
				energy(details.energy_watched ?? 0),
				moment(details.energy_watched_since ?? gpu.timestamp, gpu.timestamp, "minutes"),
			),
		)
		.fact(t.facts.fan, "", "fan_speed", gpu.fan_speed, share, h.fan)
		.fact(d.fans, "nvmlDeviceGetFanSpeed_v2", "", details.fans.length > 1 ? details.fans : null, (fans) =>
			fans.map(fan).join(" · "),
		);
}

function heat(all: Groups, { gpu, details, h, degrees }: Told): void {
	all
		.group(d.heat)
		.fact("GPU", "", "temperature", gpu.temperature, degrees, h.gpuTemperature)
		.fact(
			d.memoryTemperature,
			"NVML_FI_DEV_MEMORY_TEMP",
			"memory_temperature",
			details.memory_temperature,
			outOf(details.memory_max_temperature, degrees),
		)
		.fact(d.hotspot, "", "hotspot_temperature", details.hotspot_temperature, degrees)
		.fact(d.maxTemperature, "NVML_TEMPERATURE_THRESHOLD_GPU_MAX", "max_temperature", details.max_temperature, degrees)
		.fact(
			d.slowdown,
			"NVML_TEMPERATURE_THRESHOLD_SLOWDOWN",
			"slowdown_temperature",
			details.slowdown_temperature,
			degrees,
		)
		.fact(
			d.shutdown,
			"NVML_TEMPERATURE_THRESHOLD_SHUTDOWN",
			"shutdown_temperature",
			details.shutdown_temperature,
			degrees,
		);
}

function memory(all: Groups, { gpu, details }: Told): void {
	all
		.group(d.memory)
		.fact(
			t.facts.installed,
			"nvmlDeviceGetMemoryInfo_v2",
			"memory_total",
			details.shared_memory ? d.systemMemory : gpu.memory_total && text(capacity(gpu.memory_total)),
			String,
		)
		.fact(
			d.reserved,
			"nvmlDeviceGetMemoryInfo_v2",
			"memory_reserved",
			details.memory_reserved,
			(value) => text(bytes(value)),
			d.help.reserved,
		)
		.fact(
			d.byProcesses,
			"nvmlDeviceGetComputeRunningProcesses_v3",
			"memory_by_processes",
			details.memory_by_processes,
			(value) => text(bytes(value)),
		)
		.fact(
			"GTT",
			"",
			"gtt_used",
			details.gtt_used,
			outOf(details.gtt_total, (value) => text(bytes(value))),
			prose([d.help.gtt, "amdgpu: mem_info_gtt_used"]),
		)
		.fact(
			"BAR1",
			"nvmlDeviceGetBAR1MemoryInfo",
			"bar1_total",
			details.bar1_used,
			(used) => `${text(bytes(used))} ${t.of(text(capacity(details.bar1_total ?? used)))}`,
			d.help.bar1,
		);
}

function linked(all: Groups, { gpu, known, details, h }: Told): void {
	const up = details.nvlinks.filter((one) => one.active).length;
	const errors = details.nvlinks.reduce((sum, one) => sum + (one.errors ?? 0), 0);
	all
		.group(d.links)
		.fact(
			t.facts.pcie,
			"",
			"pcie_generation",
			link(gpu.pcie_generation, gpu.pcie_width),
			(now) => {
				const most = link(details.pcie_generation_max ?? null, details.pcie_width_max ?? null);
				return most === null || most === now ? now : d.linkOf(now, most);
			},
			h.pcie,
		)
		.fact(
			d.pcieTraffic,
			"nvmlDeviceGetPcieThroughput",
			"pcie_received",
			known && traffic(known.pcie_received, known.pcie_sent),
			same,
			d.help.pcieTraffic,
		)
		.fact(d.replays, "nvmlDeviceGetPcieReplayCounter", "pcie_replays", details.pcie_replays, whole, d.help.replays)
		.fact(
			"NVLink",
			"nvmlDeviceGetNvLinkState",
			"nvlinks",
			details.nvlinks.length || null,
			(count) => d.linksUp(whole(up), whole(count), whole(errors)),
			links(details),
		)
		.fact(
			d.nvlinkTraffic,
			"NVML_GPM_METRIC_NVLINK_TOTAL_RX_PER_SEC",
			"nvlink_received",
			known && traffic(known.nvlink_received, known.nvlink_sent),
			same,
		);
}

function health(all: Groups, { known, details }: Told): void {
	all
		.group(d.health)
		.fact("ECC", "nvmlDeviceGetEccMode", "ecc", known && switched(known.ecc, known.ecc_pending), same)
		.fact(
			d.corrected,
			"nvmlDeviceGetTotalEccErrors",
			"ecc_corrected",
			known && counted(known.ecc_corrected, known.ecc_corrected_lifetime),
			same,
			d.help.corrected,
		)
		.fact(
			d.uncorrected,
			"nvmlDeviceGetTotalEccErrors",
			"ecc_uncorrected",
			known && counted(known.ecc_uncorrected, known.ecc_uncorrected_lifetime),
			same,
			d.help.uncorrected,
		)
		.fact(
			d.retired,
			"NVML_FI_DEV_RETIRED_SBE",
			"retired_pages",
			details.retired_pages,
			(count) => (details.retired_pages_pending ? d.pending(whole(count)) : whole(count)),
			d.help.retired,
		)
		.fact(d.remapped, "NVML_FI_DEV_REMAPPED_COR", "remapped_rows", known && remapped(known), same, d.help.remapped);
}

function modes(all: Groups, { details }: Told): void {
	all
		.group(d.modes)
		.fact(d.persistence, "nvmlDeviceGetPersistenceMode", "persistence", details.persistence, on, d.help.persistence)
		.fact(
			d.computeMode,
			"nvmlDeviceGetComputeMode",
			"compute_mode",
			details.compute_mode,
			(mode) => d.computeModes[mode],
		)
		.fact("MIG", "nvmlDeviceGetMigMode", "mig", details.mig, (mig) =>
			mig ? d.instances(whole(details.mig_instances.length)) : d.off,
		)
		.fact(d.display, "nvmlDeviceGetDisplayActive", "display", details.display, yes)
		.fact(
			d.keptAwake,
			"",
			"",
			details.kept_awake_by.length ? details.kept_awake_by : null,
			(holders) => list(holders.map(holder)),
			d.help.keptAwake,
		);
}

/** Everything there is to say of a device; before its first answer, what its last tick says. */
export function inFull(
	gpu: GpuMetrics,
	known: GpuDetails | null,
	settings: Settings,
	driver: string | undefined,
): { groups: Group[]; absent: Absent[] } {
	const details = known ?? ({ fans: [], nvlinks: [], mig_instances: [], kept_awake_by: [] } as unknown as GpuDetails);
	const degrees = (value: number) => text(temperature(value, settings.temperature_unit));
	const told = { gpu, known, details, driver, nvml: isNvml(driver), h: gpuHelp(driver), degrees };
	const all = new Groups({ ...known?.missing, ...gpu.missing }, told.nvml);
	for (const group of [identity, activity, clocks, heat, memory, linked, health, modes]) group(all, told);
	return { groups: all.groups.filter((group) => group.facts.length > 0), absent: known ? all.notReported : [] };
}
