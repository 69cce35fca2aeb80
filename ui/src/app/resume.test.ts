// Charts that stood still and go on: what came meanwhile is painted where it belongs.
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
