// A lane says what there was, however many changes share a pixel.
import { expect, it } from "vitest";
import type { GpuState } from "../bindings";
import type { Run } from "../store/states";
import { alike, called, segments } from "./segments";

/** Runs of so many ms each, from 0 on. */
function runs(...list: [number, GpuState | "gap" | "untold"][]): Run[] {
	let from = 0;
	return list.map(([length, its]) => {
		const run: Run = {
			from,
			to: from + length,
			state: its === "gap" || its === "untold" ? null : its,
			reason: its === "gap" ? "suspended" : null,
		};
		from += length;
		return run;
	});
}

const short = (list: readonly Run[], from: number, to: number, width: number) =>
	segments(list, { from, to }, width).map(({ x, width, look }) => [x, width, look]);

it("gives each run its pixels, and only those in the span", () => {
	const list = runs([100, "idle"], [200, "power_cap"], [100, "gap"], [100, "untold"], [500, "running_free"]);
	expect(short(list, 0, 1000, 100)).toEqual([
		[0, 10, "idle"],
		[10, 20, "power_cap"],
		[30, 10, "gap"],
		[40, 10, "untold"],
		[50, 50, "running_free"],
	]);
	expect(short(list, 200, 300, 50)).toEqual([[0, 50, "power_cap"]]);
	expect(short(list, 1200, 1300, 50)).toEqual([]);
});

it("leaves free what is older than the first sample", () => {
	expect(short(runs([100, "idle"]), -900, 100, 100)).toEqual([[90, 10, "idle"]]);
});

it("keeps a moment visible that is less than a pixel", () => {
	const list = runs([5000, "running_free"], [2, "hardware_thermal"], [4998, "running_free"]);
	expect(short(list, 0, 10_000, 100)).toEqual([
		[0, 50, "running_free"],
		[50, 1, "hardware_thermal"],
		[51, 49, "running_free"],
	]);
	expect(short(runs([9999, "idle"], [1, "power_brake"]), 0, 10_000, 100)).toEqual([
		[0, 99, "idle"],
		[99, 1, "power_brake"],
	]);
});

it("gives a pixel to the gravest of its states, and has never more segments than pixels", () => {
	const list = runs(
		...Array.from({ length: 7200 }, (_, at): [number, GpuState] => [
			500,
			(["idle", "running_free", "power_cap", "software_thermal"] as const)[(at * at + at) % 4] as GpuState,
		]),
	);
	const found = segments(list, { from: 0, to: 3_600_000 }, 300);
	expect(found.length).toBeLessThanOrEqual(300);
	let at = 0;
	for (const { x, width } of found) {
		expect(x).toBe(at);
		at = x + width;
	}
	expect(at).toBe(300);
	const mixed = runs(
		[1000, "running_free"],
		[1, "power_cap"],
		[1, "hardware_thermal"],
		[1, "power_cap"],
		[997, "running_free"],
	);
	expect(short(mixed, 0, 2000, 20)).toEqual([
		[0, 10, "running_free"],
		[10, 1, "hardware_thermal"],
		[11, 9, "running_free"],
	]);
});

it("knows when there is nothing new to draw", () => {
	const list = segments(runs([10_000, "idle"]), { from: 0, to: 10_000 }, 100);
	expect(alike(list, segments(runs([10_050, "idle"]), { from: 50, to: 10_050 }, 100))).toBe(true);
	expect(alike(list, segments(runs([9000, "idle"], [1000, "gap"]), { from: 0, to: 10_000 }, 100))).toBe(false);
});

it("calls a run by its state, or by why there is none", () => {
	expect(runs([1, "power_cap"], [1, "gap"], [1, "untold"]).map(called)).toEqual([
		"power cap",
		"gap: computer suspended",
		"not told",
	]);
});
