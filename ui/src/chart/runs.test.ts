// What becomes of points that are denser than pixels, and of gaps.
import { describe, expect, it } from "vitest";
import { isDense, type Points, runs as runsOf } from "./runs";

const runs = (points: Omit<Points, "dense">) =>
	runsOf({ ...points, dense: isDense(points.times, points.first, points.last, points.perPixel) });

const every = (step: number, count: number) => Array.from({ length: count }, (_, i) => i * step);

describe("runs", () => {
	it("leaves each point as it is where there are pixels enough", () => {
		const times = every(2000, 5);
		const found = runs({ times, values: [1, 2, 3, 4, 5], first: 0, last: 4, perPixel: 100 });
		expect(found).toEqual([{ x: times, mean: [1, 2, 3, 4, 5], least: [], largest: [] }]);
	});

	it("breaks where there is none", () => {
		const { NaN: none } = Number;
		const found = runs({
			times: every(2000, 6),
			values: [1, none, 3, 4, none, none],
			first: 0,
			last: 5,
			perPixel: 100,
		});
		expect(found.map((run) => run.mean)).toEqual([[1], [3, 4]]);
	});

	it("keeps a peak of one sample among thousands", () => {
		const values = every(1, 1800).map((i) => (i === 901 ? 100 : 2));
		const found = runs({ times: every(2000, 1800), values, first: 0, last: 1799, perPixel: 9000 });
		expect(found).toHaveLength(1);
		expect(Math.max(...(found[0]?.largest ?? []))).toBe(100);
		expect(Math.max(...(found[0]?.mean ?? []))).toBeLessThan(50);
		expect(Math.min(...(found[0]?.least ?? []))).toBe(2);
	});

	it("puts the same points into the same buckets when the window has moved on", () => {
		const times = every(1000, 100);
		const values = times.map((time) => Math.sin(time));
		const before = runs({ times, values, first: 0, last: 79, perPixel: 4000 })[0];
		const after = runs({ times, values, first: 8, last: 99, perPixel: 4000 })[0];
		const shared = before?.x.slice(3, 18) ?? [];
		for (const x of shared) {
			expect(after?.mean[after.x.indexOf(x)]).toBe(before?.mean[before.x.indexOf(x)]);
		}
		expect(shared).toHaveLength(15);
	});

	it("breaks a dense line at a gap too", () => {
		const values = every(1, 100).map((i) => (i >= 40 && i < 60 ? Number.NaN : i));
		const found = runs({ times: every(1000, 100), values, first: 0, last: 99, perPixel: 5000 });
		expect(found).toHaveLength(2);
		expect(found[0]?.largest.at(-1)).toBe(39);
		expect(found[1]?.least[0]).toBe(60);
	});
});
