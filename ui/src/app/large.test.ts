// Text of twice the size, from the start or later: what is painted, and what stands beside it, is as large as the rest.
import { render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { batch, following, hostOf, Sized } from "../store/testing";

/** Elements have a size at once, and tell of it again when a test says so. */
class Told extends Sized {
	private static readonly told = new Map<Element, (entries: unknown[]) => void>();
	static changed = (target: Element) => Told.told.get(target)?.([{ target, contentRect: { width: 26, height: 0 } }]);

	constructor(private readonly tell: (entries: unknown[]) => void) {
		super(tell);
		const observe = this.observe;
		this.observe = (target) => {
			Told.told.set(target, this.tell);
			observe(target);
		};
	}
}

afterEach(() => {
	vi.unstubAllGlobals();
	document.documentElement.style.fontSize = "";
});

/** The page of a GPU, with text of a size. */
async function open(size: string, page = "gpu/GPU-1", host = hostOf()): Promise<() => void> {
	document.documentElement.style.fontSize = size;
	vi.stubGlobal("ResizeObserver", Told);
	const { default: App } = await import("./App.svelte");
	history.replaceState(null, "", `/#${page}`);
	return render(App, { monitor: following(host) }).unmount;
}

const states = () => document.querySelector<HTMLElement>(".held .states");

it.each([
	["13px", "62px 50px", "18px"],
	["26px", "124px 100px", "36px"],
])("stands the lane and its words on the plot's place with text of %s", async (size, sides, tall) => {
	const unmount = await open(size);
	await vi.waitFor(() => expect(states()?.style.paddingInline).toBe(sides));
	expect(document.querySelector<HTMLElement>(".held .lane")?.style.height).toBe(tall);
	const corner = { clientX: innerWidth, clientY: innerHeight, bubbles: true, cancelable: true };
	states()?.dispatchEvent(new MouseEvent("contextmenu", corner));
	const menu = await vi.waitFor(() => screen.getByTestId("menu"));
	const room = [Number.parseFloat(menu.style.left) - innerWidth, Number.parseFloat(menu.style.top) - innerHeight];
	expect(room, "a menu at the corner has room for its words").toEqual(size === "13px" ? [-180, -90] : [-360, -180]);
	unmount();
});

it("follows the size of text while the window is open", async () => {
	const unmount = await open("13px");
	const charts = () => [...document.querySelectorAll(".uplot")];
	await vi.waitFor(() => expect(states()?.style.paddingInline).toBe("62px 50px"));
	await vi.waitFor(() => expect(charts().length).toBeGreaterThan(0));
	const before = charts();
	const least = () => document.querySelector<HTMLElement>(".chart")?.style.minHeight;
	expect(least()).toBe("240px");
	document.documentElement.style.fontSize = "26px";
	Told.changed(document.querySelector(".text-size") as Element);
	await vi.waitFor(() => expect(states()?.style.paddingInline).toBe("124px 100px"));
	await vi.waitFor(() => expect(charts().length).toBe(before.length));
	expect(charts().filter((chart) => before.includes(chart))).toEqual([]);
	expect(least(), "the axes take more room, and leave the plot as much").toBe("480px");
	unmount();
});

it("has fewer GPUs in a row where text is larger", async () => {
	vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(900);
	const one = batch({ tick: 1, timestamp: Date.now() });
	const gpu = one.gpu.flatMap((first) =>
		Array.from({ length: 8 }, (_, index) => ({ ...first, index, gpu_id: `GPU-${index}` })),
	);
	const unmount = await open("13px", "overview", hostOf({ current: async () => ({ ...one, gpu }) }));
	const basis = () => document.querySelector<HTMLElement>(".card")?.style.flexBasis;
	Told.changed(document.querySelector(".text-size") as Element);
	await vi.waitFor(() => expect(basis()).toBe("calc(100% / 4 - 13px)"));
	document.documentElement.style.fontSize = "26px";
	Told.changed(document.querySelector(".text-size") as Element);
	await vi.waitFor(() => expect(basis()).toBe("calc(100% / 2 - 13px)"));
	unmount();
});
