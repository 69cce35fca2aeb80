// What is flagged, and what is not: only what somebody should look at.
import { expect, it } from "vitest";
import type { CurrentMetrics, GpuState, Reason } from "../bindings";
import { batch } from "../store/testing";
import { entries } from "./devices";
import { causes, trouble } from "./trouble";

const now = () => batch({ tick: 1, timestamp: 1_700_000_000_000 });

function found(change: CurrentMetrics): Record<string, string> {
	const all = entries(change).map((entry) => [entry.page, trouble(entry, change)] as const);
	return Object.fromEntries(all.filter(([, wrong]) => wrong !== null)) as Record<string, string>;
}

it("finds nothing wrong where all is well", () => {
	expect(found(now())).toEqual({});
});

it.each(["lost", "not_answering", "failed"] as const)("flags a channel that is %s", (reason) => {
	const stale = { channel: "system/gpu/GPU-1", since: 1_700_000_000_000 - 9000, reason };
	expect(found(batch({ tick: 1, timestamp: 1_700_000_000_000, stale }))).toEqual({ "gpu/GPU-1": reason });
});

it.each(["asleep", "suspended", "starting", "idle"] as Reason[])("leaves a device alone that is %s", (reason) => {
	const stale = { channel: "system/gpu/GPU-1", since: 1_700_000_000_000 - 9000, reason };
	expect(found(batch({ tick: 1, timestamp: 1_700_000_000_000, stale }))).toEqual({});
});

it("flags a GPU whose state is heat: neither one at its power limit, nor one that is idle and names a limit", () => {
	const limited = (state: GpuState) => {
		const one = now();
		for (const gpu of one.gpu) Object.assign(gpu, { state, clock_limits: ["idle", "power_cap", "software_thermal"] });
		return found(one);
	};
	expect(limited("software_thermal")).toEqual({ "gpu/GPU-1": "heat" });
	expect(limited("hardware_thermal")).toEqual({ "gpu/GPU-1": "heat" });
	expect(limited("power_cap")).toEqual({});
	expect(limited("idle")).toEqual({});
});

it("flags memory and file systems that are nearly full, but not what nobody can write to: images and discs always are", () => {
	const full = now();
	if (full.memory) full.memory.ram_available = 100;
	const mounted = full.disk?.devices[0]?.file_systems[0];
	if (mounted) mounted.available = 4;
	expect(found(full)).toEqual({ memory: "full", "disk/sda": "full" });
	if (mounted) mounted.read_only = true;
	expect(found(full)).toEqual({ memory: "full" });
});

it("counts a source that does not answer once, and each device with a trouble of its own", () => {
	const counted = (change: CurrentMetrics) =>
		causes(entries(change).map((entry) => [entry, trouble(entry, change)] as const));
	const disks = (one: CurrentMetrics) => {
		const first = one.disk?.devices[0];
		if (!one.disk || !first) throw new Error("the sample has a disk");
		one.disk.devices = Array.from({ length: 30 }, (_, at) => ({ ...first, name: `sd${at}` }));
		return one;
	};
	expect(counted(disks(now()))).toBe(0);
	const stale = { channel: "system/disk", since: 1_700_000_000_000 - 9000, reason: "not_answering" } as const;
	expect(counted(disks(batch({ tick: 1, timestamp: 1_700_000_000_000, stale })))).toBe(1);
	const full = disks(now());
	for (const disk of full.disk?.devices.slice(0, 2) ?? []) {
		disk.file_systems = disk.file_systems.map((one) => ({ ...one, available: 4 }));
	}
	expect(counted(full)).toBe(2);
});
