// The store as a whole, over a host that is a test's: filled when it opens, and again after each hole.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { CurrentMetrics, HistoryQuery, MetricsHistory, Settings, SystemInfo } from "../bindings";
import { type Host, Refused } from "../host/host";
import { Monitor } from "./monitor.svelte";
import { batch, DEFAULTS, gpuDetails } from "./samples";

const START = 1_700_000_000_000;
const SETTINGS = DEFAULTS;

/** A core that samples every two seconds of fake time and remembers all of it. */
class Core implements Host {
	listener: ((batch: CurrentMetrics) => void) | null = null;
	queries: HistoryQuery[] = [];
	historyFails = 0;
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
	label = null;

	tick = () => Math.floor((Date.now() - START) / 2000);
	at = (tick: number) => batch({ tick, timestamp: START + tick * 2000, cpu: tick % 100 });
	emit = () => this.listener?.(this.at(this.tick()));
	async subscribe(listener: (batch: CurrentMetrics) => void) {
		this.listener = listener;
		return () => {
			this.listener = null;
		};
	}
	current = async () => this.at(this.tick());
	async history(query: HistoryQuery): Promise<MetricsHistory> {
		this.queries.push(query);
		if (this.historyFails-- > 0) throw new Refused("no");
		const ticks = Array.from({ length: this.tick() }, (_, i) => i + 1);
		const wanted = ticks.filter((tick) => START + tick * 2000 >= (query.since ?? 0));
		return {
			timestamps: wanted.map((tick) => START + tick * 2000),
			series: [
				{
					channel: "system/cpu",
					field: "utilization",
					unit: "percent",
					values: wanted.map((tick) => tick % 100),
					min: null,
					max: null,
				},
			],
			gaps: [],
		};
	}
	info = async () => ({ host_name: "test", notices: [] }) as unknown as SystemInfo;
	diagnostics = async () => {
		throw new Error("not asked for here");
	};
	cost = async () => null;
	settings = async () => this.settingsInForce;
	async update(patch: Partial<Settings>) {
		if (patch.interval === 0) throw new Refused("interval must be from 0.5 to 60 seconds", "interval");
		this.settingsInForce = { ...this.settingsInForce, ...patch } as Settings;
		return this.settingsInForce;
	}
}

let core: Core;
let monitor: Monitor;
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const values = () => monitor.history.values("system/cpu", "utilization") ?? [];
const whole = () => Array.from({ length: core.tick() }, (_, i) => (i + 1) % 100);

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
	expect(monitor.connection.state).toBe("polling");
	const polled = monitor.batch?.tick;
	await pass(4000);
	expect(monitor.batch?.tick).toBeGreaterThan(polled ?? 0);
	core.emit();
	await pass(0);
	expect(monitor.connection.state).toBe("live");
	expect(core.queries).toHaveLength(2);
	expect(values()).toEqual(whole());
});

it("asks again for a history that was refused", async () => {
	await pass(30_000);
	core.historyFails = 2;
	core.emit();
	await live(3);
	expect(core.queries.length).toBeGreaterThanOrEqual(3);
	expect(values()).toEqual(whole());
});

it("fills the time during which the page was hidden", async () => {
	await live(2);
	const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
	document.dispatchEvent(new Event("visibilitychange"));
	await pass(600_000);
	expect(monitor.connection.state).toBe("live");
	hidden.mockReturnValue(false);
	document.dispatchEvent(new Event("visibilitychange"));
	await pass(0);
	await live(1);
	expect(values()).toEqual(whole());
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

it("keeps the settings in force when a change is refused", async () => {
	await expect(monitor.update({ interval: 0 })).rejects.toMatchObject({ field: "interval" });
	expect(monitor.settings).toEqual(SETTINGS);
	await monitor.update({ theme: "dark" });
	expect(monitor.settings?.theme).toBe("dark");
});
