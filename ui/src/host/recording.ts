// A recorded `telltale-agent watch` (NDJSON, one line per channel and tick) as the batches that were once sent.
import type { CpuMetrics, CurrentMetrics, DiskMetrics, GpuMetrics, MemoryMetrics, NetworkMetrics } from "../bindings";

/** One line: a channel's payload. */
type Line = { channel: string; timestamp: number };

function empty(tick: number, timestamp: number): CurrentMetrics {
	return { gpu: [], cpu: null, memory: null, disk: null, network: null, channels: [], tick, timestamp, interval: 2 };
}

function put(batch: CurrentMetrics, line: Line): void {
	const { channel, timestamp } = line;
	batch.channels.push({ channel, timestamp, age: 0, reason: null, detail: null });
	const payload: unknown = line;
	if (channel.startsWith("system/gpu/")) batch.gpu.push(payload as GpuMetrics);
	else if (channel === "system/cpu") batch.cpu = payload as CpuMetrics;
	else if (channel === "system/memory") batch.memory = payload as MemoryMetrics;
	else if (channel === "system/disk") batch.disk = payload as DiskMetrics;
	else if (channel === "system/network") batch.network = payload as NetworkMetrics;
}

/** Reads a whole recording. Lines of one tick stand together: a channel that comes again begins the next. */
export function parse(text: string): CurrentMetrics[] {
	const batches: CurrentMetrics[] = [];
	for (const raw of text.split("\n")) {
		if (!raw.trim()) continue;
		const line = JSON.parse(raw) as Line;
		let batch = batches.at(-1);
		if (!batch || batch.channels.some((known) => known.channel === line.channel)) {
			batch = empty(batches.length + 1, line.timestamp);
			batches.push(batch);
		}
		put(batch, line);
	}
	const steps = batches.slice(1).map((batch, at) => batch.timestamp - (batches[at] as CurrentMetrics).timestamp);
	const usual = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 2000;
	for (const batch of batches) batch.interval = Math.max(0.5, Math.round(usual / 100) / 10);
	return batches;
}

/** The same batch at another time and tick. */
export function moved(batch: CurrentMetrics, tick: number, timestamp: number): CurrentMetrics {
	const now = <T extends { timestamp: number }>(sample: T | null) => sample && { ...sample, timestamp };
	return {
		...batch,
		gpu: batch.gpu.map((gpu) => ({ ...gpu, timestamp })),
		cpu: now(batch.cpu),
		memory: now(batch.memory),
		disk: now(batch.disk),
		network: now(batch.network),
		channels: batch.channels.map((status) => ({ ...status, timestamp })),
		tick,
		timestamp,
	};
}
