// The page's charts as a picture: with those that nobody has in sight.
import { expect, test, vi } from "vitest";

type Seen = Pick<IntersectionObserverEntry, "target" | "isIntersecting">;
let tell: (entries: Seen[]) => void = () => undefined;

class Sight {
	constructor(told: typeof tell) {
		tell = told;
	}
	observe(): void {}
	unobserve(): void {}
}

vi.stubGlobal("IntersectionObserver", Sight);
const { Drawing } = await import("../chart/frame");
const { picture } = await import("./picture");

test("a picture of the page has what is scrolled away, too", async () => {
	const [element, draw] = [document.createElement("div"), vi.fn()];
	const drawing = new Drawing(draw);
	drawing.within(element);
	tell([{ target: element, isIntersecting: false }]);
	drawing.ask();
	await picture(document, "");
	expect(draw).toHaveBeenCalledTimes(1);
});
