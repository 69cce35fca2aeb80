// The window as a whole, over a host that is a test's: what is shown, what a key does, what is refused.
import { render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { locale } from "../base/locale";
import { HOUR } from "../base/time";
import type { CurrentMetrics, Settings } from "../bindings";
import { DEFAULTS, type Host, Refused } from "../host/host";
import { type Answers, batch, following, gpuDetails, hostOf, withoutGpus } from "../store/testing";
import App from "./App.svelte";

let emit: (batch: CurrentMetrics) => void;
let settings: Settings;
const first = batch({ tick: 1, timestamp: Date.now(), cpu: 42 });

const host = (change: Answers = {}): Host =>
	hostOf({
		subscribe: async (listener) => {
			emit = listener;
			return () => undefined;
		},
		current: async () => first,
		info: { os: "Debian 12", notices: ["Settings were set aside."] },
		settings: async () => settings,
		update: async (patch) => {
			if (patch.interval === 7) throw new Refused("interval is seven");
			settings = { ...settings, ...patch };
			return settings;
		},
		...change,
	});

const figure = (name: string) => document.querySelector(`[data-figure="${name}"]`)?.textContent?.trim();
const press = (key: string, more: KeyboardEventInit = {}) =>
	window.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
const page = () => document.documentElement.dataset.page;
const wrong = () => document.querySelector('[role="alert"][data-wrong="interval"]')?.textContent;

beforeEach(() => {
	settings = DEFAULTS;
});

afterEach(() => vi.restoreAllMocks());

it("shows the newest figures with their units, and the next ones when they come", async () => {
	render(App, { monitor: following(host()) });
	await vi.waitFor(() => expect(figure("cpu/utilization")).toBe("42\u00a0%"));
	expect(figure("network/download_rate")).toBe("4.0\u00a0B/s".replace("4.0", "4"));
	expect(figure("gpu/GPU-1/temperature")).toContain("60");
	// In full where the bar has no room for it.
	await vi.waitFor(() => expect(screen.getByRole("heading", { level: 1 }).title).toBe("aurora"));
	emit(batch({ tick: 2, timestamp: first.timestamp + 2000, cpu: 43 }));
	await vi.waitFor(() => expect(figure("cpu/utilization")).toBe("43\u00a0%"));
	expect(document.documentElement.dataset.tick).toBe("2");
});

it("dims a channel that went stale, and says why", async () => {
	render(App, { monitor: following(host()) });
	await vi.waitFor(() => expect(figure("cpu/utilization")).toBeDefined());
	const aloud = document.querySelector('[data-panel="cpu"] header [role="status"]');
	expect(aloud?.textContent, "or else its first words would not be read aloud").toBe("");
	const stale = { channel: "system/cpu", since: first.timestamp, reason: "not_answering" } as const;
	emit(batch({ tick: 5, timestamp: first.timestamp + 8000, stale }));
	await vi.waitFor(() =>
		expect(document.querySelector('[data-panel="cpu"]')?.getAttribute("data-state")).toBe("stale"),
	);
	const said = screen.getByText(/no sample for 8/);
	expect(said.textContent).toBe("no sample for 8\u00a0s · not answering");
	// What counts is not read aloud again at every tick.
	expect(said.closest('[role="status"]')).toBeNull();
	expect(said.querySelector('[role="status"]')).toBe(aloud);
	expect(aloud?.textContent).toBe("not answering");
	expect(document.querySelector('[data-panel="memory"]')?.getAttribute("data-state")).toBe("data");
});

it("dims every panel while the core does not answer, and counts for how long", async () => {
	// Far from midnight: the time is said without its day.
	const noon = new Date(2026, 2, 10, 12).getTime();
	vi.useFakeTimers({ now: noon });
	try {
		let answers = true;
		const current = async () => {
			if (!answers) throw new Error("refused");
			return batch({ tick: 1, timestamp: noon, cpu: 42 });
		};
		const monitor = following(host({ current }));
		render(App, { monitor });
		await vi.advanceTimersByTimeAsync(1000);
		const panels = () => [...document.querySelectorAll<HTMLElement>("[data-panel]")];
		const states = () => new Set(panels().map((panel) => panel.dataset.state));
		expect(states()).toEqual(new Set(["data"]));
		answers = false;
		await vi.advanceTimersByTimeAsync(11_000);
		expect(monitor.connection).toBe("stalled");
		expect(states()).toEqual(new Set(["stale"]));
		const words = () => new Set(panels().map((panel) => panel.querySelector(".stale")?.textContent));
		await vi.advanceTimersByTimeAsync(48_000);
		expect(words()).toEqual(new Set(["no sample for 1\u00a0m"]));
		await vi.advanceTimersByTimeAsync(2000);
		expect(words()).toEqual(new Set(["no sample for 1\u00a0m 2\u00a0s"]));
		const aloud = [...document.querySelectorAll('[data-panel] [role="status"]')].map((one) => one.textContent);
		expect(new Set(aloud)).toEqual(new Set([""]));
		const since = () => document.querySelector('[data-testid="connection"] .dim')?.textContent;
		expect(since()).toMatch(/^since \d\d:\d\d:\d\d$/);
		vi.setSystemTime(Date.now() + 24 * HOUR);
		await vi.advanceTimersByTimeAsync(2000);
		expect(since(), "it was another day").toMatch(/^since [A-Z][a-z]+ \d+, \d\d:\d\d:\d\d$/);
		emit(batch({ tick: 2, timestamp: Date.now() }));
		await vi.advanceTimersByTimeAsync(0);
		expect(states()).toEqual(new Set(["data"]));
	} finally {
		vi.useRealTimers();
	}
});

it("says that a disk has file systems which this user can't reach", async () => {
	const hiding = structuredClone(first);
	const [disk] = hiding.disk?.devices ?? [];
	if (!hiding.disk || !disk) throw new Error("the sample has a disk");
	hiding.disk.missing["devices/sda/file_systems"] = "no_permission";
	history.replaceState(null, "", "/#disk/sda");
	render(App, { monitor: following(host({ current: async () => hiding })) });
	const panel = () => document.querySelector('[data-panel="file-systems"]')?.textContent ?? "";
	await vi.waitFor(() => expect(panel()).toMatch(/ext4.*that this user can't reach/));
	emit({ ...batch({ tick: 2, timestamp: first.timestamp + 2000 }) });
	await vi.waitFor(() => expect(panel()).not.toContain("reach"));
	disk.file_systems = [];
	emit({ ...hiding, tick: 3, timestamp: first.timestamp + 4000 });
	await vi.waitFor(() => expect(panel()).toContain("that this user can't reach"));
});

it("is woken by no timer while nobody looks, and counts on when somebody does", async () => {
	vi.useFakeTimers();
	try {
		const { unmount } = render(App, { monitor: following(host()) });
		await vi.advanceTimersByTimeAsync(10_000);
		const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
		document.dispatchEvent(new Event("visibilitychange"));
		await vi.advanceTimersByTimeAsync(60_000);
		expect(vi.getTimerCount()).toBe(0);
		hidden.mockReturnValue(false);
		document.dispatchEvent(new Event("visibilitychange"));
		const said = () => document.querySelector(".state")?.textContent;
		const before = said();
		await vi.advanceTimersByTimeAsync(2000);
		expect(said()).not.toBe(before);
		unmount();
	} finally {
		vi.useRealTimers();
	}
});

it.each(["processes", "disk/%ZZ"])("shows the overview where the address names no page: %s", async (name) => {
	history.replaceState(null, "", `/#${name}`);
	render(App, { monitor: following(host()) });
	await vi.waitFor(() => expect(figure("gpu/GPU-1/temperature")).toContain("60"));
	expect(document.querySelector('[aria-current="page"]')?.textContent).toContain("Overview");
});

it("shows the overview for a disk or an interface that is gone, with the focus that its entry had, until it is back", async () => {
	const sample = (tick: number, change: (batch: CurrentMetrics) => void) => {
		const one = batch({ tick, timestamp: first.timestamp + tick * 2000 });
		change(one);
		emit(one);
	};
	const marked = () => [...document.querySelectorAll<HTMLElement>("[aria-current]")].map((one) => one.dataset.page);
	for (const [at, kept] of ["disk/sda", "network/eth0", "network/lo"].entries()) {
		const tick = at * 10 + 1;
		history.replaceState(null, "", `/#${kept}`);
		const none = { ...first, disk: null, network: null, channels: [] };
		const { unmount } = render(App, { monitor: following(host({ current: async () => none })) });
		await vi.waitFor(() => expect(document.documentElement.dataset.tick).toBe("1"));
		expect(page(), "before the first sample").toBe(kept);
		sample(tick + 1, () => undefined);
		await vi.waitFor(() => expect(document.documentElement.dataset.tick).toBe(String(tick + 1)));
		expect(page()).toBe(kept);
		document.querySelector<HTMLElement>(`.rail [data-page="${kept}"]`)?.focus();
		sample(tick + 2, ({ disk, network }) => {
			if (disk) disk.devices = [];
			if (network) network.interfaces = [];
		});
		await vi.waitFor(() => expect(page()).toBe("overview"));
		await vi.waitFor(() => expect(marked()).toEqual(["overview"]));
		await vi.waitFor(() => expect((document.activeElement as HTMLElement).dataset.page).toBe("overview"));
		sample(tick + 3, () => undefined);
		await vi.waitFor(() => expect(page()).toBe(kept));
		unmount();
	}
});

it("waits on the page of a GPU until its driver has answered, and shows the overview only then if it is gone", async () => {
	const at = (tick: number) => batch({ tick, timestamp: first.timestamp + tick * 2000 });
	const panel = () => document.querySelector<HTMLElement>(".page [data-panel]")?.dataset;
	history.replaceState(null, "", "/#gpu/GPU-1");
	render(App, { monitor: following(host({ current: async () => withoutGpus(first, "starting") })) });
	await vi.waitFor(() => expect(document.documentElement.dataset.tick).toBe("1"));
	expect([page(), panel()?.state]).toEqual(["gpu/GPU-1", "waiting"]);
	const called = () => document.querySelector('[data-panel="gpu"]')?.getAttribute("aria-label");
	expect(called(), "there may be figures").toBe("Graphics");
	emit(withoutGpus(at(2), "not_answering"));
	await vi.waitFor(() => expect(panel()?.state).toBe("unavailable"));
	expect([page(), called()]).toEqual(["gpu/GPU-1", "No GPU figures"]);
	emit(at(3));
	await vi.waitFor(() => expect(panel()?.panel).toBe("gpu/GPU-1"));
	emit(withoutGpus(at(4), "not_answering", first.timestamp));
	await vi.waitFor(() => expect(page()).toBe("overview"));
	emit(withoutGpus(at(5), "absent"));
	await vi.waitFor(() => expect(document.documentElement.dataset.tick).toBe("5"));
	expect(page()).toBe("overview");
});

it("goes on when a GPU is gone while its charts are about to be put in words", async () => {
	const at = (tick: number) => batch({ tick, timestamp: first.timestamp + tick * 2000 });
	history.replaceState(null, "", "/#gpu/GPU-1");
	render(App, { monitor: following(host()) });
	// Each chart does so at another tick of ten.
	for (let tick = 2; tick < 24; tick += 2) {
		emit(at(tick));
		await vi.waitFor(() => expect(figure("gpu/GPU-1/temperature")).toContain("60"));
		expect(page()).toBe("gpu/GPU-1");
		expect(() => emit(withoutGpus(at(tick + 1), "not_answering", first.timestamp))).not.toThrow();
		await vi.waitFor(() => expect(page()).toBe("overview"));
	}
});

it("loses one panel to what nobody thought of, until somebody has it try again, and no other", async () => {
	const reported = vi.fn(function (this: unknown) {
		// As a browser does.
		if (this !== undefined && this !== globalThis) throw new TypeError("Illegal invocation");
	});
	vi.stubGlobal("reportError", reported);
	const at = (tick: number) => batch({ tick, timestamp: first.timestamp + tick * 2000, cpu: 40 + tick });
	const panel = (id: string) => document.querySelector(`[data-panel="${id}"]`) as HTMLElement;
	render(App, { monitor: following(host()) });
	await vi.waitFor(() => expect(figure("cpu/utilization")).toBe("42\u00a0%"));
	const odd = at(2);
	if (odd.cpu) odd.cpu.per_core = null as never;
	if (odd.memory) odd.memory.ram_used = 1 << 30;
	emit(odd);
	await vi.waitFor(() => expect(panel("cpu").textContent).toContain("This can't be shown: "));
	vi.unstubAllGlobals();
	expect(reported).toHaveBeenCalled();
	expect(panel("cpu").querySelector("h2")?.textContent).toBe("CPU");
	expect(panel("memory").textContent).toContain("1.0");
	emit(at(3));
	await vi.waitFor(() => expect(document.documentElement.dataset.tick).toBe("3"));
	screen.getByRole("button", { name: "Try again" }).click();
	await vi.waitFor(() => expect(panel("cpu").querySelectorAll(".core")).not.toHaveLength(0));
	expect(figure("cpu/utilization")).toBe("43\u00a0%");
});

it("asks which block devices there are when somebody unfolds them", async () => {
	const info = { other_block_devices: [{ name: "loop0", size: 4096, on: [], mount_point: null }] };
	history.replaceState(null, "", "/#disk/sda");
	const core = host({ info });
	const asked = vi.spyOn(core, "info");
	render(App, { monitor: following(core) });
	const list = await vi.waitFor(() => {
		const found = document.querySelector<HTMLDetailsElement>('[data-panel="other-devices"] details');
		expect(found).not.toBeNull();
		return found as HTMLDetailsElement;
	});
	for (const [open, times] of [
		[true, 2],
		[false, 2],
		[true, 3],
	] as const) {
		list.open = open;
		await vi.waitFor(() => expect(list.querySelector("table") !== null).toBe(open));
		expect(asked, String(open)).toHaveBeenCalledTimes(times);
	}
});

it("calls the entries of the rail by name and value, also where only icons are seen", async () => {
	const narrow = document.head.appendChild(document.createElement("style"));
	narrow.textContent = ".rail .name, .rail .value { display: none }";
	const stale = { channel: "system/cpu", since: first.timestamp - 9000, reason: "not_answering" } as const;
	const current = async () => batch({ tick: 1, timestamp: first.timestamp, stale });
	render(App, { monitor: following(host({ current })) });
	const called = (name: string) => screen.getByRole("button", { name }).dataset.page;
	await vi.waitFor(() => expect(called("CPU no answer")).toBe("cpu"));
	expect(called("Memory 25\u00a0%")).toBe("memory");
	expect(called("Overview 1 problem")).toBe("overview");
	expect(screen.getByRole("button", { name: "Overview 1 problem" }).title).toBe("Overview: 1 problem");
	expect(called("Diagnostics")).toBe("diagnostics");
	narrow.remove();
});

it("says in words why there is no GPU, and what to do", async () => {
	const words = "No NVIDIA driver found: libnvidia-ml.so.1 is not installed.";
	const none: CurrentMetrics = {
		...first,
		gpu: [],
		channels: [{ channel: "system/gpu", timestamp: null, age: null, reason: "absent", detail: words }],
	};
	render(App, { monitor: following(host({ current: async () => none })) });
	await vi.waitFor(() => expect(screen.getByText(`not present · ${words}`)).toBeTruthy());
	expect(document.querySelector('[data-panel="gpu"]')?.getAttribute("data-state")).toBe("unavailable");
});

it("goes to pages by keys, pauses by space and comes back", async () => {
	render(App, { monitor: following(host()) });
	await vi.waitFor(() => expect(figure("cpu/utilization")).toBe("42\u00a0%"));
	press("3", { ctrlKey: true });
	await vi.waitFor(() => expect(page()).toBe("cpu"));
	press("1", { ctrlKey: true });
	await vi.waitFor(() => expect(page()).toBe("overview"));
	// Where digits take Shift, and where they are written otherwise; but not what Shift or AltGr writes.
	press('"', { code: "Digit3", ctrlKey: true });
	await vi.waitFor(() => expect(page()).toBe("cpu"));
	press("١", { code: "Numpad1", ctrlKey: true });
	await vi.waitFor(() => expect(page()).toBe("overview"));
	press("#", { code: "Digit3", ctrlKey: true, altKey: true });
	press("#", { code: "Digit3", ctrlKey: true, shiftKey: true });
	press("+");
	await vi.waitFor(() => expect(screen.queryByTestId("unzoom")).not.toBeNull());
	press("б", { code: "Comma", ctrlKey: true });
	await vi.waitFor(() => expect(page()).toBe("settings"));
	// There is nothing to zoom: the charts stay as they are, and Escape leaves.
	press("-");
	press("Escape");
	await vi.waitFor(() => expect(page()).toBe("overview"));
	expect(screen.queryByTestId("unzoom")).not.toBeNull();
	press("Escape");
	await vi.waitFor(() => expect(screen.queryByTestId("unzoom")).toBeNull());
	press(" ");
	const paused = () => screen.getByTestId("paused").textContent;
	await vi.waitFor(() => expect(paused()).toContain("Paused at"));
	expect(press(" ", { repeat: true, cancelable: true }), "held down it scrolls no page").toBe(false);
	await new Promise((resolve) => setTimeout(resolve));
	expect(paused()).toContain("Paused at");
});

it("says on each panel of a page why its channel never had a sample", async () => {
	const hangs = structuredClone(first) as CurrentMetrics;
	hangs.memory = null;
	const status = hangs.channels.find((one) => one.channel === "system/memory");
	Object.assign(status as object, { timestamp: null, reason: "not_answering" });
	history.replaceState(null, "", "/#memory");
	render(App, { monitor: following(host({ current: async () => hangs })) });
	await vi.waitFor(() => expect(page()).toBe("memory"));
	const states = () =>
		[...document.querySelectorAll<HTMLElement>(".page [data-panel]")].map((one) => one.dataset.state);
	await vi.waitFor(() => expect(new Set(states())).toEqual(new Set(["unavailable"])));
	expect(states().length).toBeGreaterThan(1);
});

it("says beside the field what is allowed, keeps the value in force, and applies a good one at once", async () => {
	render(App, { monitor: following(host()) });
	await vi.waitFor(() => expect(figure("cpu/utilization")).toBe("42\u00a0%"));
	press(",", { ctrlKey: true });
	const input = await vi.waitFor(() => screen.getByLabelText("Interval") as HTMLInputElement);
	expect(input.lang, "numbers are written there as everywhere").toBe(locale);
	const enter = (value: string) => {
		input.value = value;
		input.dispatchEvent(new Event("change", { bubbles: true }));
	};
	for (const [value, words] of [
		["0", "0.5 to 60 s"],
		["", "0.5 to 60 s"],
		["7", "interval is seven"],
	] as const) {
		enter(value);
		await vi.waitFor(() => expect(wrong()).toContain(words));
		expect(settings.interval).toBe(2);
	}
	enter("5");
	await vi.waitFor(() => expect(settings.interval).toBe(5));
	await vi.waitFor(() => expect(wrong()).toBeUndefined());
});

it("asks for a GPU in full only while its page is shown, and shows who uses it", async () => {
	const asked = vi.fn(async () => gpuDetails());
	render(App, { monitor: following(host({ gpuDetails: asked })) });
	await vi.waitFor(() => expect(figure("cpu/utilization")).toBe("42\u00a0%"));
	emit(batch({ tick: 2, timestamp: first.timestamp + 2000 }));
	expect(asked).not.toHaveBeenCalled();
	press("2", { ctrlKey: true });
	await vi.waitFor(() => expect(page()).toBe("gpu/GPU-1"));
	const row = await vi.waitFor(() => document.querySelector('[data-pid="41"]') as HTMLElement);
	const cells = [...row.querySelectorAll("td")].map((cell) => cell.textContent?.replace(/\s+/g, " "));
	expect(cells).toEqual(["python train.py 41", "mira", "compute", "84 %", "2.0 KiB"]);
	expect(row.closest<HTMLElement>(".table")?.tabIndex, "keys scroll what is wider than the page").toBe(0);
	expect(row.closest("section")?.hasAttribute("tabindex"), "and stop once").toBe(false);
	expect(screen.getByText("Power limit").nextSibling?.textContent).toContain("can be");
	expect(document.querySelector('[data-absent="unsupported"]')?.textContent).toContain("ECC");
	expect(asked).toHaveBeenCalledExactlyOnceWith("GPU-1");
	emit(batch({ tick: 3, timestamp: first.timestamp + 4000 }));
	await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
	press("1", { ctrlKey: true });
	await vi.waitFor(() => expect(page()).toBe("overview"));
	emit(batch({ tick: 4, timestamp: first.timestamp + 6000 }));
	await vi.waitFor(() => expect(document.documentElement.dataset.tick).toBe("4"));
	expect(asked).toHaveBeenCalledTimes(2);
});

it("says why it can't tell who uses a GPU", async () => {
	const silent = gpuDetails({ processes: null, missing: { processes: "no_permission" } });
	render(App, { monitor: following(host({ gpuDetails: async () => silent })) });
	await vi.waitFor(() => expect(figure("cpu/utilization")).toBe("42\u00a0%"));
	press("2", { ctrlKey: true });
	const panel = () => document.querySelector('[data-panel="uses/GPU-1"][data-state="unavailable"]');
	await vi.waitFor(() => expect(panel()?.textContent).toContain("not permitted for this user"));
	expect(panel()?.textContent).toContain("seen by root and by their own user alone");
});

it("shows a notice of the start until it is dismissed", async () => {
	render(App, { monitor: following(host()) });
	const notice = await vi.waitFor(() => screen.getByTestId("notice"));
	expect(notice.textContent).toContain("Settings were set aside.");
	expect(notice.getAttribute("role"), "what comes with its words is read aloud only so").toBe("alert");
	const dismiss = notice.querySelector("button");
	dismiss?.focus();
	dismiss?.click();
	await vi.waitFor(() => expect(screen.queryByTestId("notice")).toBeNull());
	expect(document.activeElement, "the focus is not lost with it").toBe(document.querySelector("main"));
});

it("says so where the core can't be reached at all", async () => {
	const broken = async () => {
		throw new Error("no bridge");
	};
	render(App, { monitor: following(host({ settings: broken })) });
	await vi.waitFor(() => expect(screen.getByText(/no bridge/).getAttribute("role")).toBe("alert"));
});
