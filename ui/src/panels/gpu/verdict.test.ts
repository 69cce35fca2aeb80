// A verdict as it is read: what it comes down to, with the figures it rests on, and no more than was found.
import { expect, it } from "vitest";
import type { Finding, GpuVerdict } from "../../bindings";
import { words } from "./verdict";

const CAPPED: Finding = {
	kind: "held_back",
	by: "power_cap",
	percent: 46.7,
	power_draw: 334.2,
	power_limit: 350,
	temperature: 71,
	sm_clock: 2310,
	sm_clock_max: 2745,
};

function verdict(headline: Finding, more: Partial<GpuVerdict> = {}): GpuVerdict {
	return {
		gpu_id: "GPU-1",
		sampled: 900,
		headline,
		also: [],
		shares: [],
		machine: { busiest_core: 55, cpu_pressure: 1, disk_busy: 31, io_pressure: 0 },
		unsampled: [],
		...more,
	};
}

const said = (one: GpuVerdict) => {
	const { headline, evidence, tone } = words(one, "celsius");
	return [tone, headline, ...evidence].map((text) => text.replaceAll("\u00a0", " "));
};

it("says what holds it back, for how much of the time, with power, clocks and the machine meanwhile", () => {
	expect(said(verdict(CAPPED))).toEqual([
		"held",
		"Power-capped 47 % of 15 m",
		"334 W of a 350 W limit, clock 2,310 of 2,745 MHz.",
		"A higher power limit or undervolting would let it clock higher.",
		"Meanwhile: disk 31 % busy, I/O pressure 0 %, busiest core 55 %.",
	]);
});

it("says how hot it was where heat is the cause, and leaves out what was not measured", () => {
	const hot: Finding = {
		...CAPPED,
		by: "hardware_thermal",
		percent: 0.4,
		temperature: 92,
		power_draw: null,
		sm_clock: null,
	};
	const unknown = { busiest_core: null, cpu_pressure: null, disk_busy: null, io_pressure: null };
	expect(said(verdict(hot, { machine: unknown }))).toEqual([
		"held",
		"Slowed by the hardware for heat < 1 % of 15 m",
		"Up to 92 °C.",
		"Better cooling or a lower power limit would help.",
	]);
});

it("does not claim that it was the GPU's program that waited", () => {
	const starved: Finding = { kind: "waiting_for_data", percent: 80, utilization: 12, disk_busy: 97, io_pressure: 40 };
	expect(said(verdict(starved)).slice(0, 3)).toEqual([
		"held",
		"Probably waiting for data 80 % of 15 m",
		"GPU 12 % busy, disk 97 % busy, I/O pressure 40 %.",
	]);
});

it("tells a hang by its length, and what else was found after it", () => {
	const hung: Finding = { kind: "possibly_hung", seconds: 360, utilization: 98, power_draw: 90, power_limit: 450 };
	const full: Finding = {
		kind: "memory_nearly_full",
		percent: 100,
		memory_used: 23 * 1024 ** 3,
		memory_total: 24 * 1024 ** 3,
	};
	const found = said(verdict(hung, { also: [full], unsampled: [{ reason: "suspended", seconds: 61 }] }));
	expect(found.slice(0, 3)).toEqual(["bad", "Possibly hung for 6 m", "GPU 98 % busy, 90 W of a 450 W limit."]);
	expect(found).toContain("Memory nearly full 100 % of 15 m, 23.0 GiB of 24 GiB.");
	expect(found.at(-1)).toBe("No samples for 1 m 1 s: computer suspended.");
});

it("has words for every other finding", () => {
	const headlines: [Finding, string][] = [
		[{ kind: "idle", percent: 99.6 }, "Idle 100 % of 15 m"],
		[
			{ kind: "untold", percent: 100, utilization: 5 },
			"The device does not tell what holds its clocks back (100 % of 15 m)",
		],
		[{ kind: "not_enough_data", seconds: 4, needed: 10 }, "Not enough samples for a verdict yet"],
		[{ kind: "unavailable", reason: "asleep" }, "No verdict: asleep"],
	];
	for (const [finding, headline] of headlines) expect(said(verdict(finding)).slice(0, 2)).toEqual(["calm", headline]);
	const cpu: Finding = {
		kind: "waiting_for_cpu",
		percent: 60,
		utilization: 30,
		busiest_core: 100,
		cpu_utilization: 20,
		cpu_pressure: null,
	};
	expect(said(verdict(cpu))[2]).toBe("GPU 30 % busy, busiest core 100 %, all cores 20 %.");
});
