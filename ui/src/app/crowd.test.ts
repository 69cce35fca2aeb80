// A machine with 256 cores, 30 disks and 40 interfaces: everything is listed, nothing is drawn twice, and what nobody
// looks for first is tucked away.
import { render } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { barGrid } from "../base/scale";
import type { CurrentMetrics } from "../bindings";
import { DEFAULTS } from "../host/host";
import { batch, following, hostOf, sending } from "../store/testing";
import App from "./App.svelte";

const [CORES, DISKS, INTERFACES, PHYSICAL] = [256, 30, 40, 4];

function crowd(): CurrentMetrics {
	const one = batch({ tick: 1, timestamp: Date.now() });
	const { cpu, disk, network } = one;
	if (!cpu || !disk || !network) throw new Error("the sample has all channels");
	cpu.per_core = Array.from({ length: CORES }, (_, core) => (core * 7) % 101);
	cpu.core_ids = Array.from({ length: CORES }, (_, core) => core);
	cpu.core_clocks = cpu.core_ids.map(() => 2400);
	const [first] = disk.devices;
	const [physical, loopback] = network.interfaces;
	if (!first || !physical || !loopback) throw new Error("the sample has a disk and two interfaces");
	disk.devices = Array.from({ length: DISKS }, (_, at) => ({ ...first, name: `nvme${at}n1` }));
	network.interfaces = Array.from({ length: INTERFACES }, (_, at) =>
		at < PHYSICAL
			? { ...physical, name: `enp${at}s0f1np1` }
			: { ...loopback, kind: "virtual" as const, name: `veth${at}a1b2c3d` },
	);
	return one;
}

const host = hostOf({ current: async () => crowd(), settings: async () => ({ ...DEFAULTS, theme: "dark" }) });

const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];

it("lists every device once, and tucks virtual interfaces away", async () => {
	render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(all('.rail [data-page^="disk/"]')).toHaveLength(DISKS));
	const pages = all(".rail [data-page]").map((one) => one.dataset.page);
	expect(new Set(pages).size).toBe(pages.length);
	expect(all('.rail > ul [data-page^="network/"]')).toHaveLength(PHYSICAL);
	const tucked = all(".rail details")[0] as HTMLDetailsElement;
	expect(tucked.open).toBe(false);
	tucked.open = true;
	tucked.dispatchEvent(new Event("toggle"));
	await vi.waitFor(() => expect(tucked.querySelector("[data-page]")).not.toBeNull());
	expect(tucked.querySelectorAll('[data-page^="network/"]')).toHaveLength(INTERFACES - PHYSICAL);
	expect(tucked.querySelector("summary")?.textContent).toContain(String(INTERFACES - PHYSICAL));
});

it("leaves them folded, also where one of them is shown, while others come and go", async () => {
	const { host, emit } = sending({ current: async () => crowd() });
	history.replaceState(null, "", "/#network/veth9a1b2c3d");
	render(App, { monitor: following(host) });
	const tucked = await vi.waitFor(() => {
		const found = all(".rail details")[0] as HTMLDetailsElement;
		expect(found?.open).toBe(true);
		return found;
	});
	tucked.open = false;
	tucked.dispatchEvent(new Event("toggle"));
	const fewer = { ...crowd(), tick: 2 };
	fewer.network?.interfaces.pop();
	emit(fewer);
	const counted = () => tucked.querySelector("summary")?.textContent;
	await vi.waitFor(() => expect(counted()).toContain(String(INTERFACES - PHYSICAL - 1)));
	expect(tucked.open).toBe(false);
});

it("shows a bar per core, in rows that are full", async () => {
	render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(all(".core")).toHaveLength(CORES));
	expect(all(".core").at(-1)?.dataset.core).toBe(String(CORES - 1));
	expect(barGrid(CORES, 480)).toEqual({ columns: 64, rows: 4 });
	// A bar narrower than this can't be told from its neighbour.
	for (const width of [250, 320, 480, 640, 1000]) {
		const { columns, rows } = barGrid(CORES, width);
		expect(columns * rows).toBeGreaterThanOrEqual(CORES);
		expect(width / columns).toBeGreaterThanOrEqual(7);
	}
});

it("names the disks and interfaces of the whole in one line, cut off at its end", async () => {
	render(App, { monitor: following(host) });
	await vi.waitFor(() => expect(all('[data-panel="disk"] .subtitle')).toHaveLength(1));
	expect(all('[data-panel="disk"] h2')[0]?.title).toContain("nvme29n1");
	expect(all('[data-panel="network"] h2')[0]?.title).not.toContain("veth");
});
