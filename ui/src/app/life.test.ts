// What the shell and the page tell each other: where to begin, what is shown, when to stand still, what a desktop lacks.
import { render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { CurrentMetrics, Settings, View } from "../bindings";
import { DEFAULTS, type Host, Refused } from "../host/host";
import { batch, following, hostOf } from "../store/testing";
import App from "./App.svelte";

let settings: Settings;
let tray: boolean;
let reports: View[];
let pause: (since: number | null) => void;

const first = batch({ tick: 1, timestamp: Date.now() });
const [gpu] = first.gpu as [CurrentMetrics["gpu"][number]];
const two: CurrentMetrics = { ...first, gpu: [gpu, { ...gpu, gpu_id: "GPU-2", index: 1 }] };

const host = hostOf({
	current: async () => two,
	settings: async () => settings,
	update: async (patch) => {
		if (patch.start_at_login) throw new Refused("read-only file system");
		settings = { ...settings, ...patch };
		return settings;
	},
	report: async (view) => {
		reports.push(view);
	},
	paused: async (listener) => {
		pause = listener;
		return () => undefined;
	},
	desktop: async () => ({ tray }),
});

const page = () => document.documentElement.dataset.page;
const box = (value: string) => document.querySelector(`[data-value="${value}"]`) as HTMLInputElement;

beforeEach(() => {
	[settings, tray, reports] = [DEFAULTS, true, []];
});

afterEach(() => vi.restoreAllMocks());

it("begins where the address says, keeps the address, and reports what it shows once it has drawn", async () => {
	const paused = first.timestamp;
	history.replaceState(null, "", `/index.html?range=900&paused=${paused}#gpu/GPU-2`);
	render(App, { monitor: following(host) });
	const shown = { page: "gpu/GPU-2", range: 900, paused };
	await vi.waitFor(() => expect(reports.at(-1)).toEqual(shown));
	const address = () => location.search + decodeURIComponent(location.hash);
	expect(address()).toBe(`?range=900&paused=${paused}#gpu/GPU-2`);
	screen.getByTestId("range-1m").click();
	await vi.waitFor(() => expect(reports.at(-1)).toEqual({ ...shown, range: 60 }));
	screen.getByTestId("pause").click();
	await vi.waitFor(() => expect(reports.at(-1)?.paused).toBeNull());
	document.querySelector<HTMLElement>('[data-page="cpu"]')?.click();
	await vi.waitFor(() => expect(address()).toBe("?range=60#cpu"));
	// As the tray opens a page.
	location.hash = "settings";
	await vi.waitFor(() => expect(page()).toBe("settings"));
});

it("goes on from a pause that the window before had, where nothing of then is left", async () => {
	history.replaceState(null, "", `/index.html?range=900&paused=${first.timestamp - 1}#cpu`);
	render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(reports.at(-1)).toEqual({ page: "cpu", range: 900, paused: null }));
	expect(screen.getByTestId("paused").textContent).toBe("");
});

it("reports one thing at a time, and what is shown by then: the shell may take two in in either order", async () => {
	const answers: (() => void)[] = [];
	const report = async (view: View) => {
		reports.push(view);
		await new Promise<void>((answer) => answers.push(answer));
	};
	render(App, { monitor: following({ ...host, report }) });
	await vi.waitFor(() => expect(reports.length).toBe(1));
	pause(1_700_000_000_000);
	await vi.waitFor(() => expect(screen.getByTestId("paused").textContent).not.toBe(""));
	pause(null);
	screen.getByTestId("range-1m").click();
	await vi.waitFor(() => expect(screen.getByTestId("paused").textContent).toBe(""));
	expect(reports.length).toBe(1);
	answers[0]?.();
	await vi.waitFor(() => expect(reports[1]).toEqual({ page: "overview", range: 60, paused: null }));
});

it("stands still and goes on as the tray has it", async () => {
	render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0));
	const said = () => screen.getByTestId("paused").textContent;
	const button = () => screen.getByTestId("pause");
	const word = () => {
		const { childNodes } = document.querySelector('[data-testid="connection"] [role="status"]') as HTMLElement;
		return [...childNodes].find((node) => node.textContent);
	};
	pause(Date.now());
	await vi.waitFor(() => expect(said()).toMatch(/^Paused at \d\d:\d\d:\d\d$/));
	// Its word says what it does next: pressed or not would say it the other way round.
	expect([button().textContent?.trim(), button().hasAttribute("aria-pressed")]).toEqual(["Resume", false]);
	// With its date where that was on another day.
	pause(new Date(2023, 10, 14, 22, 13, 20).getTime());
	await vi.waitFor(() => expect(said()).toBe("Paused at Nov 14, 22:13:20"));
	const live = word();
	pause(null);
	await vi.waitFor(() => expect([said(), button().textContent?.trim()]).toEqual(["", "Pause"]));
	expect(word(), "it is read aloud again").not.toBe(live);
});

it("chooses the tray's lines: one GPU less names the others, all together are every GPU there will be", async () => {
	history.replaceState(null, "", "/#settings");
	render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(box("gpu/GPU-2")?.checked).toBe(true));
	expect(page()).toBe("settings");
	for (const [clicked, lines] of [
		["gpu/GPU-1", ["gpu/GPU-2", "cpu", "memory", "disk", "network"]],
		["cpu", ["gpu/GPU-2", "memory", "disk", "network"]],
		["gpu/GPU-1", ["gpu", "memory", "disk", "network"]],
	] as const) {
		box(clicked).click();
		await vi.waitFor(() => expect(settings.tray_lines).toEqual(lines));
		// The form has heard of it too.
		await new Promise((resolve) => setTimeout(resolve));
	}
});

it("keeps the choice of a GPU that is not there now, and of single ones, when another box is clicked", async () => {
	history.replaceState(null, "", "/#settings");
	settings = { ...DEFAULTS, tray_lines: ["gpu/GPU-9", "gpu/GPU-1", "cpu"] };
	let present = first;
	const { unmount } = render(App, { monitor: following({ ...host, current: async () => present }) });
	await vi.waitFor(() => expect(box("gpu")?.checked, "the only one there is was chosen").toBe(true));
	const click = async (value: string, lines: string[]) => {
		box(value).click();
		await vi.waitFor(() => expect([...settings.tray_lines].sort()).toEqual(lines));
		await new Promise((resolve) => setTimeout(resolve));
	};
	await click("memory", ["cpu", "gpu/GPU-1", "gpu/GPU-9", "memory"]);
	await click("gpu", ["cpu", "gpu/GPU-9", "memory"]);
	expect(box("gpu").checked).toBe(false);
	await click("cpu", ["gpu/GPU-9", "memory"]);
	unmount();
	present = two;
	settings = { ...DEFAULTS, tray_lines: ["gpu/GPU-1", "gpu/GPU-2", "cpu"] };
	render(App, { monitor: following({ ...host, current: async () => present }) });
	await vi.waitFor(() => expect(box("gpu/GPU-2")?.checked).toBe(true));
	await click("cpu", ["gpu/GPU-1", "gpu/GPU-2"]);
});

it("says of a setting that could not be saved once its page was left", async () => {
	let refuse = (_: Error) => {};
	const update: Host["update"] = () =>
		new Promise((_, reject) => {
			refuse = reject;
		});
	history.replaceState(null, "", "/#settings");
	render(App, { monitor: following({ ...host, update }) });
	const theme = await vi.waitFor(() => document.querySelector<HTMLSelectElement>("#setting-theme") ?? Promise.reject());
	const change = () => {
		theme.value = "light";
		theme.dispatchEvent(new Event("change", { bubbles: true }));
	};
	change();
	refuse(new Error("the disk is full"));
	await vi.waitFor(() =>
		expect(document.querySelector('[data-wrong="theme"]')?.textContent).toContain("the disk is full"),
	);
	change();
	location.hash = "overview";
	await vi.waitFor(() => expect(page()).toBe("overview"));
	refuse(new Error("the disk is full"));
	const told = () => [...document.querySelectorAll('[data-testid="notice"] span')].map((notice) => notice.textContent);
	await vi.waitFor(() => expect(told()).toContain("Not saved: Theme: the disk is full"));
	document.querySelector<HTMLElement>('[data-testid="notice"] button')?.click();
	await vi.waitFor(() => expect(told()).toEqual([]));
});

it("says of a number that is not allowed once its page was left, unless another was entered since", async () => {
	history.replaceState(null, "", "/#settings");
	render(App, { monitor: following(host) });
	const told = () => [...document.querySelectorAll('[data-testid="notice"] span')].map((notice) => notice.textContent);
	const field = () =>
		vi.waitFor(() => document.querySelector<HTMLInputElement>("#setting-interval") ?? Promise.reject());
	const enter = async (value: string) => {
		const input = await field();
		input.value = value;
		input.dispatchEvent(new Event("change", { bubbles: true }));
	};
	const leave = async () => {
		location.hash = "overview";
		await vi.waitFor(() => expect(page()).toBe("overview"));
	};
	await enter("90");
	await vi.waitFor(() => expect(document.querySelector('[data-wrong="interval"]')).toBeTruthy());
	expect(told(), "beside the field is enough").toEqual([]);
	await leave();
	await vi.waitFor(() => expect(told()).toEqual(["Not saved: Interval: 0.5 to 60 s"]));

	location.hash = "settings";
	await field();
	await vi.waitFor(() => expect(told()).toEqual([]));
	expect(document.querySelector('[data-wrong="interval"]'), "the field shows what is in force").toBeNull();
	await enter("90");
	await enter("5");
	await leave();
	expect(told(), "what is allowed was entered then").toEqual([]);
});

it("takes clicks on a list one after the other, also while the first is not answered", async () => {
	settings = { ...DEFAULTS, tray_lines: ["cpu", "memory", "disk"] };
	const answers: (() => void)[] = [];
	const update: Host["update"] = async (patch) => {
		await new Promise<void>((answer) => answers.push(answer));
		settings = { ...settings, ...patch } as Settings;
		return settings;
	};
	history.replaceState(null, "", "/#settings");
	render(App, { monitor: following({ ...host, update }) });
	await vi.waitFor(() => expect(box("memory")?.checked).toBe(true));
	box("cpu").click();
	box("memory").click();
	await vi.waitFor(() => expect(answers.length).toBe(1));
	answers[0]?.();
	await vi.waitFor(() => expect(answers.length).toBe(2));
	answers[1]?.();
	await vi.waitFor(() => expect(settings.tray_lines).toEqual(["disk"]));
	await vi.waitFor(() => expect([box("cpu").checked, box("memory").checked]).toEqual([false, false]));
});

it("shows a switch as it is where its change was refused, and says why", async () => {
	history.replaceState(null, "", "/#settings");
	render(App, { monitor: following(host) });
	const login = await vi.waitFor(() => screen.getByLabelText("Start at login") as HTMLInputElement);
	login.click();
	await vi.waitFor(() => expect(screen.getByRole("alert").textContent).toContain("read-only"));
	expect(login.checked).toBe(false);
	const close = screen.getByLabelText("Close to the tray") as HTMLInputElement;
	close.click();
	await vi.waitFor(() => expect(settings.close_to_tray).toBe(false));
});

it("applies what was typed where a key takes the page away, and stays once where it is not allowed", async () => {
	render(App, { monitor: following(host) });
	const wrong = () => document.querySelector('[data-wrong="interval"]')?.textContent;
	const press = (key: string, target: EventTarget | null, more: KeyboardEventInit) =>
		target?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
	for (const [typed, key, more] of [
		["5", "Escape", {}],
		["6", "1", { ctrlKey: true }],
		["0", "Escape", {}],
		["", "1", { ctrlKey: true }],
	] as const) {
		press(",", window, { ctrlKey: true });
		const input = await vi.waitFor(() => screen.getByLabelText("Interval") as HTMLInputElement);
		input.focus();
		input.value = typed;
		// As a browser does.
		input.addEventListener("blur", () => input.dispatchEvent(new Event("change", { bubbles: true })), { once: true });
		press(key, document.activeElement, more);
		if (Number(typed) > 0) await vi.waitFor(() => expect(settings.interval).toBe(Number(typed)));
		else {
			await vi.waitFor(() => expect(wrong()).toContain("0.5 to 60 s"));
			press(key, document.activeElement, more);
		}
		await vi.waitFor(() => expect(page()).toBe("overview"));
	}
	expect(settings.interval).toBe(6);
});

it("explains why closing quits where there is no tray, and notices when there is one", async () => {
	tray = false;
	history.replaceState(null, "", "/#settings");
	render(App, { monitor: following(host) });
	await vi.waitFor(() =>
		expect(document.querySelector("[data-impossible]")?.textContent).toContain("closing the window quits"),
	);
	const close = screen.getByLabelText("Close to the tray") as HTMLInputElement;
	expect([close.disabled, close.checked]).toEqual([true, false]);
	tray = true;
	window.dispatchEvent(new Event("focus"));
	await vi.waitFor(() => expect(close.disabled).toBe(false));
	expect(close.checked).toBe(true);
});
