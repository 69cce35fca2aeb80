// What stands at a time of its own learns by how much the clock was set, and of nothing else that breaks a line.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Monitor } from "./monitor.svelte";
import { batch, following, sending } from "./testing";

const START = 1_700_000_000_000;
const DAY = 86_400_000;

let monitor: Monitor;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
	monitor.stop();
	vi.useRealTimers();
});

/** Rows every two seconds, then one at the next tick so many ms later; the core answers with `times` from then on. */
async function told(later: number, times: (before: number[], next: number) => number[]): Promise<number[]> {
	const before = [1, 2, 3].map((tick) => START + tick * 2000);
	let rows = before;
	const { host, emit } = sending({
		current: async () => batch({ tick: 3, timestamp: START + 6000 }),
		history: async () => ({ timestamps: rows, series: [], gaps: [] }),
	});
	monitor = following(host);
	const moved: number[] = [];
	monitor.onMoved((by) => moved.push(by));
	await vi.advanceTimersByTimeAsync(2000);
	expect(monitor.history.times).toEqual(before);
	const next = START + 8000 + later;
	rows = times(before, next);
	emit(batch({ tick: 4, timestamp: next }));
	await vi.advanceTimersByTimeAsync(0);
	expect(monitor.history.times).toEqual(rows);
	return moved;
}

it.each([DAY, -DAY, 3_600_000, 3000, -1500, -3000])("says by how much, when it was set by %s ms", async (by) => {
	expect(await told(by, (before, next) => [...before.map((time) => time + by), next])).toEqual([by]);
});

it("says nothing after a suspend, whose rows stay where they were", async () => {
	expect(await told(DAY / 48, (before, next) => [...before, START + 6001, next])).toEqual([]);
});

it("says nothing where the row before is not known any more", async () => {
	expect(await told(DAY, (_, next) => [next])).toEqual([]);
	monitor.stop();
	expect(await told(DAY, (_, next) => [next - 4000, next + 2000])).toEqual([]);
});

it("says so after an answer that was on its way when it was set", async () => {
	const rows = [2000, 4000, 6000].map((after) => START + after);
	let answers: ((times: number[]) => void)[] = [];
	const { host, emit } = sending({
		current: async () => batch({ tick: 3, timestamp: START + 6000 }),
		history: () => new Promise((answer) => answers.push((timestamps) => answer({ timestamps, series: [], gaps: [] }))),
	});
	monitor = following(host);
	const moved: number[] = [];
	monitor.onMoved((by) => moved.push(by));
	await vi.advanceTimersByTimeAsync(2000);
	emit(batch({ tick: 4, timestamp: START + 8000 + DAY }));
	answers[0]?.(rows);
	await vi.advanceTimersByTimeAsync(2000);
	expect(moved).toEqual([]);
	answers = [];
	emit(batch({ tick: 5, timestamp: START + 10_000 + DAY }));
	await vi.advanceTimersByTimeAsync(0);
	answers[0]?.([...rows, START + 8000, START + 10_000].map((time) => time + DAY));
	await vi.advanceTimersByTimeAsync(0);
	expect(moved).toEqual([DAY]);
});

it("says nothing where history was ahead of the batches", async () => {
	const rows = [2000, 4000, 6000, 8000, 10_000].map((after) => START + after);
	const { host, emit } = sending({
		current: async () => batch({ tick: 3, timestamp: START + 6000 }),
		history: async () => ({ timestamps: rows, series: [], gaps: [] }),
	});
	monitor = following(host);
	const moved = vi.fn();
	monitor.onMoved(moved);
	await vi.advanceTimersByTimeAsync(2000);
	expect(monitor.history.times).toEqual(rows);
	emit(batch({ tick: 4, timestamp: START + 8000 }));
	await vi.advanceTimersByTimeAsync(2000);
	expect(monitor.history.times).toEqual(rows);
	expect(moved).not.toHaveBeenCalled();
});
