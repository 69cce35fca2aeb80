// The store as a whole, over a host that is a test's: filled when it opens, and again after each hole.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { CurrentMetrics, HistoryQuery, Settings, SystemInfo } from "../bindings";
import { DEFAULTS, type Host, type Past, Refused } from "../host/host";
import { Monitor } from "./monitor.svelte";
import { batch, figures, gpuDetails, packed } from "./testing";

const START = 1_700_000_000_000;
const SETTINGS = DEFAULTS;

/** A core that samples every two seconds of fake time and remembers all of it. */
class Core implements Host {
	listener: ((batch: CurrentMetrics) => void) | null = null;
	queries: HistoryQuery[] = [];
	historyFails = 0;
	/** By how much the clock was set, ms: all rows move along. */
	shift = 0;
	settingsInForce = SETTINGS;
	fields = [];
	verdict = async () => null;
	gpuDetails = async () => gpuDetails();
	save = async () => null;
	saving = async () => () => undefined;
	cancelSave = async () => undefined;
	report = async () => undefined;
	paused = async () => () => undefined;
	desktop = async () => ({ tray: true });
	quit = async () => undefined;
	label = null;

	tick = () => Math.floor((Date.now() - START) / 2000);
	time = (tick: number) => START + tick * 2000 + this.shift;
	at = (tick: number) => batch({ tick, timestamp: this.time(tick), cpu: tick % 100 });
	emit = () => this.listener?.(this.at(this.tick()));
	async subscribe(listener: (batch: CurrentMetrics) => void) {
		this.listener = listener;
		return () => {
			this.listener = null;
		};
	}
	current = async () => this.at(this.tick());
	async history(query: HistoryQuery): Promise<Past> {
		this.queries.push(query);
		if (this.historyFails-- > 0) throw new Refused("no");
		const ticks = Array.from({ length: this.tick() }, (_, i) => i + 1).slice(-1800);
		const wanted = ticks.filter((tick) => this.time(tick) >= (query.since ?? 0));
		return {
			timestamps: wanted.map(this.time),
			series: [{ channel: "system/cpu", field: "utilization", values: packed(wanted.map((tick) => tick % 100)) }],
			gaps: [],
		};
	}
	/** By the clock as it is set now. */
	info = async () => ({ host_name: "test", notices: [], boot_time: START + this.shift }) as unknown as SystemInfo;
	diagnostics = async () => {
		throw new Error("not asked for here");
	};
	cost = async () => null;
	settings = async () => this.settingsInForce;
	async update(patch: Partial<Settings>) {
		if (patch.interval === 0) throw new Refused("interval must be from 0.5 to 60 seconds");
		this.settingsInForce = { ...this.settingsInForce, ...patch } as Settings;
		return this.settingsInForce;
	}
}

let core: Core;
let monitor: Monitor;
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const values = () => figures(monitor.history, "system/cpu", "utilization") ?? [];
const whole = () => Array.from({ length: core.tick() }, (_, i) => (i + 1) % 100);

const minutes = (count: number) => count * 60_000;
/** The page's rows are the core's, by time and figure. */
function same(): void {
	const ticks = Array.from({ length: core.tick() }, (_, i) => i + 1).slice(-1800);
	expect(monitor.history.times.slice(-1800)).toEqual(ticks.map(core.time));
	expect(values().slice(-1800)).toEqual(ticks.map((tick) => tick % 100));
}

/** Nobody looks for so long. */
async function hide(ms: number): Promise<void> {
	const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
	document.dispatchEvent(new Event("visibilitychange"));
	await pass(ms);
	hidden.mockReturnValue(false);
	document.dispatchEvent(new Event("visibilitychange"));
	await pass(0);
}

/** So many ticks with an event each. */
async function live(ticks: number): Promise<void> {
	for (let i = 0; i < ticks; i++) {
		await pass(2000);
		core.emit();
	}
	await pass(0);
}

beforeEach(async () => {
	vi.useFakeTimers();
	vi.setSystemTime(START + 100 * 2000);
	core = new Core();
	monitor = new Monitor(core);
	await monitor.start();
});

afterEach(() => {
	monitor.stop();
	vi.useRealTimers();
});

it("is filled with the hour before when it opens", () => {
	expect(core.queries).toEqual([{}]);
	expect(values()).toEqual(whole());
	expect(monitor.filled).toBe(true);
});

it("asks for history when it listens and not before, so that no sample falls in between", async () => {
	const late = new Core();
	const listen = late.subscribe.bind(late);
	late.subscribe = async (listener) => {
		await new Promise((resolve) => setTimeout(resolve, 5000));
		return listen(listener);
	};
	monitor.stop();
	monitor = new Monitor(late);
	void monitor.start();
	await pass(4900);
	expect([monitor.batch?.tick, late.queries]).toEqual([100, []]);
	await pass(100);
	expect(late.tick()).toBe(102);
	core = late;
	expect(values()).toEqual(whole());
});

it("asks for no history while events come in time", async () => {
	await live(50);
	expect(core.queries).toHaveLength(1);
	expect(values()).toEqual(whole());
});

it("polls through a stall and fills the hole with the first event, so that nothing is missing", async () => {
	await live(3);
	await pass(21_000);
	expect(monitor.connection).toBe("polling");
	const polled = monitor.batch?.tick;
	await pass(4000);
	expect(monitor.batch?.tick).toBeGreaterThan(polled ?? 0);
	core.emit();
	await pass(0);
	expect(monitor.connection).toBe("live");
	// Once as soon as polls came, and once for what came late meanwhile.
	const since = core.time(103);
	expect(core.queries).toEqual([{}, { since }, { since }]);
	expect(values()).toEqual(whole());
});

it("has the core's rows again whichever batches were lost, and whenever history was refused", async () => {
	// A small generator with a fixed seed: the same losses each time.
	let seed = 7;
	const random = (below: number) => {
		seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
		return (seed >> 8) % below;
	};
	for (let round = 0; round < 40; round++) {
		for (let tick = random(20); tick >= 0; tick--) {
			await pass(2000);
			if (random(3) > 0) core.emit();
			if (random(20) === 0) core.historyFails = 1;
		}
		core.historyFails = 0;
		await live(4);
		same();
	}
});

it("notices a single batch that was lost", async () => {
	await live(2);
	const last = monitor.history.last;
	await pass(2000);
	await live(1);
	expect(core.queries).toEqual([{}, { since: last }]);
	same();
	await live(5);
	expect(core.queries).toHaveLength(2);
});

it("asks ever more rarely for a history that is refused", async () => {
	core.historyFails = Number.POSITIVE_INFINITY;
	await pass(2000);
	await live(60);
	expect(core.queries.length).toBeLessThanOrEqual(8);
	core.historyFails = 0;
	await live(31);
	same();
});

it("asks again for a history that was refused", async () => {
	await pass(30_000);
	core.historyFails = 2;
	core.emit();
	await live(3);
	expect(core.queries.length).toBeGreaterThanOrEqual(3);
	expect(values()).toEqual(whole());
});

it("asks again for a history that is never answered, and does not take it in when it comes after all", async () => {
	const answers: (() => void)[] = [];
	const { history } = core;
	core.history = async (query) => {
		if (answers.length === 0) await new Promise<void>((resolve) => answers.push(resolve));
		return history.call(core, query);
	};
	await hide(minutes(1));
	await live(5);
	expect(core.queries).toHaveLength(1);
	await live(20);
	expect(core.queries).toHaveLength(2);
	same();
	const { epoch } = monitor.history;
	answers[0]?.();
	await live(1);
	expect([core.queries.length, monitor.history.epoch]).toEqual([3, epoch]);
	same();
});

it("fills the time during which the page was hidden", async () => {
	await live(2);
	const last = monitor.history.last;
	await hide(minutes(10));
	expect(monitor.connection).toBe("live");
	expect(core.queries).toEqual([{}, { since: last }]);
	await live(1);
	expect(core.queries).toHaveLength(2);
	expect(values()).toEqual(whole());
});

it("asks for nothing while the window that it was loaded in is hidden, and has all of it once that is shown", async () => {
	monitor.stop();
	const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
	monitor = new Monitor(core);
	await monitor.start();
	const asked = vi.spyOn(core, "current");
	await pass(minutes(10));
	expect([monitor.connection, asked.mock.calls.length]).toEqual(["live", 0]);
	hidden.mockReturnValue(false);
	document.dispatchEvent(new Event("visibilitychange"));
	await pass(0);
	same();
	await pass(minutes(1));
	expect(monitor.connection).toBe("polling");
});

it("has the newest figures as soon as it is shown again, however long the next event takes", async () => {
	await live(2);
	await hide(minutes(10));
	expect(monitor.batch?.tick).toBe(core.tick());
});

it("goes on polling when it is shown again, until an event comes", async () => {
	await live(2);
	await pass(10_000);
	expect(monitor.connection).toBe("polling");
	await hide(minutes(10));
	expect([monitor.connection, monitor.batch?.tick]).toEqual(["polling", core.tick()]);
	same();
	await live(1);
	expect(monitor.connection).toBe("live");
	same();
});

it("fills itself by polls where it may not listen, and says why", async () => {
	monitor.stop();
	core = new Core();
	core.subscribe = async () => {
		throw new Refused("no events");
	};
	monitor = new Monitor(core);
	await monitor.start();
	expect([monitor.failure, core.queries]).toEqual(["no events", []]);
	await pass(minutes(1));
	expect(monitor.connection).toBe("polling");
	expect([monitor.filled, core.queries]).toEqual([true, [{}]]);
	same();
});

it("asks again for what was refused at the start, and then says nothing of it any more", async () => {
	monitor.stop();
	core = new Core();
	const { settings, info } = core;
	const no = async (): Promise<never> => Promise.reject(new Refused("not yet"));
	Object.assign(core, { settings: no, info: no });
	monitor = new Monitor(core);
	await monitor.start();
	await live(1);
	expect([monitor.failure, monitor.settings, monitor.info]).toEqual(["not yet", null, null]);
	Object.assign(core, { settings, info });
	await live(1);
	expect([monitor.failure, monitor.settings, monitor.info?.host_name]).toEqual([null, SETTINGS, "test"]);
});

it("fills itself by polls until it listens, however long that takes", async () => {
	monitor.stop();
	core = new Core();
	const listen = core.subscribe.bind(core);
	core.subscribe = async (listener) => {
		await new Promise((resolve) => setTimeout(resolve, minutes(1)));
		return listen(listener);
	};
	monitor = new Monitor(core);
	void monitor.start();
	await pass(5000);
	expect(core.queries).toEqual([]);
	await pass(5000);
	expect([monitor.connection, monitor.filled]).toEqual(["polling", true]);
	await pass(minutes(1));
	await live(2);
	expect(monitor.connection).toBe("live");
	same();
});

it("asks once where the row that it had last is an hour old", async () => {
	await live(2);
	await hide(minutes(70));
	expect(core.queries).toHaveLength(2);
	same();
});

it.each([
	["back", -10],
	["forward", 10],
	["far forward", 1500],
])("asks for all rows when the clock is set %s, since all have new times", async (_, by) => {
	await live(50);
	core.shift = minutes(by);
	await live(1);
	expect(core.queries).toEqual([{}, {}]);
	expect(monitor.info?.boot_time).toBe(START + core.shift);
	same();
	await live(5);
	expect(core.queries).toHaveLength(2);
	same();
});

it("asks but once when the clock was set back and an event got lost as well", async () => {
	await live(50);
	core.shift = minutes(-10);
	await pass(2000);
	await live(1);
	expect(core.queries).toEqual([{}, {}]);
	same();
});

it.each([
	[-9.99, 2],
	[9.99, 3],
])("asks for all rows when the clock was set by %s minutes while nobody looked", async (by, queries) => {
	await live(50);
	core.shift = minutes(by);
	await hide(minutes(5));
	expect(core.queries).toHaveLength(queries);
	expect(core.queries.at(-1)).toEqual({});
	expect(monitor.info?.boot_time).toBe(START + core.shift);
	await live(5);
	same();
});

it("does not ask on and on where the core has no rows", async () => {
	await live(2);
	core.history = async (query) => {
		core.queries.push(query);
		return { timestamps: [], series: [], gaps: [] };
	};
	const since = monitor.history.last;
	await hide(minutes(1));
	expect(core.queries.slice(1)).toEqual([{ since }, {}]);
	core.queries = [];
	await live(10);
	expect(core.queries.length).toBeLessThanOrEqual(2);
});

it("waits for as long as a new interval lasts, before a sample says so", async () => {
	await live(2);
	await monitor.update({ interval: 60 });
	await pass(179_000);
	expect(monitor.connection).toBe("live");
	await pass(1000);
	expect(monitor.connection).toBe("polling");
});

it("waits for as long as the interval lasts that it finds when it opens", async () => {
	monitor.stop();
	core.settingsInForce = { ...SETTINGS, interval: 60 };
	monitor = new Monitor(core);
	await monitor.start();
	await pass(60_000);
	expect(monitor.connection).toBe("live");
});

it("has every painter's turn come, whatever goes wrong in another", async () => {
	const reported = vi.fn();
	vi.stubGlobal("reportError", reported);
	const wrong = new Error("odd");
	monitor.onRows(() => {
		throw wrong;
	});
	const paint = vi.fn();
	monitor.onRows(paint);
	await live(1);
	vi.unstubAllGlobals();
	expect([paint.mock.calls.length, reported.mock.calls]).toEqual([1, [[wrong]]]);
	expect(monitor.batch?.tick).toBe(core.tick());
});

it("tells painters of each batch and of what was filled in, until they are gone", async () => {
	const paint = vi.fn(() => monitor.history.last);
	const stop = monitor.onRows(paint);
	await live(2);
	expect(paint).toHaveBeenCalledTimes(2);
	expect(paint).toHaveLastReturnedWith(core.at(core.tick()).timestamp);
	await pass(21_000);
	const before = paint.mock.calls.length;
	core.emit();
	await pass(0);
	expect(paint).toHaveBeenCalledTimes(before + 2); // the event, and what was missed
	stop();
	await live(1);
	expect(paint).toHaveBeenCalledTimes(before + 2);
});

it("has one question for the newest figures in flight, whoever asks", async () => {
	let calls = 0;
	core.current = () => {
		calls += 1;
		return new Promise(() => {});
	};
	await hide(1000);
	await hide(1000);
	expect([calls, monitor.connection]).toEqual([1, "live"]);
	await pass(60_000);
	expect([calls, monitor.connection]).toEqual([1, "stalled"]);
});

it("keeps the settings in force when a change is refused", async () => {
	await expect(monitor.update({ interval: 0 })).rejects.toThrow(Refused);
	expect(monitor.settings).toEqual(SETTINGS);
	await monitor.update({ theme: "dark" });
	expect(monitor.settings?.theme).toBe("dark");
});
