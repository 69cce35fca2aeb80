// A chart in words: of the figures in sight, and not of the times that have none.
import { expect, it } from "vitest";
import { History } from "../store/history";
import { packed } from "../store/testing";
import { t } from "../text";
import type { ChartSpec } from "./spec";
import { summary } from "./summary";

const series = { channel: "system/cpu", field: "utilization", label: "Total", format: String };
const spec = { series: [series] } as unknown as ChartSpec;

function past(...values: (number | null)[]): History {
	const history = new History();
	const timestamps = values.map((_, at) => (at + 1) * 1000);
	history.merge({ timestamps, series: [{ ...series, values: packed(values) }], gaps: [] });
	return history;
}

it("takes least, mean and largest of what is there, and says that there is none now", () => {
	expect(summary(spec, past(null, 4, null, 8), { from: 0, to: 4000 }, false)).toBe(
		t.summary("Total", "8", "4", "6", "8"),
	);
	expect(summary(spec, past(4, 8, null), { from: 0, to: 3000 }, false)).toBe(
		t.summary("Total", t.noFigure, "4", "6", "8"),
	);
	expect(summary(spec, past(null, null), { from: 0, to: 2000 }, false)).toBe(`Total: ${t.noFigure}.`);
});
