// What the crosshair and the legends show while time goes on: what is under the pointer, or where keys put it, and no moment longer.
import { cleanup, render } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { clock } from "../base/time";
import { DEFAULTS } from "../host/host";
import { batch, following, Sized, sending } from "../store/testing";
import App from "./App.svelte";

const start = Date.now();
/** One a second, and each with another figure. */
const at = (tick: number) => batch({ tick, timestamp: start + tick * 1000, interval: 1, cpu: tick % 100 });
let tick: number;

const { host, emit } = sending({ current: async () => at(1), settings: async () => ({ ...DEFAULTS, interval: 1 }) });

const one = (selector: string) => document.querySelector<HTMLElement>(selector) as HTMLElement;
const cpu = () => Number.parseInt(one('.legend [data-figure="cpu/utilization"]').textContent ?? "", 10);
const frames = () => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
/** Where the crosshairs stand, CSS pixels. */
const crosshairs = () =>
	[...document.querySelectorAll<HTMLElement>(".u-cursor-x")].map((line) =>
		Number.parseInt(line.style.transform.slice(10), 10),
	);

/** To a pixel: each chart stands on whole pixels of its own. */
function stand(places: number[]): void {
	for (const [at, place] of crosshairs().entries()) expect(Math.abs(place - (places[at] as number))).toBeLessThan(2);
}

async function pass(ticks: number): Promise<void> {
	for (let i = 0; i < ticks; i++) {
		tick += 1;
		emit(at(tick));
		await frames();
	}
}

async function open(page: string): Promise<void> {
	history.replaceState(null, "", `/index.html?range=60#${page}`);
	render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(document.querySelectorAll(".u-over").length).toBeGreaterThan(0));
	await pass(70);
}

/** Moves the pointer to so many pixels from an element's left edge. */
function point(element: Element, clientX: number): void {
	const matches = Element.prototype.matches;
	vi.spyOn(Element.prototype, "matches").mockImplementation(function (this: Element, selector) {
		return selector === ":hover" ? this === element : matches.call(this, selector);
	});
	for (const type of ["mousemove", "pointermove"])
		element.dispatchEvent(new MouseEvent(type, { clientX, clientY: 20, bubbles: true }));
}

function press(element: Element, key: string): void {
	element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

beforeEach(() => {
	vi.stubGlobal("ResizeObserver", Sized);
	tick = 1;
});

afterEach(() => vi.unstubAllGlobals());

it("rests with the pointer in all charts, and the legends follow what comes under it", async () => {
	await open("overview");
	const over = one('[data-panel="cpu"] .u-over');
	point(over, 300);
	await frames();
	const [first, places] = [cpu(), crosshairs()];
	expect(first).toBeGreaterThan(tick - 50);
	// Samples are a second apart.
	const there = [-1, 0, 1].map((by) => clock(start + (first + by) * 1000));
	expect(there).toContain(one(".connection .dim").textContent?.slice(-8));
	expect(first).toBeLessThan(tick - 10);
	await pass(5);
	expect(cpu()).toBe(first + 5);
	stand(places);
	one('[data-panel="cpu"] .chart').dispatchEvent(new MouseEvent("pointerleave"));
	await frames();
	expect(cpu()).toBe(tick);
	expect(one(".connection .dim").textContent).not.toContain(":");
	expect(crosshairs().every((place) => place < 0)).toBe(true);
	await pass(1);
	expect(cpu()).toBe(tick);
});

it("rests with the pointer in a lane", async () => {
	await open("overview");
	point(one(".lane .lane"), 300);
	await frames();
	const [first, places] = [cpu(), crosshairs()];
	expect(first).toBeLessThan(tick - 10);
	await pass(5);
	expect(cpu()).toBe(first + 5);
	stand(places);
});

it("stays at the sample where keys put it, until the focus goes or it is out of sight", async () => {
	await open("overview");
	const chart = one('[data-panel="cpu"] .chart');
	for (let i = 0; i < 4; i++) press(chart, "ArrowLeft");
	const put = tick - 3;
	await vi.waitFor(() => expect(cpu()).toBe(put));
	await pass(5);
	expect(cpu()).toBe(put);
	chart.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
	await vi.waitFor(() => expect(cpu()).toBe(tick));
	expect(crosshairs().every((place) => place < 0)).toBe(true);
	for (let i = 0; i < 30; i++) press(chart, "ArrowLeft");
	await vi.waitFor(() => expect(cpu()).toBe(tick - 29));
	await pass(40);
	expect(cpu()).toBe(tick % 100);
});

it("zooms nothing where its chart goes while a part of it is dragged open", async () => {
	const zoomed = () => document.querySelector('[data-testid="unzoom"]') !== null;
	const drag = async (type: string, target: EventTarget, clientX: number) => {
		target.dispatchEvent(new MouseEvent(type, { button: 0, clientX, clientY: 20, movementX: 1, bubbles: true }));
		await frames();
	};
	for (const goes of [false, true]) {
		await open("overview");
		const over = one('[data-panel="cpu"] .u-over');
		await drag("mousedown", over, 100);
		await drag("mousemove", over, 300);
		if (goes) {
			location.hash = "memory";
			await vi.waitFor(() => expect(over.isConnected).toBe(false));
		}
		await drag("mouseup", document, 300);
		expect(zoomed()).toBe(!goes);
		cleanup();
	}
});

it("goes from the lane with the focus, and when it is out of sight", async () => {
	await open("gpu/GPU-1");
	const lane = one(".held .lane");
	const pointed = () => document.querySelector('[data-testid="state-pointed"]');
	for (const away of [() => lane.dispatchEvent(new FocusEvent("focusout", { bubbles: true })), () => pass(61)]) {
		press(lane, "ArrowLeft");
		await vi.waitFor(() => expect(pointed()?.textContent).toMatch(/^power cap, [\d:]{8} to [\d:]{8}$/));
		await away();
		await vi.waitFor(() => expect(pointed()).toBeNull());
	}
});

/** A key that is the window's. */
const shortcut = (key: string) => window.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const aloud = () =>
	document.getElementById(one('[data-panel="cpu"] .chart').getAttribute("aria-describedby") ?? "")?.textContent;

it("goes by keys through what is in sight, and no further", async () => {
	await open("overview");
	shortcut(" ");
	const end = tick;
	await pass(12);
	const chart = one('[data-panel="cpu"] .chart');
	for (const [key, there] of [
		["ArrowLeft", end],
		["ArrowRight", end],
		["ArrowLeft", end - 1],
		["End", end],
		["PageDown", end],
		["PageUp", end - 6],
		["Home", end - 60],
		["ArrowLeft", end - 60],
		["PageUp", end - 60],
		["PageDown", end - 54],
	] as const) {
		press(chart, key);
		await vi.waitFor(() => expect(cpu(), key).toBe(there));
	}
	// Alt and an arrow is not the chart's.
	chart.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", altKey: true, bubbles: true }));
	await frames();
	expect(cpu()).toBe(end - 54);
});

it("has legends and words of the end of what was zoomed, while time goes on", async () => {
	await open("overview");
	expect(aloud()).toMatch(/Total: now \d/);
	const over = one('[data-panel="cpu"] .u-over');
	point(over, 300);
	await frames();
	shortcut("+");
	over.closest(".chart")?.dispatchEvent(new MouseEvent("pointerleave"));
	await frames();
	const there = cpu();
	expect(there).toBeLessThan(tick - 5);
	await pass(3);
	expect(cpu()).toBe(there);
	expect(aloud()).toMatch(new RegExp(`Total: ${there}\\D.* at \\d\\d:`));
	const zoomed = one('[data-testid="unzoom"]');
	expect(zoomed.textContent?.trim()).toBe("Back to now");
	// While paused there is no going back to now by it.
	shortcut(" ");
	await vi.waitFor(() => expect(one('[data-testid="unzoom"]').textContent?.trim()).toBe("Reset zoom"));
	one('[data-testid="unzoom"]').click();
	await vi.waitFor(() => expect(document.querySelector('[data-testid="unzoom"]')).toBeNull());
	expect(one('[data-testid="paused"]').textContent).not.toBe("");
	shortcut(" ");
	await vi.waitFor(() => expect(cpu()).toBe(tick % 100));
});

it("copies what was under the crosshair when the menu came, and of now where there was none", async () => {
	const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
	document.execCommand = () => false;
	await open("overview");
	const chart = one('[data-panel="cpu"] .chart');
	/** What the menu's first entry copies of the processor, after a tick. */
	const copied = async () => {
		chart.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
		chart.dispatchEvent(new MouseEvent("pointerleave"));
		await vi.waitFor(() => expect(document.activeElement?.getAttribute("role")).toBe("menuitem"));
		await pass(1);
		const calls = written.mock.calls.length;
		(document.activeElement as HTMLElement).click();
		await vi.waitFor(() => expect(written.mock.calls.length).toBe(calls + 1));
		return written.mock.lastCall?.[0].split("\n") ?? [];
	};
	point(one('[data-panel="cpu"] .u-over'), 300);
	await frames();
	const pointed = cpu();
	expect(pointed).toBeLessThan(tick - 10);
	const [heading, figure] = await copied();
	const time = Date.parse(heading?.split("  ").at(-1) ?? "");
	expect(Math.abs(time - start - pointed * 1000)).toBeLessThan(1000);
	expect(figure).toContain(` ${pointed} %`);
	const [newest, now] = await copied();
	expect(newest).toContain(new Date(start + tick * 1000).toISOString());
	expect(now).toContain(` ${tick} %`);
});

it("says a chart's figures as they are when it gets the focus", async () => {
	await open("overview");
	const chart = one('[data-panel="cpu"] .chart');
	const words = () => document.getElementById(chart.getAttribute("aria-describedby") ?? "")?.textContent;
	for (let i = 0; i < 10; i++) {
		await pass(1);
		chart.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
		await frames();
		expect(words()).toContain(`${tick % 100}\u00a0%`);
	}
});
