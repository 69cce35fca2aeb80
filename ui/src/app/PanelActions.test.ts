// The menu of a panel, and the moment that copied figures are of.
import { render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { Refused } from "../host/host";
import { batch, following, hostOf, sending } from "../store/testing";
import App from "./App.svelte";

const page = () => document.documentElement.dataset.page;
const press = (key: string, more: KeyboardEventInit = {}) =>
	document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));

afterEach(() => vi.restoreAllMocks());

it("copies the figures of a pause with the time of the pause", async () => {
	const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
	document.execCommand = () => false;
	const pause = 1_700_000_000_000;
	history.replaceState(null, "", `/?paused=${pause}`);
	const { host, emit } = sending({ current: async () => batch({ tick: 1, timestamp: pause - 1000 }) });
	render(App, { monitor: following(host) });
	const title = await vi.waitFor(() => screen.getByRole("button", { name: "CPU" }));
	await vi.waitFor(() => expect(document.documentElement.dataset.filled).toBe("true"));
	emit(batch({ tick: 2, timestamp: pause + 1000 }));
	await vi.waitFor(() => expect(document.documentElement.dataset.rows).toBe("2"));
	title.focus();
	press("c", { ctrlKey: true });
	await vi.waitFor(() => expect(written.mock.lastCall?.[0]).toContain("2023-11-14T22:13:20.000Z"));
});

it("leaves what is copied in a field to the field", async () => {
	const copied = vi.fn(() => true);
	document.execCommand = copied;
	history.replaceState(null, "", "/#settings");
	render(App, { monitor: following(hostOf()) });
	const field = await vi.waitFor(() => screen.getByLabelText("Interval") as HTMLInputElement);
	field.focus();
	const key = new KeyboardEvent("keydown", { key: "c", ctrlKey: true, bubbles: true, cancelable: true });
	field.dispatchEvent(key);
	expect(key.defaultPrevented).toBe(false);
	expect(copied).not.toHaveBeenCalled();
});

it.each([
	["Caps Lock", { key: "C", code: "KeyC" }, { key: "S", code: "KeyS" }],
	["a Cyrillic layout", { key: "с", code: "KeyC" }, { key: "ы", code: "KeyS" }],
	["a layout with its letters elsewhere", { key: "c", code: "KeyI" }, { key: "s", code: "KeyO" }],
])("copies and saves with %s", async (_, copying, saving) => {
	const copied = vi.fn(() => true);
	document.execCommand = copied;
	const saved = vi.fn(async () => null);
	history.replaceState(null, "", "/");
	render(App, { monitor: following(hostOf({ save: saved })) });
	const title = await vi.waitFor(() => screen.getByRole("button", { name: "CPU" }));
	title.focus();
	press(copying.key, { code: copying.code, ctrlKey: true });
	expect(copied).toHaveBeenCalledOnce();
	// With Alt it writes a letter, and with Shift it is the web view's own.
	press("ć", { code: "KeyC", ctrlKey: true, altKey: true });
	press("C", { code: "KeyC", ctrlKey: true, shiftKey: true });
	expect(copied).toHaveBeenCalledOnce();
	press(saving.key, { code: saving.code, ctrlKey: true });
	await vi.waitFor(() => expect(saved).toHaveBeenCalledOnce());
});

it("closes its menu by Escape, which means that alone", async () => {
	history.replaceState(null, "", "/#settings");
	render(App, { monitor: following(hostOf()) });
	await vi.waitFor(() => expect(page()).toBe("settings"));
	document
		.querySelector('[data-panel="settings"]')
		?.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
	const menu = await vi.waitFor(() => screen.getByTestId("menu"));
	await vi.waitFor(() => expect(menu.contains(document.activeElement)).toBe(true));
	press("Escape");
	await vi.waitFor(() => expect(screen.queryByTestId("menu")).toBeNull());
	expect(page()).toBe("settings");
	press("Escape");
	await vi.waitFor(() => expect(page()).toBe("overview"));
});

it("goes through its menu by arrow keys, and gives the focus back", async () => {
	history.replaceState(null, "", "/");
	document.execCommand = () => true;
	render(App, { monitor: following(hostOf()) });
	const title = await vi.waitFor(() => screen.getByRole("button", { name: "CPU" }));
	const open = async (on: Element) => {
		on.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
		await vi.waitFor(() => expect(at()).toBe("Copy figures"));
	};
	const at = () => document.activeElement?.textContent;
	const closed = () => vi.waitFor(() => expect(screen.queryByTestId("menu")).toBeNull());
	title.focus();
	await open(title);
	for (const [key, there] of [
		["ArrowDown", "Save as…"],
		["ArrowDown", "Copy figures"],
		["ArrowUp", "Save as…"],
		["Home", "Copy figures"],
		["End", "Save as…"],
	] as const) {
		press(key);
		expect(at(), key).toBe(there);
	}
	// Tab goes on from there by itself.
	press("Tab");
	expect(document.activeElement).toBe(title);
	await closed();
	await open(title);
	press("Escape");
	expect(document.activeElement).toBe(title);
	await closed();
	// From elsewhere it is the panel that keys belong to then.
	const memory = document.querySelector('[data-panel="memory"]') as HTMLElement;
	await open(memory);
	screen.getByText("Copy figures").click();
	expect(document.activeElement).toBe(memory);
	await closed();
});

it("closes its menu with the page that its panel is on", async () => {
	history.replaceState(null, "", "/");
	const { container } = render(App, { monitor: following(hostOf()) });
	const title = await vi.waitFor(() => screen.getByRole("button", { name: "CPU" }));
	title.focus();
	title.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
	await vi.waitFor(() => screen.getByTestId("menu"));
	press("2", { ctrlKey: true });
	await vi.waitFor(() => expect(page()).not.toBe("overview"));
	await vi.waitFor(() => expect(screen.queryByTestId("menu")).toBeNull());
	expect(document.activeElement).toBe(container.querySelector("main"));
});

it("closes its menu with the page of a disk, though its panel is on the next disk's too", async () => {
	const disks = batch({ tick: 1, timestamp: Date.now() });
	const [disk] = disks.disk?.devices ?? [];
	if (disk) disks.disk?.devices.push({ ...disk, name: "sdb" });
	history.replaceState(null, "", "/#disk/sda");
	render(App, { monitor: following(hostOf({ current: async () => disks })) });
	const panel = await vi.waitFor(() => {
		const found = document.querySelector('[data-panel="facts"]');
		expect(found).not.toBeNull();
		return found;
	});
	panel?.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
	await vi.waitFor(() => screen.getByTestId("menu"));
	location.hash = "#disk/sdb";
	await vi.waitFor(() => expect(page()).toBe("disk/sdb"));
	await vi.waitFor(() => expect(screen.queryByTestId("menu")).toBeNull());
	expect(panel?.isConnected).toBe(true);
});

it("closes its menu with the device that its panel is of", async () => {
	const { host, emit } = sending();
	history.replaceState(null, "", "/");
	const { container } = render(App, { monitor: following(host) });
	const panel = () => container.querySelector('[data-panel="gpu/GPU-1"]');
	await vi.waitFor(() => expect(panel()).not.toBeNull());
	panel()?.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
	await vi.waitFor(() => expect(document.activeElement?.getAttribute("role")).toBe("menuitem"));
	emit({ ...batch({ tick: 9, timestamp: Date.now() + 9000 }), gpu: [] });
	await vi.waitFor(() => expect([panel(), screen.queryByTestId("menu")]).toEqual([null, null]));
	expect(document.activeElement).toBe(container.querySelector("main"));
});

it("says what became of a copy in a place that was there before", async () => {
	document.execCommand = () => true;
	history.replaceState(null, "", "/");
	render(App, { monitor: following(hostOf()) });
	const title = await vi.waitFor(() => screen.getByRole("button", { name: "CPU" }));
	const places = screen.getAllByRole("status").filter((place) => place.textContent === "");
	title.focus();
	press("c", { ctrlKey: true });
	await vi.waitFor(() => expect(places.map((place) => place.textContent)).toContain("Copied · CPU"));
});

it("says it again when the same is copied again", async () => {
	vi.useFakeTimers();
	try {
		document.execCommand = () => true;
		render(App, { monitor: following(hostOf()) });
		await vi.advanceTimersByTimeAsync(500);
		const said = () => screen.queryByTestId("toast")?.textContent?.trim() ?? "";
		screen.getByRole("button", { name: "CPU" }).focus();
		for (let times = 0; times < 3; times++) {
			press("c", { ctrlKey: true });
			await vi.advanceTimersByTimeAsync(3500);
			expect(said(), String(times)).toBe("Copied · CPU");
		}
		await vi.advanceTimersByTimeAsync(1000);
		expect(said()).toBe("");
	} finally {
		vi.useRealTimers();
	}
});

it("copies what a panel without controls has, which Tab stops at", async () => {
	const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
	document.execCommand = () => false;
	history.replaceState(null, "", "/#disk/sda");
	render(App, { monitor: following(hostOf()) });
	const panel = (id: string) => vi.waitFor(() => document.querySelector(`[data-panel="${id}"]`) as HTMLElement);
	for (const [id, words] of [
		["facts", "Model: Test Disk"],
		["file-systems", "/: "],
	] as const) {
		await vi.waitFor(async () => expect((await panel(id))?.getAttribute("tabindex")).toBe("0"));
		(await panel(id)).focus();
		press("c", { ctrlKey: true });
		await vi.waitFor(() => expect(written.mock.lastCall?.[0]).toContain(words));
	}
	// One with a chart has a stop in it.
	expect((await panel("disk/sda")).hasAttribute("tabindex")).toBe(false);
});

it("copies the panel that was pressed last, while nothing else has the focus", async () => {
	const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
	document.execCommand = () => false;
	history.replaceState(null, "", "/");
	render(App, { monitor: following(hostOf()) });
	await vi.waitFor(() => expect(document.querySelector(".tile")).not.toBeNull());
	const tile = document.querySelector(".tile") as HTMLElement;
	const key = () => {
		const event = new KeyboardEvent("keydown", { key: "c", ctrlKey: true, bubbles: true, cancelable: true });
		document.activeElement?.dispatchEvent(event);
		return event.defaultPrevented;
	};
	expect(key()).toBe(false);
	tile.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
	// WebKit gives the focus to what a press is in, if anything.
	document.querySelector("main")?.focus();
	expect(key()).toBe(true);
	await vi.waitFor(() => expect(written.mock.lastCall?.[0]).toMatch(/^GPU 0 .*\nUtilization: 50/));
	await vi.waitFor(() => expect(screen.getByTestId("toast").textContent?.trim()).toBe("Copied · GPU 0"));
	screen.getByTestId("save").focus();
	expect(key()).toBe(false);
});

it("copies the settings with their values", async () => {
	const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
	document.execCommand = () => false;
	history.replaceState(null, "", "/#settings");
	render(App, { monitor: following(hostOf()) });
	await vi.waitFor(() => screen.getByLabelText("Interval"));
	const panel = document.querySelector('[data-panel="settings"]');
	panel?.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
	press("c", { ctrlKey: true });
	await vi.waitFor(() => expect(written).toHaveBeenCalled());
	const lines = written.mock.lastCall?.[0].split("\n");
	expect(lines?.[0]).toMatch(/^Settings {2}/);
	for (const line of [
		"Interval: 2 s",
		"Theme: Follow the system",
		"Tray: GPU, CPU, Memory, Disk, Network",
		"Start at login: off",
	])
		expect(lines).toContain(line);
});

it("says what went wrong until Escape or the next try, and what went well for a moment", async () => {
	vi.useFakeTimers();
	try {
		const answers = ["disk full", "disk full", null];
		const save = async () => {
			const why = answers.shift();
			if (why) throw new Refused(why);
			return "/tmp/a.csv";
		};
		history.replaceState(null, "", "/#settings");
		render(App, { monitor: following(hostOf({ save })) });
		await vi.advanceTimersByTimeAsync(500);
		const said = () => screen.queryByTestId("toast")?.textContent?.trim() ?? "";
		const again = async () => {
			press("s", { ctrlKey: true });
			await vi.advanceTimersByTimeAsync(60);
		};
		await again();
		expect(said()).toContain("Not saved: disk full");
		await vi.advanceTimersByTimeAsync(60_000);
		expect(screen.getByRole("alert").textContent).toBe("Not saved: disk full");
		press("Escape");
		await vi.advanceTimersByTimeAsync(60);
		expect([said(), page()]).toEqual(["", "settings"]);
		await again();
		expect(said()).toContain("disk full");
		await again();
		expect(said()).toBe("Saved /tmp/a.csv");
		await vi.advanceTimersByTimeAsync(5000);
		expect(said()).toBe("");
	} finally {
		vi.useRealTimers();
	}
});
