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

test("what is under the crosshair stays there", () => {
	view.cursor = LAST - 240_000;
	view.magnify(2, LAST);
	expect(view.span(LAST)).toEqual({ from: LAST - 270_000, to: LAST - 120_000 });
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
