// A batch as columns see it: one entry per channel with its sample's own time, and its figures by field. Field names
// are the core's (`per_core/3` is the kernel's core 3), so that live and backfilled figures meet in one column.
import { figures } from "../base/fields";
import { type ChannelStatus, type CurrentMetrics, GPU_STATES, type Reason } from "../bindings";

/** The words among the figures. */
const CODES = { state: GPU_STATES } as const;

export interface ChannelReading {
	channel: string;
	/** When this sample was taken; the same as before where nothing new came. */
	timestamp: number;
	/** Why the channel is not current; null while it is. */
	reason: Reason | null;
	/** Calls back with each figure of the sample. */
	each(put: (field: string, value: number | null) => void): void;
}

/** The events of GPUs as they were put together: a tick asks for dozens of them. */
const events = new Map<string, string>();

/** The event of one GPU: what Tauri's event names don't take becomes an underscore, as the core does it. */
export function gpuChannel(gpuId: string): string {
	let event = events.get(gpuId);
	if (event === undefined) {
		event = `system/gpu/${gpuId.replace(/[^A-Za-z0-9\-/:_]/g, "_")}`;
		events.set(gpuId, event);
	}
	return event;
}

/** The state of a channel in a batch. */
export function statusOf(batch: CurrentMetrics | null, channel: string): ChannelStatus | null {
	return batch?.channels.find((status) => status.channel === channel) ?? null;
}

/** Why a channel's newest sample lacks a figure, if it does and says so. */
export function whyMissing(batch: CurrentMetrics | null, channel: string, field: string): Reason | null {
	if (batch === null) return null;
	const { cpu, memory, disk, network } = batch;
	const samples = { "system/cpu": cpu, "system/memory": memory, "system/disk": disk, "system/network": network };
	const gpu = () => batch.gpu.find((one) => gpuChannel(one.gpu_id) === channel);
	const sample = channel in samples ? samples[channel as keyof typeof samples] : gpu();
	return sample?.missing[field] ?? null;
}

/** What each channel of the batch says. */
export function readings(batch: CurrentMetrics): ChannelReading[] {
	const reasons = new Map(batch.channels.map((status) => [status.channel, status.reason]));
	const out: ChannelReading[] = [];
	const add = (channel: string, sample: object & { timestamp: number }) =>
		out.push({
			channel,
			timestamp: sample.timestamp,
			reason: reasons.get(channel) ?? null,
			each: (put) => figures(sample, put, CODES),
		});
	const { cpu, memory, disk, network } = batch;
	for (const gpu of batch.gpu) add(gpuChannel(gpu.gpu_id), gpu);
	if (cpu) add("system/cpu", cpu);
	if (memory) add("system/memory", memory);
	if (disk) add("system/disk", disk);
	if (network) add("system/network", network);
	return out;
}
