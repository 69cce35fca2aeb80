// The page's charts as a picture: with those that nobody has in sight.
import { expect, test, vi } from "vitest";
import { Sight } from "../store/samples";

vi.stubGlobal("IntersectionObserver", Sight);
const { Drawing } = await import("../chart/frame");
const { picture } = await import("./picture");

test("a picture of the page has what is scrolled away, too", async () => {
	const [element, draw] = [document.createElement("div"), vi.fn()];
	const drawing = new Drawing(draw);
	drawing.within(element);
	Sight.shows(element, false);
	drawing.ask();
	await picture(document, "");
	expect(draw).toHaveBeenCalledTimes(1);
});
