// Ends of axes, grids of bars, and finding rows.
import { describe, expect, it } from "vitest";
import { barGrid, binaryCeiling, decimalCeiling, evenRows, lowerBound, nearest } from "./scale";

describe("binaryCeiling", () => {
	it("never falls below its floor", () => expect(binaryCeiling(0, 1024)).toBe(1024));
	it("takes round binary steps", () => {
		expect([1024, 1025, 1537, 2049, 5000].map((value) => binaryCeiling(value, 1024))).toEqual([
			1024, 1536, 2048, 3072, 6144,
		]);
	});
	it("holds every value, and less than half as much again", () => {
		for (let value = 1025; value < 1e12; value *= 1.37) {
			const end = binaryCeiling(value, 1024);
			expect(end).toBeGreaterThanOrEqual(value);
			expect(end / value).toBeLessThan(1.5);
		}
	});
});

it("takes round decimal steps for watts and bits", () => {
	expect([0, 100, 101, 350, 950].map((value) => decimalCeiling(value, 100))).toEqual([100, 100, 200, 400, 1000]);
});

it.each([1, 2, 8, 16, 32, 64, 128, 256])("%d bars are all in the grid, none narrower than 3 pixels", (count) => {
	for (const width of [280, 500, 1000]) {
		const { columns, rows } = barGrid(count, width);
		expect(columns * rows).toBeGreaterThanOrEqual(count);
		expect(columns * (rows - 1)).toBeLessThan(count);
		expect((width + 4) / columns - 4, `${count} bars in ${width} px`).toBeGreaterThanOrEqual(3);
	}
});

it("fills rows evenly", () => {
	expect(evenRows(8, 4)).toEqual([4, 4, 4, 4, 4, 4, 4, 4]);
	expect(evenRows(8, 3)).toEqual([3, 3, 3, 3, 3, 3, 2, 2]);
	expect(evenRows(7, 3)).toEqual([3, 3, 3, 2, 2, 2, 2]);
	expect(evenRows(5, 4)).toEqual([3, 3, 3, 2, 2]);
	expect([evenRows(2, 0), evenRows(0, 3)]).toEqual([[1, 1], []]);
});

it("finds rows by time", () => {
	const times = [10, 20, 30];
	expect([5, 10, 11, 30, 31].map((time) => lowerBound(times, time))).toEqual([0, 0, 1, 2, 3]);
	const runs = times.map((to) => ({ to }));
	expect([5, 10, 11, 30, 31].map((time) => lowerBound(runs, time, ({ to }) => to))).toEqual([0, 0, 1, 2, 3]);
	expect([5, 14, 16, 99].map((time) => nearest(times, time))).toEqual([0, 0, 1, 2]);
	expect(nearest([], 5)).toBe(-1);
});
