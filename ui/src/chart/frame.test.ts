// When something is drawn: at the next frame, once, and only while it is in sight.
import { expect, test, vi } from "vitest";
import { Sight } from "../store/samples";

vi.stubGlobal("IntersectionObserver", Sight);
const { Drawing } = await import("./frame");

const frame = () => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));

function made(): {
	element: Element;
	draw: ReturnType<typeof vi.fn>;
	drawing: InstanceType<typeof Drawing>;
	end: () => void;
} {
	const [element, draw] = [document.createElement("div"), vi.fn()];
	const drawing = new Drawing(draw);
	return { element, draw, drawing, end: drawing.within(element) };
}

test("what was asked for twice is drawn once, at the next frame", async () => {
	const { draw, drawing } = made();
	drawing.ask();
	drawing.ask();
	expect(draw).not.toHaveBeenCalled();
	await frame();
	expect(draw).toHaveBeenCalledTimes(1);
});

test("what is scrolled away is drawn when it comes back, if there is anything new", async () => {
	const { element, draw, drawing } = made();
	Sight.shows(element, false);
	drawing.ask();
	await frame();
	expect(draw).not.toHaveBeenCalled();
	Sight.shows(element, true);
	expect(draw).toHaveBeenCalledTimes(1);
	Sight.shows(element, false);
	Sight.shows(element, true);
	expect(draw).toHaveBeenCalledTimes(1);
});

test("what has ended is not drawn any more", async () => {
	const { draw, drawing, end } = made();
	drawing.ask();
	end();
	await frame();
	expect(draw).not.toHaveBeenCalled();
});
