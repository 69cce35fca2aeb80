// Live, Polling, Stalled, as the contract has it, under fake time: never two timers, never two calls.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { CurrentMetrics } from "../bindings";
import { Connection, type ConnectionState, silence } from "./connection";
import { batch } from "./testing";

let tick = 0;
const next = (interval = 2) => batch({ tick: ++tick, timestamp: 1_000 * tick, interval });

/** A core whose answers the test gives, with the most calls that were ever in flight. */
class Core {
	calls = 0;
	inFlight = 0;
	most = 0;
	answer: "ok" | "refuse" | "hang" = "ok";
	/** Lets a call that hangs go on, to whatever the answer is by then. */
	release = () => {};
	interval = 2;

	ask = async (): Promise<CurrentMetrics> => {
		this.calls += 1;
		this.inFlight += 1;
		this.most = Math.max(this.most, this.inFlight);
		if (this.answer === "hang")
			await new Promise<void>((go) => {
				this.release = go;
			});
		this.inFlight -= 1;
		if (this.answer === "refuse") throw new Error("refused");
		return next(this.interval);
	};
}

let core: Core;
let states: ConnectionState[];
let batches: number;
let link: Connection;

beforeEach(() => {
	vi.useFakeTimers();
	core = new Core();
	states = [];
	batches = 0;
	link = new Connection(core.ask, {
		batch: () => {
			batches += 1;
		},
		state: (state) => states.push(state),
	});
	link.start();
});

afterEach(() => {
	link.stop();
	vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it("takes three intervals, but never less than three seconds, for silence", () => {
	expect([0.5, 1, 2, 60].map(silence)).toEqual([3000, 3000, 6000, 180_000]);
});

it("stays live and asks for nothing while events come", async () => {
	for (let i = 0; i < 100; i++) {
		await pass(2000);
		link.event(next());
	}
	expect(states).toEqual([]);
	expect(core.calls).toBe(0);
	expect(batches).toBe(100);
	expect(vi.getTimerCount()).toBe(1);
});

it("polls once per interval when no event came for three of them, and the values go on", async () => {
	link.event(next());
	await pass(5999);
	expect(states).toEqual([]);
	await pass(1);
	expect(states).toEqual(["polling"]);
	expect(core.calls).toBe(1);
	await pass(10_000);
	expect(core.calls).toBe(6);
	expect(batches).toBe(7);
	expect(vi.getTimerCount()).toBe(1);
});

it("follows the interval that the batch names", async () => {
	link.event(next(0.5));
	core.interval = 0.5;
	await pass(3000);
	expect(states).toEqual(["polling"]);
	await pass(2000);
	expect(core.calls).toBe(5);
});

it("follows an interval that it is told of: events have as long again, and polls come as often", async () => {
	link.event(next());
	await pass(1000);
	link.pace(60);
	await pass(178_999);
	expect(states).toEqual([]);
	link.pace(0.5);
	await pass(2999);
	expect(states).toEqual([]);
	await pass(1);
	expect(states).toEqual(["polling"]);
	core.interval = 60;
	link.pace(60);
	await pass(59_999);
	expect(core.calls).toBe(1);
	await pass(1);
	expect(core.calls).toBe(2);
	expect(vi.getTimerCount()).toBe(1);
	link.stop();
	link.pace(2);
	expect(vi.getTimerCount()).toBe(0);
});

it("is stalled after three refused polls, and back to polling with the first answer", async () => {
	core.answer = "refuse";
	await pass(6000 + 2 * 2000);
	expect(core.calls).toBe(3);
	expect(states).toEqual(["polling", "stalled"]);
	await pass(2000);
	expect(core.calls).toBe(4);
	core.answer = "ok";
	await pass(2000);
	expect(states).toEqual(["polling", "stalled", "polling"]);
});

it("never has two calls in flight, and counts a call that hangs as failing", async () => {
	core.answer = "hang";
	await pass(6000 + 10 * 2000);
	expect(core.calls).toBe(1);
	expect(core.most).toBe(1);
	expect(states).toEqual(["polling", "stalled"]);
	expect(vi.getTimerCount()).toBe(1);
});

it("counts a poll that is refused late as one that failed", async () => {
	core.answer = "hang";
	await pass(6000 + 2000);
	core.answer = "refuse";
	core.release();
	await pass(0);
	expect([core.calls, states]).toEqual([1, ["polling"]]);
	await pass(2000);
	expect([core.calls, states]).toEqual([2, ["polling"]]);
	await pass(2000);
	expect([core.calls, states]).toEqual([3, ["polling", "stalled"]]);
});

it("goes live with the first event, and polls no more", async () => {
	await pass(8000);
	expect(core.calls).toBe(2);
	link.event(next());
	expect(states).toEqual(["polling", "live"]);
	await pass(5999);
	expect(core.calls).toBe(2);
	await pass(1);
	expect(states).toEqual(["polling", "live", "polling"]);
});

it.each(["ok", "refuse"] as const)("is not changed by a poll that an event overtook: late %s", async (late) => {
	core.answer = "hang";
	await pass(6000);
	expect([core.inFlight, states]).toEqual([1, ["polling"]]);
	link.event(next());
	core.answer = late;
	core.release();
	await pass(0);
	expect([core.inFlight, batches, states]).toEqual([0, 1, ["polling", "live"]]);
	// Nor is it one of the three that fail before a stall.
	core.answer = "refuse";
	await pass(6000 + 2000);
	expect([core.calls, states.at(-1)]).toEqual([3, "polling"]);
	await pass(2000);
	expect([core.calls, states.at(-1)]).toEqual([4, "stalled"]);
});

it("goes on polling when somebody looks again, at once and without a second call", async () => {
	await pass(6000);
	link.stop();
	await pass(60_000);
	expect(core.calls).toBe(1);
	link.start();
	expect(core.calls).toBe(2);
	await pass(2000);
	expect([core.calls, states]).toEqual([3, ["polling"]]);
	core.answer = "hang";
	await pass(2000);
	link.stop();
	link.start();
	expect([core.calls, core.most, vi.getTimerCount()]).toEqual([4, 1, 1]);
	core.answer = "refuse";
	core.release();
	await pass(4000);
	expect(states).toEqual(["polling", "stalled"]);
	link.stop();
	link.start();
	expect(states.at(-1)).toBe("stalled");
	link.event(next());
	expect(states.at(-1)).toBe("live");
});

it("asks for nothing while nobody looks, and gives events time when somebody looks again", async () => {
	link.stop();
	await pass(3_600_000);
	expect(core.calls).toBe(0);
	expect(vi.getTimerCount()).toBe(0);
	link.start();
	await pass(5999);
	expect(states).toEqual([]);
	await pass(1);
	expect(states).toEqual(["polling"]);
});
