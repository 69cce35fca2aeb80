// The hour in columns: one append for all, bounded whatever the interval, holes seen and filled.
import { describe, expect, it } from "vitest";
import { HOUR } from "../base/time";
import type { CurrentMetrics, HistoryGap } from "../bindings";
import type { Past } from "../host/host";
import { COLUMNS_BEFORE_INTERFACES, History, MOST_COLUMNS, MOST_ROWS } from "./history";
import { batch, figures, packed, withoutGpus } from "./testing";

const START = 1_700_000_000_000;

function filled(rows: number, step = 2000): History {
	const history = new History();
	for (let i = 1; i <= rows; i++)
		history.append(batch({ tick: i, timestamp: START + i * step, cpu: i % 100, interval: step / 1000 }));
	return history;
}

const cpu = (history: History) => figures(history, "system/cpu", "utilization") ?? [];

function answer(times: number[], values: (number | null)[], gaps: HistoryGap[] = []): Past {
	return {
		timestamps: times,
		series: [{ channel: "system/cpu", field: "utilization", values: packed(values) }],
		gaps,
	};
}

describe("append", () => {
	it("keeps each figure of each channel under the core's own name for it", () => {
		const history = filled(3);
		expect(cpu(history)).toEqual([1, 2, 3]);
		for (const [channel, field, value] of [
			["system/gpu/GPU-1", "temperature", 60],
			["system/cpu", "per_core/1", 3],
			["system/disk", "devices/sda/write_rate", 2],
			["system/network", "interfaces/lo/upload_rate", 9],
		] as const) {
			expect(history.figure(channel, field, 2), field).toBe(value);
		}
	});

	it("holds an hour at two seconds and drops what is older", () => {
		const history = filled(3000);
		expect(history.rows).toBeGreaterThanOrEqual(1801);
		expect(history.rows).toBeLessThanOrEqual(1801 + 64);
		expect((history.last ?? 0) - (history.times[0] ?? 0)).toBeLessThanOrEqual(HOUR + 64 * 2000);
		expect(cpu(history)).toHaveLength(history.rows);
		expect(cpu(history).at(-1)).toBe(0);
	});

	it.each([10, 60])("holds little more than an hour at %d seconds too", (seconds) => {
		const history = new History();
		let longest = 0;
		for (let tick = 1; tick * seconds < 4 * 3600; tick++) {
			history.append(batch({ tick, timestamp: START + tick * seconds * 1000, interval: seconds }));
			longest = Math.max(longest, (history.last ?? 0) - (history.times[0] ?? 0));
		}
		expect(longest).toBeLessThanOrEqual(HOUR + 4 * 60_000);
		expect((history.last ?? 0) - (history.times[0] ?? 0)).toBeGreaterThanOrEqual(HOUR);
	});

	it("knows what is older than the hour, and what was before it began", () => {
		const young = filled(3);
		expect([-1, 1].map((hours) => young.isForgotten(START + hours * HOUR))).toEqual([true, false]);
		expect(young.isForgotten(START)).toBe(false);
		const old = filled(3000);
		expect([0, 1, 1800].map((row) => old.isForgotten(old.times[row] as number))).toEqual([false, false, false]);
		expect(old.isForgotten(START + 2000)).toBe(true);
	});

	it("is bounded at the shortest interval too", () => {
		const history = filled(MOST_ROWS + 500, 500);
		expect(history.rows).toBeLessThanOrEqual(MOST_ROWS + 64);
		for (const { values } of history.columns) {
			expect(values).toHaveLength(MOST_ROWS + 64);
			expect(values.subarray(history.rows).every(Number.isNaN), "nothing is left of what was dropped").toBe(true);
		}
	});

	it("takes the same tick again as more of the same row", () => {
		const history = filled(2);
		const late = batch({ tick: 2, timestamp: START + 4000, cpu: 77 });
		expect(history.append({ ...late, cpu: late.cpu && { ...late.cpu, timestamp: START + 4050 } })).toBe("filled");
		expect(history.rows).toBe(2);
		expect(cpu(history)).toEqual([1, 77]);
	});

	it("does not repeat the last sample of a channel that is stale, and opens and ends its gap", () => {
		const history = filled(2);
		const stale = { channel: "system/cpu", since: START + 4000, reason: "not_answering" } as const;
		for (const i of [3, 4]) history.append(batch({ tick: i, timestamp: START + i * 2000, cpu: 2, stale }));
		expect(cpu(history)).toEqual([1, 2, null, null]);
		expect(history.gapAt("system/cpu", START + 7000)?.reason).toBe("not_answering");
		expect(history.gapAt("system/memory", START + 7000)).toBeNull();
		history.append(batch({ tick: 5, timestamp: START + 10_000, cpu: 5 }));
		expect(cpu(history)).toEqual([1, 2, null, null, 5]);
		expect(history.gapAt("system/cpu", START + 12_000)).toBeNull();
	});

	it("has a gap for a device that is asked and says nothing, and a new one for a new reason", () => {
		const history = filled(2);
		for (const [i, reason] of [
			[3, "lost"],
			[4, "lost"],
			[5, "asleep"],
			[6, null],
		] as const) {
			const one = batch({ tick: i, timestamp: START + i * 2000 });
			const gpu = one.gpu.map((known) => (reason ? { ...known, utilization: null } : known));
			const channels = one.channels.map((status) =>
				status.channel.startsWith("system/gpu") ? { ...status, reason } : status,
			);
			history.append({ ...one, gpu, channels });
		}
		const gaps = history.gaps.map(({ from, to, reason }) => [(from - START) / 2000, to && (to - START) / 2000, reason]);
		expect(gaps).toEqual([
			[2, 4, "lost"],
			[4, 6, "asleep"],
		]);
	});

	it("ends the gap of all GPUs with the first of them, and opens it when none is left, as the core does", () => {
		const history = new History();
		const absent = { channel: "system/gpu", from: START, to: null, reason: "absent" } as const;
		history.merge(answer([START, START + 2000], [1, 1], [absent]));
		const at = (tick: number) => batch({ tick, timestamp: START + tick * 2000 });
		const gaps = () =>
			history.gaps.map(({ from, to, reason }) => [(from - START) / 2000, to && (to - START) / 2000, reason]);
		history.append(withoutGpus(at(2), "absent"));
		expect(gaps()).toEqual([[0, null, "absent"]]);
		history.append(withoutGpus(at(3), "starting"));
		expect(gaps(), "a driver was loaded").toEqual([[0, 3, "absent"]]);
		history.append(at(4));
		expect(history.gapAt("system/gpu/GPU-1", START + 8000)).toBeNull();
		history.append(withoutGpus(at(5), "lost"));
		history.append(withoutGpus(at(6), "lost"));
		expect(history.gapAt("system/gpu/GPU-1", START + 12_000)?.reason).toBe("lost");
		history.append(at(7));
		expect(gaps()).toEqual([
			[0, 3, "absent"],
			[4, 7, "lost"],
		]);
	});

	it("forgets what is gone an hour after it was there, also where the clock was ahead then", () => {
		const history = filled(2);
		history.append(batch({ tick: 3, timestamp: START + 365 * 86_400_000 }));
		const known = () => history.values("system/gpu/GPU-1", "utilization") !== undefined;
		history.merge(answer([START + 6000], [1]), true);
		for (let i = 0; i < 200; i++) {
			const one = batch({ tick: 4 + i, timestamp: START + 8000 + i * 60_000, interval: 60 });
			history.append(withoutGpus(one, "absent"));
			if (i < 2) expect(known()).toBe(true);
		}
		expect(known()).toBe(false);
	});

	it("ends the gap of a GPU that is not there any more", () => {
		const history = filled(2);
		const lost = batch({ tick: 3, timestamp: START + 6000 });
		const channels = lost.channels.map((status) =>
			status.channel.startsWith("system/gpu") ? { ...status, reason: "lost" as const } : status,
		);
		history.append({ ...lost, gpu: lost.gpu.map((gpu) => ({ ...gpu, utilization: null })), channels });
		const without = batch({ tick: 4, timestamp: START + 8000 });
		const others = without.channels.filter((status) => !status.channel.startsWith("system/gpu"));
		history.append({ ...without, gpu: [], channels: others });
		expect(history.gaps.map(({ to, reason }) => [to, reason])).toEqual([[START + 8000, "lost"]]);
	});

	it("has no gap of GPUs as a whole while one driver hangs and another knows a GPU", () => {
		const history = new History();
		for (const tick of [0, 1, 2]) {
			const one = batch({ tick, timestamp: START + tick * 2000 });
			const [first] = one.channels as [CurrentMetrics["channels"][number]];
			history.append({
				...one,
				channels: [...one.channels, { ...first, channel: "system/gpu", reason: "not_answering" }],
			});
		}
		expect(history.gaps).toEqual([]);
		history.append(withoutGpus(batch({ tick: 3, timestamp: START + 6000 }), "not_answering"));
		expect(history.gaps.map(({ channel, reason }) => [channel, reason])).toEqual([["system/gpu", "not_answering"]]);
	});

	it("makes no column for figures that are never there, nor takes one away that came earlier in a tick", () => {
		const history = filled(3);
		expect(history.values("system/cpu", "temperature")).toBeUndefined();
		const again = batch({ tick: 3, timestamp: START + 6000 });
		history.append({ ...again, cpu: again.cpu && { ...again.cpu, utilization: null, timestamp: START + 6050 } });
		expect(cpu(history)).toEqual([1, 2, 3]);
		const warm = batch({ tick: 4, timestamp: START + 8000 });
		history.append({ ...warm, cpu: warm.cpu && { ...warm.cpu, temperature: 50 } });
		expect(figures(history, "system/cpu", "temperature")).toEqual([null, null, null, 50]);
	});

	it("keeps so many columns at the most, whatever interfaces come and go, and those in use always", () => {
		const history = new History();
		const named = (tick: number, names: string[]) => {
			const one = batch({ tick, timestamp: START + tick * 2000, cpu: 7 });
			const [model] = one.network?.interfaces ?? [];
			if (one.network && model) one.network.interfaces = names.map((name) => ({ ...model, name }));
			history.append(one);
		};
		// Seven figures each: nearly three times as many as there is room for.
		const LAST = 1200;
		for (let tick = 1; tick <= LAST; tick++) {
			named(tick, ["eth0", `veth${tick}`]);
			expect(history.columns.length).toBeLessThanOrEqual(COLUMNS_BEFORE_INTERFACES);
		}
		const of = (name: string) => figures(history, "system/network", `interfaces/${name}/upload_rate`);
		expect(of(`veth${LAST}`)?.at(-1)).toBe(3);
		expect(of(`veth${LAST - 400}`)?.filter((value) => value !== null)).toEqual([3]);
		expect(of(`veth${LAST - 500}`), "the longest without a figure goes first").toBeUndefined();
		expect(new Set(of("eth0"))).toEqual(new Set([3]));
		const crowd = Array.from({ length: 1000 }, (_, at) => `tap${at}`);
		for (let tick = 1; tick <= 12; tick++) named(LAST + tick, ["eth0", ...crowd]);
		expect(history.columns).toHaveLength(COLUMNS_BEFORE_INTERFACES);
		expect(new Set(of("eth0"))).toEqual(new Set([3]));
		const [last, before] = [history.rows - 1, history.rows - 2];
		const anew = history.columns.filter(({ values }) => values[last] === 3 && Number.isNaN(values[before]));
		expect(anew, "none takes the place of another that is in use").toEqual([]);
		const tick = LAST + 12;
		const again = batch({ tick, timestamp: START + tick * 2000 });
		history.append({ ...again, gpu: again.gpu.map((gpu) => ({ ...gpu, gpu_id: "GPU-late" })) });
		const late = () => figures(history, "system/gpu/GPU-late", "utilization")?.filter((value) => value !== null);
		expect(late(), "all else has room, also in a row that has none for interfaces").toHaveLength(1);
		for (let more = 1; more <= 12; more++) named(tick + more, ["eth0", ...crowd]);
		expect(late(), "and keeps it while it sleeps").toHaveLength(1);
	});

	it("says when rows are missing, and leaves a break", () => {
		const history = filled(2);
		expect(history.append(batch({ tick: 9, timestamp: START + 60_000, cpu: 9 }))).toBe("jump");
		expect(cpu(history)).toEqual([1, 2, null, 9]);
	});

	it("takes no step for a hole that an interval lasted which was in force meanwhile", () => {
		const history = filled(3, 60_000);
		const last = START + 180_000;
		const next = (tick: number, after: number, interval: number) =>
			history.append(batch({ tick, timestamp: last + after, interval }));
		expect(next(3, 0, 2), "the newest row again, at the shorter interval").toBe("filled");
		expect(next(4, 50_000, 2)).toBe("appended");
		expect(next(5, 52_000, 2)).toBe("appended");
		expect(next(6, 60_000, 2), "the longer one is over").toBe("jump");
		expect(history.rows).toBe(7);
	});

	it("stays in order when the clock is set back", () => {
		const history = filled(5);
		expect(history.append(batch({ tick: 6, timestamp: START + 5000, cpu: 6 }))).toBe("jump");
		expect([...history.times]).toEqual([...history.times].sort((a, b) => a - b));
		expect(cpu(history).at(-1)).toBe(6);
	});
});

describe("merge", () => {
	it("fills what was missed and keeps what came meanwhile", () => {
		const history = filled(2);
		history.append(batch({ tick: 6, timestamp: START + 12_000, cpu: 6 }));
		history.merge(
			answer(
				[4000, 6000, 8000, 10_000].map((ms) => START + ms),
				[2, 3, 4, 5],
			),
		);
		expect(history.times.map((time) => time - START)).toEqual([2000, 4000, 6000, 8000, 10_000, 12_000]);
		expect(cpu(history)).toEqual([1, 2, 3, 4, 5, 6]);
	});

	it("keeps what a batch said of a row that was still being sampled when the answer was put together", () => {
		const history = filled(3);
		history.merge(
			answer(
				[2000, 4000, 6000].map((ms) => START + ms),
				[1, 2, null],
			),
		);
		expect(cpu(history)).toEqual([1, 2, 3]);
		expect(figures(history, "system/memory", "ram_used")).toEqual([null, null, 1024]);
	});

	it("keeps no more columns than it may have, and those that the answer has", () => {
		const history = filled(2);
		const series = (prefix: string) =>
			Array.from({ length: MOST_COLUMNS }, (_, at) => ({
				...(answer([], [9, 9]).series[0] as Past["series"][number]),
				field: `per_core/${prefix}${at}`,
			}));
		history.merge({ timestamps: [START + 2000, START + 4000], series: series("a"), gaps: [] });
		history.merge({ timestamps: [START + 6000, START + 8000], series: series("b"), gaps: [] });
		expect(history.columns).toHaveLength(MOST_COLUMNS);
		expect(history.values("system/cpu", "per_core/a0")).toBeUndefined();
		expect(figures(history, "system/cpu", "per_core/b4095")).toEqual([null, null, 9, 9]);
	});

	it("takes the core's gaps with their reasons", () => {
		const history = new History();
		const gap = { channel: "system/cpu", from: START + 4000, to: START + 8000, reason: "suspended" } as const;
		history.merge(
			answer(
				[2000, 4000, 8000].map((ms) => START + ms),
				[1, null, 3],
				[gap],
			),
		);
		expect(history.gapAt("system/cpu", START + 6000)?.reason).toBe("suspended");
	});

	it("keeps the figures of a device that is gone for an hour, and no longer", () => {
		const times = Array.from({ length: 1800 }, (_, at) => START + at * 2000);
		const all = answer(
			times,
			times.map(() => 50),
		);
		const gone = { ...all.series[0], channel: "system/gpu/GPU-gone" } as Past["series"][number];
		const history = new History();
		history.merge({ ...all, series: [...all.series, gone] });
		const goesOn = (from: number, to: number) => {
			for (let tick = from; tick < to; tick++) history.append(batch({ tick, timestamp: START + tick * 2000, cpu: 50 }));
		};
		goesOn(1800, 2000);
		expect(history.rows, "some rows were dropped").toBeLessThan(2000);
		expect(
			figures(history, "system/gpu/GPU-gone", "utilization")?.filter((value) => value !== null).length,
		).toBeGreaterThan(1500);
		goesOn(2000, 3800);
		expect(history.values("system/gpu/GPU-gone", "utilization")).toBeUndefined();
		const alone = new History();
		alone.append(batch({ tick: 1, timestamp: START, cpu: 50 }));
		expect(history.columns, "nothing of it is kept").toHaveLength(alone.columns.length);
	});

	it("replaces all but newer rows with an answer that is whole", () => {
		const history = filled(5);
		history.gaps.push({ channel: "system/cpu", from: START, to: START + 2000, reason: "suspended" });
		history.merge(answer([START + 7000, START + 9000], [8, 9]), true);
		expect([history.times.map((time) => time - START), cpu(history)]).toEqual([
			[7000, 9000, 10_000],
			[8, 9, 5],
		]);
		expect(history.gaps).toEqual([]);
	});

	it("merging the same answer twice changes nothing", () => {
		const history = filled(5);
		const same = answer([...history.times], [...cpu(history)]);
		history.merge(same);
		history.merge(same);
		expect(cpu(history)).toEqual([1, 2, 3, 4, 5]);
	});

	it("has room for the axis in all columns and nothing beyond it, whatever comes in which order", () => {
		// A small generator with a fixed seed: the same thousand steps each time.
		let seed = 42;
		const random = (below: number) => {
			seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
			return seed % below;
		};
		const history = new History();
		let time = START;
		for (let tick = 1; tick <= 1000; tick++) {
			time += random(10) === 0 ? -random(20_000) : random(9000);
			if (random(7) === 0) {
				const times = [0, 1, 2].map((i) => time - 6000 + i * 2000);
				history.merge(answer(times, [random(100), null, random(100)]));
			} else history.append(batch({ tick, timestamp: time, cpu: random(100) }));
			const rising = history.times.every((at, i) => i === 0 || at > (history.times[i - 1] as number));
			expect(rising, `times rise after tick ${tick}`).toBe(true);
			for (const { values } of history.columns) {
				expect(values.length).toBeGreaterThanOrEqual(history.rows);
				expect(values.subarray(history.rows).every(Number.isNaN), `after tick ${tick}`).toBe(true);
			}
		}
	});
});
