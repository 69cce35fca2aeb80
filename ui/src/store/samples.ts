// Batches for tests: one machine with a GPU, two cores, a disk and an interface, at a time and a tick.
import type { ChannelStatus, CurrentMetrics, Reason } from "../bindings";

export const CHANNELS = ["system/gpu/GPU-1", "system/cpu", "system/memory", "system/disk", "system/network"] as const;

/** What makes a batch differ from the next. */
export interface Sample {
	tick: number;
	timestamp: number;
	/** Busy cores, percent. */
	cpu?: number;
	interval?: number;
	/** A channel that is not current: when it was sampled last, and why it is not now. */
	stale?: { channel: string; since: number; reason: Reason };
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
				missing: {},
				timestamp: at("system/gpu/GPU-1"),
			},
		],
		cpu: { utilization: cpu, per_core: [cpu, cpu], core_ids: [0, 1], missing: {}, timestamp: at("system/cpu") },
		memory: {
			ram_used: 1024,
			ram_total: 4096,
			swap_used: 0,
			swap_total: 0,
			cgroup_limit: null,
			cgroup_used: null,
			missing: {},
			timestamp: at("system/memory"),
		},
		disk: {
			read_rate: 1,
			write_rate: 2,
			devices: [{ name: "sda", read_rate: 1, write_rate: 2 }],
			missing: {},
			timestamp: at("system/disk"),
		},
		network: {
			upload_rate: 3,
			download_rate: 4,
			interfaces: [
				{ name: "eth0", kind: "physical", upload_rate: 3, download_rate: 4 },
				{ name: "lo", kind: "loopback", upload_rate: 9, download_rate: 9 },
			],
			missing: {},
			timestamp: at("system/network"),
		},
		channels: CHANNELS.map(status),
		tick,
		timestamp,
		interval,
	};
}
