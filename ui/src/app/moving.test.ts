// Going from page to page: each begins at its top, is scrolled by keys, keeps nobody waiting for the focus, and the settings lead back. And leaving for good.
import { render, screen } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import { Refused } from "../host/host";
import { following, hostOf } from "../store/testing";
import App from "./App.svelte";

const quit = vi.fn(async () => undefined);
const page = () => document.documentElement.dataset.page;
const on = (wanted: string) => vi.waitFor(() => expect(page()).toBe(wanted));
const main = () => document.querySelector("main") as HTMLElement;
const press = (key: string, more: KeyboardEventInit = {}) =>
	window.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));

async function open(): Promise<void> {
	render(App, { monitor: following(hostOf({ quit })) });
	// The rail has it once there is a sample, and so have the panels.
	await vi.waitFor(() => expect(document.querySelector('.rail [data-page="cpu"]')).not.toBeNull());
	await vi.waitFor(() => screen.getByRole("button", { name: "CPU" }));
}

beforeEach(() => quit.mockClear());

it("shows another page from its top, and gives it the focus that went with the one before", async () => {
	await open();
	expect(document.activeElement).toBe(document.body);
	const title = screen.getByRole("button", { name: "CPU" });
	title.focus();
	main().scrollTop = 120;
	title.click();
	await on("cpu");
	await vi.waitFor(() => expect(document.activeElement).toBe(main()));
	expect([main().scrollTop, main().getAttribute("aria-label")]).toEqual([0, "CPU"]);
	// What is on both pages does not keep it.
	(document.querySelector('[data-panel="facts"]') as HTMLElement).focus();
	press("4", { ctrlKey: true });
	await on("memory");
	await vi.waitFor(() => expect(document.activeElement).toBe(main()));
	// What stands beside the page does.
	const entry = document.querySelector<HTMLElement>('.rail [data-page="cpu"]');
	entry?.focus();
	entry?.click();
	await on("cpu");
	expect(document.activeElement).toBe(entry);
});

it("scrolls by keys from outside of the page, but not for a menu or a rail that scrolls itself", async () => {
	await open();
	const scrolled = vi.spyOn(main(), "scrollBy").mockImplementation(() => undefined);
	vi.spyOn(main(), "clientHeight", "get").mockReturnValue(500);
	const entry = document.querySelector<HTMLElement>('.rail [data-page="cpu"]') as HTMLElement;
	const rail = entry.closest(".rail") as HTMLElement;
	const from = (target: Element, key = "PageDown") => {
		scrolled.mockClear();
		const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
		target.dispatchEvent(event);
		expect(scrolled.mock.calls.length > 0, "it is taken if it does something").toBe(event.defaultPrevented);
		return scrolled.mock.calls.at(0)?.at(0);
	};
	expect(from(document.body)).toEqual({ top: 450 });
	expect(from(entry, "PageUp")).toEqual({ top: -450 });
	vi.spyOn(rail, "scrollHeight", "get").mockReturnValue(900);
	expect(from(entry)).toBeUndefined();
	expect(from(screen.getByRole("button", { name: "CPU" }))).toBeUndefined();
	screen
		.getByRole("button", { name: "CPU" })
		.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
	expect(from(await vi.waitFor(() => screen.getByRole("menuitem", { name: "Copy figures" })))).toBeUndefined();
});

it("goes back from the settings to the page that they were opened from", async () => {
	await open();
	const button = screen.getByTestId("settings");
	for (const [there, back] of [
		[() => press(",", { ctrlKey: true }), () => press("Escape")],
		[() => button.click(), () => button.click()],
		[() => press(",", { ctrlKey: true }), () => button.click()],
	] as const) {
		press("3", { ctrlKey: true });
		await on("cpu");
		there();
		await on("settings");
		// Asked for twice they are still left for that page.
		press(",", { ctrlKey: true });
		back();
		await on("cpu");
	}
});

it("quits by a key on any keyboard, and by a button in the settings", async () => {
	await open();
	press("q", { ctrlKey: true, shiftKey: true });
	press("q");
	expect(quit).not.toHaveBeenCalled();
	press("q", { ctrlKey: true });
	press("й", { code: "KeyQ", ctrlKey: true });
	expect(quit).toHaveBeenCalledTimes(2);
	press(",", { ctrlKey: true });
	const button = await vi.waitFor(() => screen.getByRole("button", { name: "Quit Telltale" }));
	button.click();
	expect(quit).toHaveBeenCalledTimes(3);
	quit.mockRejectedValueOnce(new Refused("not now"));
	button.click();
	await vi.waitFor(() => expect(screen.getByRole("alert").textContent).toBe("not now"));
});
