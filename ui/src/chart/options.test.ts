// What uPlot is told.
import { expect, it, vi } from "vitest";
import { ink, options, type Surroundings } from "./options";
import { PERCENT } from "./spec";

it("leaves room above the plot for the topmost label, however large text is", () => {
	const spec = { title: "CPU", series: [], left: PERCENT, right: null };
	const around = { spec: () => spec } as unknown as Surroundings;
	const top = () => (options({ width: 600, height: 140 }, ink(spec), around).padding as number[])[0];
	const size = vi.spyOn(window, "getComputedStyle");
	for (const [fontSize, room] of [
		["13px", 8],
		["26px", 16],
	] as const) {
		size.mockReturnValue({ fontSize, getPropertyValue: () => "#000000" } as unknown as CSSStyleDeclaration);
		expect(top()).toBe(room);
	}
	size.mockRestore();
});
