// Charts that stand still: what comes meanwhile is painted where it belongs, and they stay with their samples.
import { render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { DEFAULTS } from "../host/host";
import { batch, following, Sized, sending } from "../store/testing";
import App from "./App.svelte";

it("paints all that came during a pause, also where charts were made anew in it", async () => {
	vi.stubGlobal("ResizeObserver", Sized);
	const start = Date.now();
	const at = (tick: number) => batch({ tick, timestamp: start + tick * 1000, interval: 1, cpu: tick % 100 });
	const { host, emit } = sending({ current: async () => at(1), settings: async () => ({ ...DEFAULTS, interval: 1 }) });
	const frames = () => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
	history.replaceState(null, "", "/index.html?range=60#cpu");
	const { unmount } = render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(document.querySelectorAll(".u-over").length).toBeGreaterThan(0));
	const pass = async (from: number, to: number) => {
		for (let tick = from; tick <= to; tick++) {
			emit(at(tick));
			await frames();
		}
	};
	await pass(2, 100);
	const paused = screen.getByTestId("pause");
	paused.click();
	await pass(101, 140);
	screen.getByTestId("range-5m").click();
	await frames();
	/** How wide it was painted, from the right edge on. */
	const widths: number[] = [];
	const context = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
	const { rect } = context;
	context.rect = (_x, _y, width) => widths.push(width);
	paused.click();
	await frames();
	await pass(141, 141);
	context.rect = rect;
	// Forty seconds of five minutes.
	const least = (Number.parseInt((document.querySelector(".u-over") as HTMLElement).style.width, 10) * 40) / 300;
	expect(least).toBeGreaterThan(40);
	expect(Math.max(...widths)).toBeGreaterThanOrEqual(least);
	unmount();
	vi.unstubAllGlobals();
});

it("stands still at the same samples when the clock is set", async () => {
	const [start, day] = [Date.now(), 86_400_000];
	delete document.documentElement.dataset.filled;
	const [rows, report] = [[start], vi.fn(async () => undefined)];
	let newest = batch({ tick: 1, timestamp: start });
	const { host, emit } = sending({
		current: async () => newest,
		history: async () => ({ timestamps: rows, series: [], gaps: [] }),
		report,
	});
	const { unmount } = render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(document.documentElement.dataset.filled).toBe("true"));
	screen.getByTestId("pause").click();
	const paused = (at: number) =>
		vi.waitFor(() =>
			expect(report).toHaveBeenLastCalledWith(expect.objectContaining({ paused: at }), expect.anything()),
		);
	await paused(start);
	rows.splice(0, 1, start - day, start + 2000 - day);
	newest = batch({ tick: 2, timestamp: start + 2000 - day });
	emit(newest);
	// Whoever looks at it again waits for nothing.
	document.dispatchEvent(new Event("visibilitychange"));
	await paused(start - day);
	unmount();
});
