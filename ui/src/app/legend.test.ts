// What stands beside charts: the value of a moment, or why there is none; and what keys say of charts and cores.
import { render } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { CurrentMetrics, HistoryGap } from "../bindings";
import { described } from "../chart/pictured";
import { DEFAULTS, type Host, type Past } from "../host/host";
import { type Answers, batch, following, hostOf, packed, Sized } from "../store/testing";
import App from "./App.svelte";
import { figuresOf } from "./copy";

const START = 1_700_000_000_000;

function at(seconds: number, interval: number): CurrentMetrics {
	return batch({ tick: 9, timestamp: START + seconds * 1000, interval, cpu: 7 });
}

/** An hour of which only these rows are known: seconds, and what the processors and the GPU did. */
function past(rows: [number, number | null][], gaps: HistoryGap[] = []): Past {
	const series = ["system/cpu", "system/gpu/GPU-1"].map((channel) => ({
		channel,
		field: "utilization",
		values: packed(rows.map(([, value]) => value)),
	}));
	return { timestamps: rows.map(([seconds]) => START + seconds * 1000), series, gaps };
}

async function open(answers: Answers, page = "overview", paused = ""): Promise<void> {
	history.replaceState(null, "", `/index.html?range=300${paused}#${page}`);
	const monitor = following(hostOf({ settings: async () => DEFAULTS, ...answers }));
	render(App, { monitor });
	await vi.waitFor(() => expect(monitor.filled).toBe(true));
	await vi.waitFor(() => expect(document.querySelector(".legend [data-figure]")).not.toBeNull());
}

const pausedAt = (seconds: number) => `&paused=${START + seconds * 1000}`;
const legend = (figure: string) =>
	document.querySelector(`.legend [data-figure="${figure}"]`)?.closest("li")?.textContent?.replace(/\s+/g, " ").trim();
const press = (selector: string, key: string) =>
	document.querySelector(selector)?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));

beforeEach(() => vi.stubGlobal("ResizeObserver", Sized));
afterEach(() => vi.unstubAllGlobals());

it("has the value of a line that is drawn, however far apart its samples were", async () => {
	const rows: [number, number][] = [0, 30, 60].map((seconds) => [seconds, 10 + seconds]);
	await open({ current: async () => at(61, 0.5), history: async () => past(rows) }, "cpu", pausedAt(40));
	expect(legend("cpu/utilization")).toContain("40");
	expect(document.querySelector<HTMLElement>('.legend [data-figure="cpu/utilization"]')?.hidden).toBe(false);
});

it("has none in a hole, however long the interval is by now", async () => {
	const hole: HistoryGap = { channel: "system/cpu", from: START, to: START + 100_000, reason: "suspended" };
	const rows: [number, number | null][] = [
		[0, 50],
		[0.001, null],
		[100, 60],
	];
	await open({ current: async () => at(160, 60), history: async () => past(rows, [hole]) }, "cpu", pausedAt(90));
	expect(legend("cpu/utilization")).toMatch(/—.*gap: .*suspended/);
	const dash = document.querySelector<HTMLElement>('.legend [data-figure="cpu/utilization"]');
	expect(dash?.hidden, "a dash before the reason looks like one more mark").toBe(true);
});

/** A minute in which GPUs were lost. */
const gone: HistoryGap = { channel: "system/gpu", from: START + 2000, to: START + 60_000, reason: "lost" };
const rows: [number, number | null][] = [
	[0, 50],
	[30, null],
	[60, 50],
];

it("takes a time without any GPU for a gap of each", async () => {
	await open({ current: async () => at(62, 2), history: async () => past(rows, [gone]) }, "overview", pausedAt(30));
	expect(legend("gpu/GPU-1/utilization")).toMatch(/—.*gap: /);
	// Said once, or else the header would take another line; copied is each.
	const card = document.querySelector<HTMLElement>('[data-panel="gpu/GPU-1"]') as HTMLElement;
	expect([...card.querySelectorAll<HTMLElement>(".legend li")].map((one) => one.hidden)).toEqual([false, true]);
	expect(figuresOf(card, START + 30_000, null)).toMatch(/Utilization: — gap: lost.*\nTemperature: — gap: lost/);
});

it("says why beside the last sample before a gap, which begins with its first row", async () => {
	const hang: HistoryGap = {
		channel: "system/cpu",
		from: START + 60_000,
		to: START + 120_000,
		reason: "not_answering",
	};
	const apart: [number, number | null][] = [
		[0, 50],
		[60, null],
		[120, 60],
	];
	await open({ current: async () => at(180, 60), history: async () => past(apart, [hang]) }, "cpu", pausedAt(20));
	expect(legend("cpu/utilization")).toMatch(/—.*gap: .*not answering/);
});

it("says of a pause when it is older than what is kept", async () => {
	const HOUR = 3600;
	const rows = Array.from({ length: HOUR / 2 + 1 }, (_, at): [number, number] => [at * 2, 10]);
	let emit: (batch: CurrentMetrics) => void = () => undefined;
	const subscribe: Answers["subscribe"] = async (listener) => {
		emit = listener;
		return () => undefined;
	};
	await open({ current: async () => at(HOUR, 2), history: async () => past(rows), subscribe }, "cpu", pausedAt(100));
	expect(legend("cpu/utilization")).toContain("10");
	emit(batch({ tick: 10, timestamp: START + (HOUR + 200) * 1000 }));
	await vi.waitFor(() => expect(legend("cpu/utilization")).toMatch(/—.*older than the hour/));
	expect(document.querySelector('[data-panel="cpu"] .hidden-text')?.textContent).toContain("older than the hour");
});

it("says why the newest sample lacks a figure", async () => {
	const lacking = at(1, 2);
	Object.assign(lacking.gpu[0] as object, { utilization: null, missing: { utilization: "no_permission" } });
	await open({ current: async () => lacking });
	await vi.waitFor(() => expect(legend("gpu/GPU-1/utilization")).toMatch(/—.*permi/));
});

it("says why there was never a figure at any moment", async () => {
	const lacking = at(61, 2);
	Object.assign(lacking.cpu as object, { pressure_some: null, missing: { pressure_some: "unsupported" } });
	const rows: [number, number][] = [0, 30, 60].map((seconds) => [seconds, 10 + seconds]);
	await open({ current: async () => lacking, history: async () => past(rows) }, "cpu", pausedAt(30));
	await vi.waitFor(() => expect(legend("cpu/pressure_some")).toMatch(/—.*not reported/));
	expect(legend("cpu/utilization")).toContain("40");
});

it("says aloud what keys have come to, in a chart and among cores", async () => {
	const rows: [number, number][] = [0, 2, 4].map((seconds) => [seconds, 10 + seconds]);
	let emit: (batch: CurrentMetrics) => void = () => undefined;
	const listen: Host["subscribe"] = async (listener) => {
		emit = listener;
		return () => undefined;
	};
	await open({ current: async () => at(6, 2), history: async () => past(rows), subscribe: listen }, "cpu");
	const said = () => [...document.querySelectorAll('[data-panel="cpu"] [role="status"]')].map((one) => one.textContent);
	press('[data-panel="cpu"] .chart', "ArrowLeft");
	press('[data-panel="cpu"] .chart', "ArrowLeft");
	await vi.waitFor(() => expect(said().join()).toMatch(/:.* 14/));
	const cores = document.querySelector<HTMLElement>('[data-panel="cpu"] .cores');
	cores?.focus();
	await vi.waitFor(() => expect(said().join(), "there is something to go through").toMatch(/Core 0: /));
	press('[data-panel="cpu"] .cores', "ArrowRight");
	await vi.waitFor(() => expect(said().join()).toMatch(/Core 1: /));
	cores?.blur();
	await vi.waitFor(() => expect(said().join()).not.toContain("Core"));
	press('[data-panel="cpu"] .cores', "End");
	await vi.waitFor(() => expect(said().join()).toMatch(/Core \d+: /));
	// Once, and not at every tick; what is seen goes on.
	const once = said().join();
	emit({ ...batch({ tick: 10, timestamp: START + 8000, cpu: 77 }) });
	await vi.waitFor(() => expect(document.querySelector('[data-testid="core-reached"]')?.textContent).toContain("77"));
	expect(said().join()).toBe(once);
});

it("says aloud why there is a gap, in the legend's words", async () => {
	await open({ current: async () => at(62, 2), history: async () => past(rows, [gone]) });
	press('[data-panel^="gpu/"] .chart', "Home");
	press('[data-panel^="gpu/"] .chart', "ArrowRight");
	const said = () => document.querySelector('[data-panel^="gpu/"] p[role="status"]')?.textContent;
	await vi.waitFor(() => expect(said()).toMatch(/: Utilization gap: lost.*, Temperature gap: lost/));
	expect(legend("gpu/GPU-1/utilization")).toMatch(/—.*gap: lost/);
});

it("knows what the lines and states of each picture are", async () => {
	await open({ current: async () => at(6, 2), history: async () => past([[0, 10]]) });
	const found = () =>
		described(document).map(({ title, keys }) => [title, keys.map(({ word, height }) => `${word} ${height}`)]);
	await vi.waitFor(() =>
		expect(found().slice(0, 3)).toEqual([
			["GPU 0: Utilization, Temperature", ["Utilization 9", "Temperature 3"]],
			["What the GPU was doing", ["not told 10", "power cap 10"]],
			["CPU: Utilization", ["Total 9"]],
		]),
	);
	const marks = [...document.querySelectorAll<HTMLElement>('[data-panel="gpu/GPU-1"] .legend .mark')];
	expect(
		marks.map((one) => one.style.height),
		"and so does the legend beside it",
	).toEqual(["9px", "3px"]);
});

it("asks what Telltale takes once a tick, and not whenever it was answered", async () => {
	let asked = 0;
	const cost = async () => {
		asked += 1;
		// Or else it would be asked for ever.
		if (asked > 20) await new Promise(() => undefined);
		return { cpu: null, cpu_seconds: 1, memory: 1, processes: 1 };
	};
	await open({ cost });
	for (let turn = 0; turn < 50; turn++) await Promise.resolve();
	expect(asked).toBeGreaterThanOrEqual(1);
	expect(asked).toBeLessThan(4);
});

it("has one question at a time what Telltale takes", async () => {
	let asked = 0;
	let emit = (_: CurrentMetrics) => {};
	const cost = () => {
		asked += 1;
		return new Promise<never>(() => undefined);
	};
	const subscribe: Host["subscribe"] = async (listener) => {
		emit = listener;
		return () => undefined;
	};
	await open({ cost, subscribe, current: async () => at(0, 2) });
	for (let tick = 10; tick < 13; tick++) {
		emit({ ...at(2 * tick, 2), tick });
		await vi.waitFor(() => expect(document.documentElement.dataset.tick).toBe(String(tick)));
	}
	expect(asked).toBe(1);
});

it("explains figures to who hears them as to who points at them", async () => {
	await open({ current: async () => at(6, 2) });
	const told = (selector: string) => document.querySelector(selector)?.getAttribute("aria-description");
	await vi.waitFor(() => expect(told(".tile")).toContain("Share of the last sampling period"));
	expect(document.querySelector(".tile")?.getAttribute("title")).toBe(told(".tile"));
	expect(told('[data-panel="cpu"] .legend li')).toContain("Busy time over all time");
	document.querySelector<HTMLElement>('.rail [data-page="cpu"]')?.click();
	await vi.waitFor(() => expect(told('[data-panel="facts"] dd')).toBeTruthy());
});
