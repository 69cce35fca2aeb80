// What tests begin with. Batches: one machine with a GPU, two cores, a disk and an interface, at a time and a tick; a core
// that answers with them; and sizes, which a page has that is laid out.
import type { ChannelStatus, CurrentMetrics, GpuDetails, NetworkInterface, Reason, SystemInfo } from "../bindings";
import { SETTINGS } from "../bindings";
import { DEFAULTS, type Host, NO_INFO } from "../host/host";
import type { History } from "./history";
import { Monitor } from "./monitor.svelte";

const CHANNELS = ["system/gpu/GPU-1", "system/cpu", "system/memory", "system/disk", "system/network"] as const;

/** What makes a batch differ from the next. */
interface Sample {
	tick: number;
	timestamp: number;
	/** Busy cores, percent. */
	cpu?: number;
	interval?: number;
	/** A channel that is not current: when it was sampled last, and why it is not now. */
	stale?: { channel: string; since: number; reason: Reason };
}

function network(name: string, kind: NetworkInterface["kind"], up: number, down: number): NetworkInterface {
	return {
		name,
		kind,
		upload_rate: up,
		download_rate: down,
		upload_packets: 1,
		download_packets: 2,
		errors: 0,
		drops: 0,
		link_speed: 1_000_000_000,
		state: "up",
		addresses: ["192.0.2.1/24"],
	};
}

export function batch({ tick, timestamp, cpu = tick, interval = 2, stale }: Sample): CurrentMetrics {
	const at = (channel: string) => (stale?.channel === channel ? stale.since : timestamp);
	const status = (channel: string): ChannelStatus => ({
		channel,
		timestamp: at(channel),
		age: (timestamp - at(channel)) / 1000,
		reason: stale?.channel === channel ? stale.reason : null,
		detail: null,
	});
	return {
		gpu: [
			{
				gpu_id: "GPU-1",
				index: 0,
				name: "Test GPU",
				utilization: 50,
				memory_used: 1024,
				memory_total: 4096,
				temperature: 60,
				power_draw: 100,
				power_limit: 350,
				memory_bandwidth: 20,
				fan_speed: 30,
				sm_clock: 2310,
				memory_clock: 10501,
				pcie_generation: 4,
				pcie_width: 16,
				performance_state: 2,
				clock_limits: ["power_cap"],
				state: "power_cap",
				missing: {},
				timestamp: at("system/gpu/GPU-1"),
			},
		],
		cpu: {
			utilization: cpu,
			per_core: [cpu, cpu],
			core_ids: [0, 1],
			core_clocks: [5100, 800],
			load_1: 1.5,
			load_5: 1.25,
			load_15: 1,
			temperature: null,
			pressure_some: 10,
			missing: { temperature: "unsupported" },
			timestamp: at("system/cpu"),
		},
		memory: {
			ram_used: 1024,
			ram_total: 4096,
			swap_used: 0,
			swap_total: 0,
			ram_available: 3072,
			ram_free: 1024,
			buffers: 512,
			cached: 1536,
			shared: 0,
			zram_used: null,
			swap_in_rate: 0,
			swap_out_rate: 0,
			pressure_some: 0,
			pressure_full: 0,
			cgroup_limit: null,
			cgroup_used: null,
			missing: {},
			timestamp: at("system/memory"),
		},
		disk: {
			read_rate: 1,
			write_rate: 2,
			pressure_some: 20,
			pressure_full: 5,
			devices: [
				{
					name: "sda",
					read_rate: 1,
					write_rate: 2,
					model: "Test Disk",
					size: 1024 ** 4,
					busy: 50,
					read_ops: 10,
					write_ops: 20,
					latency: 0.0025,
					file_systems: [{ mount_point: "/", kind: "ext4", total: 100, used: 40, available: 55, read_only: false }],
				},
			],
			missing: {},
			timestamp: at("system/disk"),
		},
		network: {
			upload_rate: 3,
			download_rate: 4,
			interfaces: [network("eth0", "physical", 3, 4), network("lo", "loopback", 9, 9)],
			missing: {},
			timestamp: at("system/network"),
		},
		channels: CHANNELS.map(status),
		tick,
		timestamp,
		interval,
	};
}

/** The same where no GPU is known, for that reason; `timestamp` is when their source answered last. */
export function withoutGpus(one: CurrentMetrics, reason: Reason, timestamp: number | null = null): CurrentMetrics {
	const others = one.channels.filter(({ channel }) => !channel.startsWith("system/gpu"));
	const gpus: ChannelStatus = { channel: "system/gpu", timestamp, age: null, reason, detail: null };
	return { ...one, gpu: [], channels: [gpus, ...others] };
}

/** A GPU in full: a desktop card, without what such cards do not report. */
export function gpuDetails(change: Partial<GpuDetails> = {}): GpuDetails {
	return {
		gpu_id: "GPU-1",
		name: "Test GPU",
		timestamp: 1_700_000_000_000,
		reason: null,
		detail: null,
		index: 0,
		pci_address: "0000:01:00.0",
		cuda_index: 0,
		cuda_index_guessed: false,
		cuda_index_by_bus: 0,
		compute_capability: "8.9",
		cores: 16384,
		driver_version: "550.54.14",
		cuda_version: "12.4",
		vbios_version: null,
		sm_clock_max: 2745,
		fans: [],
		memory_clock_max: 10501,
		video_clock: null,
		video_clock_max: null,
		power_limit_default: null,
		power_limit_min: 150,
		power_limit_max: 600,
		energy: 14_760_000,
		energy_watched: 720,
		energy_watched_since: 1_700_000_000_000,
		memory_temperature: 70,
		hotspot_temperature: null,
		slowdown_temperature: 90,
		shutdown_temperature: null,
		max_temperature: null,
		memory_max_temperature: 105,
		shared_memory: false,
		memory_reserved: null,
		memory_by_processes: 3072,
		gtt_total: null,
		gtt_used: null,
		bar1_total: 1024 ** 3,
		bar1_used: 1024 ** 2,
		encoder: 0,
		decoder: 12,
		jpeg: null,
		ofa: null,
		sm_activity: null,
		sm_occupancy: null,
		tensor_activity: null,
		dram_activity: null,
		fp64_activity: null,
		fp32_activity: null,
		fp16_activity: null,
		pcie_generation_max: 5,
		pcie_width_max: 16,
		pcie_sent: 1024,
		pcie_received: 2048,
		pcie_replays: 0,
		nvlinks: [],
		nvlink_sent: null,
		nvlink_received: null,
		ecc: null,
		ecc_pending: null,
		ecc_corrected: null,
		ecc_uncorrected: null,
		ecc_corrected_lifetime: null,
		ecc_uncorrected_lifetime: null,
		retired_pages: null,
		retired_pages_pending: null,
		remapped_rows: null,
		remapped_rows_pending: null,
		remapped_rows_failed: null,
		persistence: false,
		compute_mode: "default",
		mig: false,
		mig_instances: [],
		display: true,
		can_sleep: false,
		kept_awake_by: [],
		processes: [
			{
				pid: 41,
				name: "python train.py",
				user: "mira",
				container: null,
				compute: true,
				graphics: false,
				memory: 2048,
				sm: 84,
				encoder: 0,
				decoder: 0,
				mig_instance: null,
			},
		],
		missing: {
			ecc: "unsupported",
			ecc_corrected: "unsupported",
			sm_activity: "unsupported",
			hotspot_temperature: "unsupported",
		},
		...change,
	};
}

const nothing = () => undefined;

/** Figures as columns keep them. */
export function packed(values: readonly (number | null)[]): Float64Array {
	return Float64Array.from(values, (value) => value ?? Number.NaN);
}

/** A column's figures, a list as long as there are rows; undefined where there is none. */
export function figures(history: History, channel: string, field: string): (number | null)[] | undefined {
	if (!history.values(channel, field)) return undefined;
	return history.times.map((_, row) => history.figure(channel, field, row));
}

/** What a test's core answers otherwise. */
export type Answers = Partial<Omit<Host, "info">> & { info?: Partial<SystemInfo> };

/** A core at its first tick that answers everything at once, and as a test wants it. */
export function hostOf({ info, ...change }: Answers = {}): Host {
	return {
		subscribe: async () => nothing,
		current: async () => batch({ tick: 1, timestamp: Date.now() }),
		history: async () => ({ timestamps: [], series: [], gaps: [] }),
		verdict: async () => null,
		info: async () => ({ ...NO_INFO, host_name: "aurora", ...info }),
		diagnostics: async () => {
			throw new Error("not asked for here");
		},
		cost: async () => null,
		gpuDetails: async () => gpuDetails(),
		settings: async () => DEFAULTS,
		update: async () => DEFAULTS,
		save: async () => null,
		saving: async () => nothing,
		cancelSave: async () => undefined,
		report: async () => undefined,
		paused: async () => nothing,
		desktop: async () => ({ tray: true }),
		quit: async () => undefined,
		fields: SETTINGS,
		label: null,
		...change,
	};
}

/** A core whose batches a test sends. */
export function sending(change: Answers = {}): { host: Host; emit: (batch: CurrentMetrics) => void } {
	let listener: (batch: CurrentMetrics) => void = nothing;
	const host = hostOf({
		subscribe: async (heard) => {
			listener = heard;
			return nothing;
		},
		...change,
	});
	return { host, emit: (batch) => listener(batch) };
}

/** Stands for ResizeObserver: whatever is asked for its size is so large, in CSS pixels. */
export class Sized {
	constructor(private readonly told: (entries: unknown[]) => void) {}
	observe = (target: Element) => this.told([{ target, contentRect: { width: 600, height: 140 } }]);
	unobserve = nothing;
	disconnect = nothing;
}

/** What a page begins with. */
export function following(host: Host): Monitor {
	const monitor = new Monitor(host);
	void monitor.start();
	return monitor;
}

/** Stands for IntersectionObserver: whatever is watched is in sight, or not, as `shows` says. */
export class Sight {
	static shows: (target: Element, isIntersecting: boolean) => void = nothing;
	constructor(told: (entries: { target: Element; isIntersecting: boolean }[]) => void) {
		Sight.shows = (target, isIntersecting) => told([{ target, isIntersecting }]);
	}
	observe = nothing;
	unobserve = nothing;
}
