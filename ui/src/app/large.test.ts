// Text of twice the size: what is painted, and what stands beside it, is as large as the rest.
import { render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { batch, following, hostOf, Sized } from "../store/samples";

afterEach(() => {
	vi.unstubAllGlobals();
	document.documentElement.style.fontSize = "";
});

it.each([
	["13px", "62px 50px", "18px"],
	["26px", "124px 100px", "36px"],
])("stands the lane and its words on the plot's place with text of %s", async (size, sides, tall) => {
	document.documentElement.style.fontSize = size;
	vi.stubGlobal("ResizeObserver", Sized);
	const { default: App } = await import("./App.svelte");
	history.replaceState(null, "", "/#gpu/GPU-1");
	const one = batch({ tick: 1, timestamp: Date.now() });
	const { unmount } = render(App, { monitor: following(hostOf({ current: async () => one })) });
	const states = () => document.querySelector<HTMLElement>(".held .states");
	await vi.waitFor(() => expect(states()?.style.paddingInline).toBe(sides));
	expect(document.querySelector<HTMLElement>(".held .lane")?.style.height).toBe(tall);
	const corner = { clientX: innerWidth, clientY: innerHeight, bubbles: true, cancelable: true };
	states()?.dispatchEvent(new MouseEvent("contextmenu", corner));
	const menu = await vi.waitFor(() => screen.getByTestId("menu"));
	const room = [Number.parseFloat(menu.style.left) - innerWidth, Number.parseFloat(menu.style.top) - innerHeight];
	expect(room, "a menu at the corner has room for its words").toEqual(size === "13px" ? [-180, -90] : [-360, -180]);
	unmount();
});
