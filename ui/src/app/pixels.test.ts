// Canvases are as fine as the screen that the window is on now.
import { render } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import type { CurrentMetrics, SystemInfo } from "../bindings";
import { SETTINGS } from "../bindings";
import type { Host } from "../host/host";
import { batch, DEFAULTS, following } from "../store/samples";

const host = {
	subscribe: async () => () => undefined,
	current: async (): Promise<CurrentMetrics> => batch({ tick: 1, timestamp: Date.now() }),
	history: async () => ({ timestamps: [], series: [], gaps: [] }),
	info: async () => ({ host_name: "fine", os: null, boot_time: null, gpus: [], notices: [] }) as unknown as SystemInfo,
	cost: async () => null,
	settings: async () => DEFAULTS,
	fields: SETTINGS,
	label: null,
	saving: async () => () => undefined,
	paused: async () => () => undefined,
	report: async () => undefined,
} as unknown as Host;

const canvas = (selector: string) => document.querySelector<HTMLCanvasElement>(`${selector} canvas`);

afterEach(() => vi.unstubAllGlobals());

it("paints everything anew when the window comes to a screen with other pixels, each time", async () => {
	const asked = new Map<string, (() => void)[]>();
	vi.stubGlobal("matchMedia", (media: string) => ({
		matches: false,
		addEventListener: (_: string, listener: () => void) => asked.set(media, [...(asked.get(media) ?? []), listener]),
		removeEventListener: () => undefined,
	}));
	vi.stubGlobal(
		"ResizeObserver",
		class {
			constructor(private readonly told: (entries: unknown[]) => void) {}
			observe = (target: Element) => this.told([{ target, contentRect: { width: 600, height: 140 } }]);
			unobserve = () => undefined;
			disconnect = () => undefined;
		},
	);
	const { default: App } = await import("./App.svelte");
	render(App, { monitor: following(host) });
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
