// What keys put into a chart that is scrolled away since.
import { render } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { DEFAULTS } from "../host/host";
import { batch, following, Sight, Sized, sending } from "../store/testing";

vi.stubGlobal("IntersectionObserver", Sight);
vi.stubGlobal("ResizeObserver", Sized);
const { default: App } = await import("./App.svelte");

it("ends with the range that it was in", async () => {
	const start = Date.now();
	const at = (tick: number) => batch({ tick, timestamp: start + tick * 1000, interval: 1, cpu: tick });
	const settings = async () => ({ ...DEFAULTS, interval: 1 });
	const { host, emit } = sending({ current: async () => at(1), settings });
	history.replaceState(null, "", "/?range=60#overview");
	render(App, { monitor: following(host) });
	const chart = await vi.waitFor(() => {
		const found = document.querySelector<HTMLElement>('[data-panel="cpu"] .chart');
		expect(found?.querySelector(".u-over")).toBeTruthy();
		return found as HTMLElement;
	});
	const shown = () =>
		Number.parseInt(document.querySelector('.legend [data-figure="cpu/utilization"]')?.textContent ?? "", 10);
	for (let tick = 2; tick < 20; tick++) emit(at(tick));
	for (let i = 0; i < 4; i++) chart.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
	await vi.waitFor(() => expect(shown()).toBe(16));
	Sight.shows(chart, false);
	for (const child of chart.querySelectorAll("*")) Sight.shows(child, false);
	for (let tick = 20; tick < 90; tick++) emit(at(tick));
	await vi.waitFor(() => expect(shown()).toBe(89));
});
