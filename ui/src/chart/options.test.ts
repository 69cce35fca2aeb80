// What uPlot is told.
import type uPlot from "uplot";
import { expect, it, vi } from "vitest";
import { axisWidth, ink, options, type Surroundings } from "./options";
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

it("takes a chart for narrow by how large its text is", () => {
	const spec = { title: "CPU", series: [], left: PERCENT, right: null };
	const around = { spec: () => spec } as unknown as Surroundings;
	const size = vi.spyOn(window, "getComputedStyle");
	const widths = (fontSize: string) => {
		size.mockReturnValue({ fontSize, getPropertyValue: () => "#000000" } as unknown as CSSStyleDeclaration);
		const { axes } = options({ width: 400, height: 140 }, ink(spec), around);
		const room = axes?.[1]?.size as unknown as (u: object) => number;
		return [259, 260, 400, 519, 520].map((width) => [axisWidth("left", width), room({ width })]);
	};
	expect(widths("13px")).toEqual([44, 62, 62, 62, 62].map((room) => [room, room]));
	expect(widths("26px")).toEqual([88, 88, 88, 88, 124].map((room) => [room, room]));
	size.mockRestore();
});

it("drags with the left button alone, and takes a slip of the hand for a click", () => {
	const spec = { title: "CPU", series: [], left: PERCENT, right: null };
	const around = { spec: () => spec, held: vi.fn(), dragged: vi.fn(), pointed: vi.fn() };
	const { cursor, hooks } = options({ width: 600, height: 140 }, ink(spec), around as unknown as Surroundings);
	const u = { over: document.createElement("div"), select: { left: 100, width: 0 }, setSelect: vi.fn() };
	const handler = vi.fn(() => null);
	const hand = (type: "mousedown" | "mouseup", button: number) =>
		cursor?.bind?.[type]?.(u as unknown as uPlot, u.over, handler)?.(new MouseEvent(type, { button }));
	for (const button of [1, 2]) {
		hand("mousedown", button);
		hand("mouseup", button);
	}
	expect([handler, around.held].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
	hand("mousedown", 0);
	hand("mouseup", 0);
	expect([handler.mock.calls.length, around.held.mock.calls]).toEqual([2, [[true], [false]]]);

	const select = (width: number) => {
		u.select.width = width;
		hooks?.setSelect?.[0]?.(u as unknown as uPlot);
	};
	for (const width of [1, 4]) select(width);
	expect(around.dragged).not.toHaveBeenCalled();
	// What it has marked goes all the same.
	expect(u.setSelect).toHaveBeenCalledTimes(2);
	select(5);
	expect(around.dragged).toHaveBeenCalledExactlyOnceWith(100, 105);
	expect(cursor?.drag?.dist).toBe(5);
});
