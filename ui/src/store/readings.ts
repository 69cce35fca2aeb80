// A batch as columns see it: one entry per channel with its sample's own time, and its figures by field. Field names
// are the core's (`per_core/3` is the kernel's core 3), so that live and backfilled figures meet in one column.
import type { ChannelStatus, CurrentMetrics, Reason } from "../bindings";

export interface ChannelReading {
	channel: string;
	/** When this sample was taken; the same as before where nothing new came. */
	timestamp: number;
	/** Why the channel is not current; null while it is. */
	reason: Reason | null;
	/** Calls back with each figure of the sample. */
	each(put: (field: string, value: number | null) => void): void;
}

/** The event of one GPU: what Tauri's event names don't take becomes an underscore, as the core does it. */
export function gpuChannel(gpuId: string): string {
	return `system/gpu/${gpuId.replace(/[^A-Za-z0-9\-/:_]/g, "_")}`;
}

/** The columns of a series, by channel and field. A space is in neither. */
export function columnKey(channel: string, field: string): string {
	return `${channel} ${field}`;
}

/** The state of a channel in a batch. */
export function statusOf(batch: CurrentMetrics | null, channel: string): ChannelStatus | null {
	return batch?.channels.find((status) => status.channel === channel) ?? null;
}

/** What each channel of the batch says. */
export function readings(batch: CurrentMetrics): ChannelReading[] {
	const reasons = new Map(batch.channels.map((status) => [status.channel, status.reason]));
	const out: ChannelReading[] = [];
	const add = (channel: string, timestamp: number, each: ChannelReading["each"]) =>
		out.push({ channel, timestamp, reason: reasons.get(channel) ?? null, each });
	const { cpu, memory, disk, network } = batch;
	for (const gpu of batch.gpu) {
		add(gpuChannel(gpu.gpu_id), gpu.timestamp, (put) => {
			put("utilization", gpu.utilization);
			put("memory_used", gpu.memory_used);
			put("temperature", gpu.temperature);
			put("power_draw", gpu.power_draw);
		});
	}
	if (cpu) {
		add("system/cpu", cpu.timestamp, (put) => {
			put("utilization", cpu.utilization);
			for (let i = 0; i < cpu.per_core.length; i++) put(`per_core/${cpu.core_ids[i] ?? i}`, cpu.per_core[i] ?? null);
		});
	}
	if (memory) {
		add("system/memory", memory.timestamp, (put) => {
			put("ram_used", memory.ram_used);
			put("swap_used", memory.swap_used);
		});
	}
	if (disk) {
		add("system/disk", disk.timestamp, (put) => {
			put("read_rate", disk.read_rate);
			put("write_rate", disk.write_rate);
			for (const device of disk.devices) {
				put(`devices/${device.name}/read_rate`, device.read_rate);
				put(`devices/${device.name}/write_rate`, device.write_rate);
			}
		});
	}
	if (network) {
		add("system/network", network.timestamp, (put) => {
			put("upload_rate", network.upload_rate);
			put("download_rate", network.download_rate);
			for (const one of network.interfaces) {
				put(`interfaces/${one.name}/upload_rate`, one.upload_rate);
				put(`interfaces/${one.name}/download_rate`, one.download_rate);
			}
		});
	}
	return out;
}
