// A recording of the agent, read and played as if it were live.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Refused } from "./host";
import { parse } from "./recording";
import { Player } from "./replay";

const line = (channel: string, timestamp: number, more: object) =>
	JSON.stringify({ channel, time: "…", ...more, timestamp });
const text = [1, 2, 3]
	.flatMap((tick) => [
		line("system/gpu/GPU-1", tick * 500, { gpu_id: "GPU-1", index: 0, utilization: tick }),
		line("system/cpu", tick * 500 + 3, { utilization: 10 * tick, per_core: [tick], core_ids: [4] }),
	])
	.join("\n");

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("puts the lines of a tick together", () => {
	const batches = parse(`${text}\n`);
	expect(batches.map((batch) => batch.cpu?.utilization)).toEqual([10, 20, 30]);
	expect(batches.map((batch) => batch.gpu.length)).toEqual([1, 1, 1]);
	expect(batches[0]?.interval).toBe(0.5);
});

it("plays from its end over to its start, at the recorded pace", async () => {
	const player = new Player(parse(text));
	const seen: (number | null | undefined)[] = [(await player.current()).cpu?.utilization];
	await player.subscribe((batch) => seen.push(batch.cpu?.utilization));
	await vi.advanceTimersByTimeAsync(1500);
	expect(seen).toEqual([30, 10, 20, 30]);
});

it("has the recording as its history, ending now", async () => {
	const player = new Player(parse(text));
	const { timestamps, series } = await player.history({});
	expect(timestamps.at(-1)).toBe(Date.now());
	expect(timestamps).toHaveLength(3);
	expect(series.find((one) => one.field === "per_core/4")?.values).toEqual(new Float64Array([1, 2, 3]));
	expect((await player.history({ since: Date.now() })).timestamps).toHaveLength(1);
});

it("refuses what the core refuses", async () => {
	await expect(new Player(parse(text)).update({ interval: 0 })).rejects.toThrow(Refused);
});
