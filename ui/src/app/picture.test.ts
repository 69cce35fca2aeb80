// The page's charts as a picture: with those that nobody has in sight.
import { expect, test, vi } from "vitest";
import { Sight } from "../store/testing";

vi.stubGlobal("IntersectionObserver", Sight);
const { Drawing } = await import("../chart/frame");
const { describe } = await import("../chart/pictured");
const { picture, titleOf } = await import("./picture");

test("a picture of the page has what is scrolled away, too", async () => {
	const [element, draw] = [document.createElement("div"), vi.fn()];
	const drawing = new Drawing(draw);
	drawing.within(element);
	Sight.shows(element, false);
	drawing.ask();
	await picture(document, "");
	expect(draw).toHaveBeenCalledTimes(1);
});

test("a picture says of when it is, and what each line and state in it is, in lines as long as it is wide", async () => {
	vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((done) => done(new Blob(["png"])));
	const [chart, canvas] = [document.createElement("div"), document.createElement("canvas")];
	[canvas.width, canvas.height] = [60, 40];
	chart.append(canvas);
	document.body.append(chart, document.createElement("canvas"));
	const key = (word: string) => ({ word, width: 10, height: 3, fill: () => word });
	describe(chart, () => ({ title: "GPU 0", keys: [key("red"), key("blue")] }));
	const context = canvas.getContext("2d") as CanvasRenderingContext2D;
	const [written, drawn] = [vi.fn(), vi.fn()];
	Object.assign(context, { fillText: written, drawImage: drawn });
	const title = titleOf("aurora", {
		from: new Date(2026, 10, 28, 14).getTime(),
		to: new Date(2026, 10, 28, 14, 5).getTime(),
	});
	expect(title.replace(/\s/g, " ")).toMatch(/^aurora {2}Nov 28, 2026, 14:00:00 . 14:05:00$/);
	expect((await picture(document, title)).length).toBe(3);
	// Words are 8 pixels wide here: there is room for one key beside the title.
	expect(written.mock.calls).toEqual([
		[title, 12, 26],
		["GPU 0", 12, 54],
		["red", 12 + 8 + 16 + 15, 54],
		["blue", 12 + 15, 82],
	]);
	expect(drawn).toHaveBeenCalledExactlyOnceWith(canvas, 12, 96);
});
