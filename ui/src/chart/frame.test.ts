// When something is drawn: at the next frame, once, and only while it is in sight.
import { expect, test, vi } from "vitest";
import { Sight } from "../store/testing";

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

/** Hides the page, or shows it again, as the window's being minimized does. */
function shown(is: boolean): void {
	vi.spyOn(document, "hidden", "get").mockReturnValue(!is);
	document.dispatchEvent(new Event("visibilitychange"));
}

test("nothing is drawn while the page is hidden, and what waits is once it is shown again", async () => {
	const [before, behind] = [made(), made()];
	// The frame that was asked for comes though the page is hidden by then.
	before.drawing.ask();
	shown(false);
	behind.drawing.ask();
	await frame();
	// Nor is what comes into sight behind it.
	Sight.shows(behind.element, false);
	Sight.shows(behind.element, true);
	expect([before.draw, behind.draw].map((draw) => draw.mock.calls.length)).toEqual([0, 0]);
	shown(true);
	await frame();
	expect([before.draw, behind.draw].map((draw) => draw.mock.calls.length)).toEqual([1, 1]);
	shown(false);
	shown(true);
	await frame();
	expect(before.draw, "there was nothing new").toHaveBeenCalledTimes(1);
});

test("no frame is asked for while the page is hidden, and one that did not come then is asked for again", async () => {
	const { draw, drawing } = made();
	const asked = vi.spyOn(globalThis, "requestAnimationFrame").mockReturnValueOnce(0);
	drawing.ask();
	shown(false);
	drawing.ask();
	expect(asked).toHaveBeenCalledTimes(1);
	shown(true);
	expect(asked).toHaveBeenCalledTimes(2);
	await frame();
	expect(draw).toHaveBeenCalledTimes(1);
});

test("what has ended is not drawn any more", async () => {
	const { draw, drawing, end } = made();
	drawing.ask();
	end();
	await frame();
	expect(draw).not.toHaveBeenCalled();
});
