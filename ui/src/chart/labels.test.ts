// The words of the time axis, under a plot.
import type uPlot from "uplot";
import { expect, it, vi } from "vitest";
import { label } from "./labels";
import type { Ink } from "./painter";

it("begins under the lowest word of a value axis, however large text is", () => {
	const cleared = (scale: number) => {
		const ctx = { canvas: { width: 600, height: 200 }, clearRect: vi.fn(), drawImage: vi.fn() };
		const u = { ctx, bbox: { left: 62, top: 8, width: 488, height: 100 } } as unknown as uPlot;
		const ink = { scale, font: `${11 * scale}px sans-serif`, text: "#000000" } as Ink;
		label(u, { from: 1_700_000_000_000, to: 1_700_000_300_000 }, ink, true);
		const written = ctx.drawImage.mock.calls[0]?.[6];
		expect(written).toBe(ctx.clearRect.mock.calls[0]?.[1]);
		return ctx.clearRect.mock.calls[0];
	};
	expect(cleared(1)).toEqual([0, 114, 600, 86]);
	expect(cleared(2)).toEqual([0, 120, 600, 80]);
});
