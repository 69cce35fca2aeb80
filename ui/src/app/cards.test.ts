// What stands on the overview's cards and in the bar above them: names without what all have, and reasons where they can be seen.
import { cleanup, render } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import type { CurrentMetrics, GpuMetrics } from "../bindings";
import { batch, following, hostOf, Sized } from "../store/testing";
import App from "./App.svelte";

const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
const bar = () => document.querySelector(".about")?.textContent;

/** GPUs of these names. */
function gpus(...names: string[]): CurrentMetrics {
	const one = batch({ tick: 1, timestamp: Date.now() });
	const gpu = names.map((name, index) => ({ ...(one.gpu[0] as GpuMetrics), gpu_id: `GPU-${index}`, index, name }));
	const channels = gpu.map(({ gpu_id }) => ({
		channel: `system/gpu/${gpu_id}`,
		timestamp: one.timestamp,
		age: 0,
		reason: null,
		detail: null,
	}));
	return { ...one, gpu, channels: [...channels, ...one.channels.filter((status) => !status.channel.includes("gpu"))] };
}

async function open(current: CurrentMetrics): Promise<void> {
	vi.stubGlobal("ResizeObserver", Sized);
	history.replaceState(null, "", "/index.html#overview");
	const info = { cpu_model: "AMD EPYC 9354 32-Core Processor" };
	render(App, { monitor: following(hostOf({ current: async () => current, info })) });
	await vi.waitFor(() => expect(all(".tile").length).toBe(4 * current.gpu.length));
}

afterEach(() => {
	cleanup();
	vi.unstubAllGlobals();
});

it("calls devices by their models, without what all models have", async () => {
	await open(gpus("NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 4090"));
	await vi.waitFor(() => expect(bar()).toContain("2 × RTX 4090"));
	expect(all('[data-panel="gpu/GPU-1"] .subtitle').map((one) => one.textContent)).toEqual(["NVIDIA GeForce RTX 4090"]);
	expect(document.querySelector('[data-panel="cpu"] .subtitle')?.textContent).toContain("AMD EPYC 9354 ·");
});

it("has no model where the driver told none", async () => {
	await open(gpus("GPU 0", "GPU 1"));
	await vi.waitFor(() => expect(bar()).toContain("2 GPUs"));
	expect(all('[data-panel^="gpu/"] .subtitle')).toEqual([]);
});

it("names each tile's figure by its GPU", async () => {
	await open(gpus("a", "b"));
	expect(all('[data-panel="gpu/GPU-1"] .tile [data-figure]').map((one) => one.dataset.figure)).toEqual(
		["utilization", "memory_used", "temperature", "power_draw"].map((field) => `gpu/GPU-1/${field}`),
	);
});

it("shows why there is no figure in its legend, and on a tile when it is pointed at", async () => {
	const lacking = gpus("a", "b");
	Object.assign(lacking.gpu[0] as object, { utilization: null, missing: { utilization: "no_permission" } });
	await open(lacking);
	const seen = (gpu: string) =>
		all(`[data-panel="gpu/${gpu}"] .legend .why:not([hidden])`).map((one) => one.textContent);
	await vi.waitFor(() => expect(seen("GPU-0")).toEqual([expect.stringContaining("permi")]));
	expect(seen("GPU-1")).toEqual([]);
	const [first, second] = all(".tile").filter((one) => one.querySelector('[data-figure$="/utilization"]'));
	expect(first?.title).toMatch(/permi.*\n.*Share of/);
	expect(second?.title).toMatch(/^Share of/);
});
