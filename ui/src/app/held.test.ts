// What holds a GPU back, on its page: the core is asked once for each range and then seldom, and its answer stands in words.
import { render } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { CurrentMetrics, GpuVerdict, VerdictQuery } from "../bindings";
import { DEFAULTS } from "../host/host";
import { batch, following, hostOf } from "../store/testing";
import App from "./App.svelte";

const VERDICT: GpuVerdict = {
	gpu_id: "GPU-1",
	sampled: 300,
	headline: {
		kind: "held_back",
		by: "power_cap",
		percent: 83,
		power_draw: 345,
		power_limit: 350,
		temperature: 70,
		sm_clock: 2310,
		sm_clock_max: 2745,
	},
	also: [],
	shares: [{ state: "power_cap", percent: 83 }],
	machine: { busiest_core: 55, cpu_pressure: 1, disk_busy: 31, io_pressure: 0 },
	unsampled: [],
};

let emit: (batch: CurrentMetrics) => void;
let asked: VerdictQuery[];
const start = Date.now();
const at = (tick: number) => batch({ tick, timestamp: start + tick * 500, interval: 0.5 });

const host = hostOf({
	subscribe: async (listener) => {
		emit = listener;
		return () => undefined;
	},
	current: async () => at(1),
	verdict: async (query) => {
		asked.push(query);
		return VERDICT;
	},
	settings: async () => ({ ...DEFAULTS, interval: 0.5, theme: "dark" }),
});

const box = () => document.querySelector<HTMLElement>('[data-testid="verdict"]');
const press = (key: string) => window.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));

beforeEach(() => {
	asked = [];
	history.replaceState(null, "", "/index.html?range=300#gpu/GPU-1");
});

afterEach(() => vi.restoreAllMocks());

it("shows the core's verdict, and does not ask for it at every tick", async () => {
	render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(box()?.querySelector("h3")?.textContent).toBe("Power-capped 83\u00a0% of 5\u00a0m"));
	expect(box()?.dataset.kind).toBe("held_back");
	expect(box()?.textContent).toContain("345\u00a0W of a 350\u00a0W limit");
	const before = asked.length;
	expect(before).toBeLessThanOrEqual(3);
	for (let tick = 2; tick < 12; tick++) emit(at(tick));
	await vi.waitFor(() => expect(document.documentElement.dataset.tick).toBe("11"));
	expect(asked.length - before).toBeLessThanOrEqual(1);
	const { since, until } = asked.at(-1) as VerdictQuery;
	expect((until ?? 0) - (since ?? 0)).toBe(300_000);
	const last = asked.length;
	press(" ");
	await vi.waitFor(() => expect(asked).toHaveLength(last + 1));
	expect(asked.at(-1)?.until).toBe(start + 11 * 500);
});
