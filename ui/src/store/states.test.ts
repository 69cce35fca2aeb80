// States become runs: each row once, the last one again, and what was not sampled with its reason.
import { expect, it } from "vitest";
import { type CurrentMetrics, GPU_STATES, type GpuState } from "../bindings";
import { History } from "./history";
import { StateRuns } from "./states";
import { batch, packed } from "./testing";

const GPU = "system/gpu/GPU-1";
let history: History;

function sample(second: number, state: GpuState | null): CurrentMetrics {
	const one = batch({ tick: second, timestamp: second * 1000, interval: 1 });
	return { ...one, gpu: one.gpu.map((gpu) => ({ ...gpu, state })) };
}

function runs(...states: (GpuState | null)[]): StateRuns {
	history = new History();
	const made = new StateRuns(history, GPU);
	for (const [at, state] of states.entries()) {
		history.append(sample(at + 1, state));
		made.update();
	}
	return made;
}

const short = (made: StateRuns) =>
	made.runs.map(({ from, to, state, reason }) => [from / 1000, to / 1000, state ?? reason]);

it("joins samples of one state, each standing for the time since the one before", () => {
	const made = runs("idle", "idle", "power_cap", "power_cap", null, "idle");
	expect(short(made)).toEqual([
		[1, 2, "idle"],
		[2, 4, "power_cap"],
		[4, 5, null],
		[5, 6, "idle"],
	]);
	expect(made.at(3000)?.state).toBe("power_cap");
	expect(made.at(500)).toBeNull();
	expect(made.at(6001)).toBeNull();
});

it("is the same run by run as all at once, and takes the last row again when it was late", () => {
	const states = Array.from({ length: 200 }, (_, at) => GPU_STATES[(at * at) % 7] ?? null);
	const made = runs(...states);
	const anew = new StateRuns(history, GPU);
	anew.update();
	expect(made.runs).toEqual(anew.runs);
	made.update();
	expect(made.runs).toEqual(anew.runs);
	history.values(GPU, "state")?.set([GPU_STATES.indexOf("power_brake")], history.rows - 1);
	made.update();
	expect(made.runs.at(-1)).toEqual({ from: 199_000, to: 200_000, state: "power_brake", reason: null });
});

it("shows a hole as one, with the reason that the history has", () => {
	const made = runs("idle", "idle", "idle");
	history.gaps.push({ channel: GPU, from: 3000, to: 100_000, reason: "suspended" });
	history.append(sample(100, "idle"));
	made.update();
	history.gaps.push({ channel: GPU, from: 100_000, to: 150_000, reason: "suspended" });
	history.append(sample(150, "idle"));
	made.update();
	expect(short(made)).toEqual([
		[1, 3, "idle"],
		[3, 99, "suspended"],
		[99, 100, "idle"],
		[100, 149, "suspended"],
		[149, 150, "idle"],
	]);
});

it("does not take a longer interval for a hole", () => {
	const made = runs("idle", "idle");
	for (const [second, interval] of [
		[12, 10],
		[22, 10],
		[30, 1],
		[31, 1],
	] as const) {
		history.append({ ...sample(second, "idle"), interval });
		made.update();
	}
	expect(short(made)).toEqual([[1, 31, "idle"]]);
});

it("goes through the hour anew when it was filled from the core", () => {
	const made = runs("idle");
	const series = { channel: GPU, field: "state", values: packed([5, 5, 1]) };
	history.merge({ timestamps: [1000, 2000, 3000], series: [series], gaps: [] });
	made.update();
	expect(short(made)).toEqual([
		[1, 2, "power_cap"],
		[2, 3, "running_free"],
	]);
});

it("forgets what the history dropped", () => {
	history = new History();
	const made = new StateRuns(history, GPU);
	for (let second = 1; second <= 4000; second++) {
		history.append(sample(second, second % 2 === 0 ? "idle" : "power_cap"));
		made.update();
	}
	const oldest = history.times[0] as number;
	expect(oldest).toBeGreaterThan(300_000);
	expect(made.runs[0]?.to).toBeGreaterThanOrEqual(oldest);
	expect(made.runs.length).toBeLessThanOrEqual(history.rows);
	expect(made.runs.at(-1)).toMatchObject({ to: 4_000_000, state: "idle" });
});
