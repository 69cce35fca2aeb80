// The menu of a panel, and the moment that copied figures are of.
import { render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { following, hostOf } from "../store/samples";
import App from "./App.svelte";

const page = () => document.documentElement.dataset.page;
const press = (key: string, more: KeyboardEventInit = {}) =>
	document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));

afterEach(() => vi.restoreAllMocks());

it("copies the figures of a pause with the time of the pause", async () => {
	const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
	document.execCommand = () => false;
	history.replaceState(null, "", "/?paused=1700000000000");
	render(App, { monitor: following(hostOf()) });
	const title = await vi.waitFor(() => screen.getByRole("button", { name: "CPU" }));
	await vi.waitFor(() => expect(document.documentElement.dataset.rows).toBe("1"));
	title.focus();
	press("c", { ctrlKey: true });
	await vi.waitFor(() => expect(written.mock.lastCall?.[0]).toContain("2023-11-14T22:13:20.000Z"));
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
