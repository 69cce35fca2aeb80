// Canvases are as fine as the screen that the window is on now.
import { render } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { following, hostOf, Sized } from "../store/testing";

const canvas = (selector: string) => document.querySelector<HTMLCanvasElement>(`${selector} canvas`);

afterEach(() => vi.unstubAllGlobals());

it("paints everything anew when the window comes to a screen with other pixels, each time", async () => {
	const asked = new Map<string, (() => void)[]>();
	vi.stubGlobal("matchMedia", (media: string) => ({
		matches: false,
		addEventListener: (_: string, listener: () => void) => asked.set(media, [...(asked.get(media) ?? []), listener]),
		removeEventListener: () => undefined,
	}));
	vi.stubGlobal("ResizeObserver", Sized);
	const { default: App } = await import("./App.svelte");
	render(App, { monitor: following(hostOf()) });
	const widths = () => [".chart", ".lane .lane", ".rail"].map((where) => canvas(where)?.width ?? 0);
	await vi.waitFor(() => expect(widths().every((width) => width > 300)).toBe(true));
	const [chart, lane = 0, spark = 0] = widths();
	expect(chart).toBe(600);
	for (const ratio of [2, 1.5, 1]) {
		const was = canvas(".chart");
		vi.stubGlobal("devicePixelRatio", ratio);
		for (const [media, listeners] of [...asked]) {
			if (media.includes("resolution")) asked.delete(media);
			if (media.includes("resolution")) for (const listener of listeners) listener();
		}
		await vi.waitFor(() => expect(widths()).toEqual([600, lane, spark].map((width) => Math.round(width * ratio))));
		// Its fonts are of that ratio too.
		expect(canvas(".chart")).not.toBe(was);
	}
});
