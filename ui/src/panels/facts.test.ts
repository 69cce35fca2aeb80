// Figures at the foot of a page: in words, with their unit, and with the reason where there is none.
import { expect, it } from "vitest";
import { text } from "../base/units";
import type { CurrentMetrics } from "../bindings";
import { batch } from "../store/testing";
import { type Fact, facts, frequency, heldBack, type Known, latency } from "./facts";

const known: Known = { batch: batch({ tick: 1, timestamp: 1_700_000_000_000 }), info: null, settings: null };
const said = (kind: string, name = "") =>
	Object.fromEntries(facts(kind, name, known).map((fact) => [fact.name, fact.value.replaceAll("\u00a0", " ")]));

it("tells the processors' clocks, load and pressure, and why there is no temperature", () => {
	expect(said("cpu")).toMatchObject({
		Clock: "3.0 GHz on average, 5.1 GHz at most",
		"Load average": "1.50   1.25   1.00",
		Temperature: "— not reported by this device",
		Pressure: "10 %",
	});
});

it("splits memory as free does", () => {
	expect(said("memory")).toMatchObject({ Installed: "4 KiB", Used: "1.0 KiB", Cached: "1.5 KiB", Swap: "none" });
	expect(said("memory")).not.toHaveProperty("Compressed (zram)");
});

it("tells a disk's requests and latency", () => {
	expect(said("disk", "sda")).toMatchObject({
		Model: "Test Disk",
		Size: "1 TiB",
		Busy: "50 %",
		Latency: "2.5 ms",
		"Reads completed": "10/s",
	});
});

it.each([
	[0, "0 ms"],
	[0.000_001, "< 0.01 ms"],
	[0.000_03, "0.03 ms"],
	[0.000_094, "0.09 ms"],
	[0.000_096, "0.1 ms"],
	[0.0025, "2.5 ms"],
	[0.009_94, "9.9 ms"],
	[0.009_96, "10 ms"],
	[0.0123, "12 ms"],
])("tells %s s as %s", (seconds, words) => {
	expect(text(latency(seconds)).replaceAll("\u00a0", " ")).toBe(words);
});

it.each([
	[0, "0/s"],
	[0.02, "< 0.1/s"],
	[0.05, "0.1/s"],
	[3, "3.0/s"],
	[12.4, "12/s"],
])("tells %s a second as %s", (rate, words) => {
	expect(frequency(rate).replaceAll("\u00a0", " ")).toBe(words);
});

it("tells an interface's link", () => {
	expect(said("network", "eth0")).toMatchObject({ State: "up", "Link speed": "1 Gbit/s", Addresses: "192.0.2.1/24" });
});

it("says why a disk has no name and a link no speed, and says nothing of the speed of what has no link", () => {
	const without = structuredClone(known) as { batch: CurrentMetrics };
	const { disk, network } = without.batch;
	if (!disk || !network) throw new Error("a sample has both");
	for (const one of disk.devices) one.model = null;
	for (const one of network.interfaces) one.link_speed = null;
	disk.missing["devices/sda/model"] = "unsupported";
	network.missing["interfaces/eth0/link_speed"] = "link_down";
	const of = (kind: string, name: string) => facts(kind, name, { ...known, ...without });
	const value = (all: Fact[], name: string) => all.find((fact) => fact.name === name)?.value;
	expect(value(of("disk", "sda"), "Model")).toBe("— not reported by this device");
	expect(value(of("network", "eth0"), "Link speed")).toBe("— the link is down");
	expect(value(of("network", "lo"), "Link speed")).toBeUndefined();
	expect(value(of("network", "lo"), "State")).toBe("up");
});

it("calls what holds a GPU back as its states are called", () => {
	expect(heldBack(["power_cap", "hardware_thermal"])).toBe("power cap, heat (hardware)");
	expect([heldBack(["idle"]), heldBack([])]).toEqual(["nothing to do", "nothing: running free"]);
});

it("has nothing to say of what it does not know", () => {
	expect(facts("network", "gone", known)).toEqual([]);
	expect(facts("overview", "", known)).toEqual([]);
});
