// What a sparkline is of: columns added up, as far as they have figures.
import { expect, it } from "vitest";
import { packed } from "../store/testing";
import { newest } from "./spark";

it("adds up what there is of the newest rows, and has none where no column has one", () => {
	const columns = [packed([1, 2, null, null, 5, null]), packed([10, null, 30, null, 50, null]), undefined];
	expect(newest(columns, 5, 4)).toEqual([2, 30, Number.NaN, 55]);
	expect(newest(columns, 2, 60)).toEqual([11, 2]);
	expect(newest([undefined], 2, 60)).toEqual([Number.NaN, Number.NaN]);
});
