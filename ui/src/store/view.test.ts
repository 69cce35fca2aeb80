// What is in sight: zoomed by keys, around the crosshair or at the newest sample.
import { beforeEach, expect, test } from "vitest";
import { View } from "./view.svelte";

const LAST = 1_000_000;
const IN_SIGHT = { from: LAST - 300_000, to: LAST };
let view: View;

beforeEach(() => {
	view = new View();
});

test("without a crosshair the newest part is shown, and all of it again", () => {
	view.magnify(2, LAST);
	expect(view.span(LAST)).toEqual({ from: LAST - 150_000, to: LAST });
	view.magnify(2, LAST);
	expect(view.span(LAST)).toEqual({ from: LAST - 75_000, to: LAST });
	view.magnify(0.5, LAST);
	view.magnify(0.5, LAST);
	expect(view.zoom).toBeNull();
	view.magnify(0.5, LAST);
	expect([view.zoom, view.span(LAST)]).toEqual([null, IN_SIGHT]);
});

test("the overview's charts move by a sixtieth of what is in sight, all others with each sample", () => {
	const seconds = Array.from({ length: 11 }, (_, at) => LAST + at * 1000);
	const ends = () => seconds.map((last) => view.span(last).to - LAST);
	const step = [5000, 5000, 5000, 5000, 5000];
	expect(ends()).toEqual([0, ...step, ...step.map((one) => 2 * one)]);
	expect(view.span(LAST + 1)).toEqual({ from: LAST - 295_000, to: LAST + 5000 });
	view.freeze(LAST + 1);
	expect(view.span(LAST + 9), "nothing that comes during a pause").toEqual({ from: LAST - 299_999, to: LAST + 1 });
	view.freeze(null);
	view.open("cpu");
	expect(ends()).toEqual(seconds.map((last) => last - LAST));
});

test("a pause from before all that is kept is given up, and no other", () => {
	view.freeze(LAST);
	view.goOn(null);
	view.goOn(LAST);
	expect(view.frozen).toBe(LAST);
	view.goOn(LAST + 1);
	expect(view.frozen).toBeNull();
});

test("a pause and a zoom stay with their samples when the clock is set", () => {
	view.move(-1000);
	expect(view.span(LAST)).toEqual({ from: LAST - 300_000, to: LAST });
	view.freeze(LAST);
	view.zoomTo({ from: LAST - 60_000, to: LAST });
	view.cursor = LAST - 30_000;
	view.move(-1000);
	expect([view.frozen, view.zoom, view.cursor]).toEqual([LAST - 1000, { from: LAST - 61_000, to: LAST - 1000 }, null]);
});

test("what is under the crosshair stays there", () => {
	view.cursor = LAST - 240_000;
	view.magnify(2, LAST);
	expect(view.span(LAST)).toEqual({ from: LAST - 270_000, to: LAST - 120_000 });
});

test("figures are of the crosshair's moment, of the last sample in charts that stand still, or of now", () => {
	const times = [LAST - 50_000, LAST - 35_000, LAST - 29_000, LAST];
	expect(view.moment(times)).toBeNull();
	view.freeze(LAST - 5000);
	expect(view.moment(times)).toBe(LAST - 5000);
	// Not the nearest one, which can't be seen.
	view.zoomTo({ from: LAST - 60_000, to: LAST - 30_000 });
	expect(view.moment(times)).toBe(LAST - 35_000);
	view.cursor = LAST - 40_000;
	expect(view.moment(times)).toBe(LAST - 40_000);
	view.cursor = null;
	// A pixel of an hour may end seconds after the newest sample.
	view.zoomTo({ from: LAST - 60_000, to: LAST + 4000 });
	expect(view.moment(times)).toBe(LAST);
});

test("nothing beyond the newest sample is shown, and no less than four seconds", () => {
	view.zoomTo({ from: LAST - 20_000, to: LAST - 10_000 });
	view.cursor = LAST - 20_000;
	for (let time = 0; time < 3; time++) view.magnify(0.5, LAST);
	expect(view.span(LAST)).toEqual({ from: LAST - 80_000, to: LAST });
	for (let time = 0; time < 9; time++) view.magnify(2, LAST);
	const { from, to } = view.span(LAST);
	expect(to - from).toBe(5_000);
});
