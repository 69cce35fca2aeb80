// A peak that is kept up is the one that a look at the whole window would find.
import { expect, it } from "vitest";
import { MovingPeak } from "./peak";
import { lowerBound } from "./scale";

it("is the window's largest value, wherever the window moves and whatever comes", () => {
	let seed = 7;
	const random = (below: number) => {
		seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
		return seed % below;
	};
	const times: number[] = [];
	const values: number[] = [];
	const moving = new MovingPeak();
	let asked = 0;
	for (let at = 0; at < 2000; at++) {
		times.push(at * 1000);
		values.push(random(4) === 0 ? Number.NaN : random(1000));
		// The newest row is filled later at times.
		if (Number.isNaN(values[at]) && random(2) === 0) {
			moving.of(times, values, (at - 50) * 1000, at * 1000);
			values[at] = random(2000);
		}
		const length = [20, 50, 200][random(3)] ?? 20;
		const to = random(10) === 0 ? random(at + 1) * 1000 : at * 1000 + random(1000);
		const from = to - length * 1000;
		const inSight = values.slice(lowerBound(times, from), lowerBound(times, to + 1));
		const seen = Math.max(0, ...inSight.filter((value) => !Number.isNaN(value)));
		expect(moving.of(times, values, from, to), `row ${at}`).toBe(seen);
		asked += seen > 0 ? 1 : 0;
	}
	expect(asked).toBeGreaterThan(1500);
});

it("looks again at rows that were changed once it is told", () => {
	const moving = new MovingPeak();
	const values = [1, 9, 3];
	expect(moving.of([0, 1, 2], values, 0, 2)).toBe(9);
	values[1] = 2;
	moving.reset();
	expect(moving.of([0, 1, 2], values, 0, 2)).toBe(3);
});
