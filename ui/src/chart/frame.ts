// Draws at most once per frame whatever changed, and never what nobody can see: a hidden page, or what is scrolled away.
import { apart, timed } from "../base/work";

/** Of a long range a new sample is less than a pixel: it is drawn when it is a whole one, at the latest after this long, in ms. A little less than the
 * usual interval, so that one that comes some milliseconds early is drawn too. */
export const PATIENCE = 1900;

const waiting = new Set<Drawing>();
let asked = false;

function draw(): void {
	asked = false;
	if (document.hidden) return;
	const due = [...waiting].filter((one) => one.inSight);
	for (const one of due) waiting.delete(one);
	timed(() => {
		for (const one of due) apart(one.draw);
	});
}

function ask(): void {
	if (asked || document.hidden) return;
	asked = true;
	requestAnimationFrame(draw);
}

document.addEventListener("visibilitychange", () => {
	// A frame asked for before the page was hidden may never come.
	if (document.hidden) asked = false;
	else if (waiting.size > 0) ask();
});

const drawings = new WeakMap<Element, Drawing>();
const sight = new IntersectionObserver((entries) => {
	for (const { target, isIntersecting } of entries) {
		const drawing = drawings.get(target);
		if (drawing) drawing.inSight = isIntersecting;
	}
	// Before the frame in which it comes into sight is shown.
	draw();
});

/** Something that is drawn into an element. */
export class Drawing {
	/** Until it is known it may be. */
	inSight = true;

	constructor(readonly draw: () => void) {}

	/** Where it is: nothing is drawn while that is out of sight. Returns how to end it all. */
	within(element: Element): () => void {
		drawings.set(element, this);
		sight.observe(element);
		return () => {
			sight.unobserve(element);
			waiting.delete(this);
		};
	}

	/** Has it drawn at the next frame; asking twice before it is asking once. */
	ask(): void {
		waiting.add(this);
		if (this.inSight) ask();
	}
}

/** Draws what waits, in sight or not: somebody copies it. */
export function drawAll(): void {
	for (const one of waiting) apart(one.draw);
	waiting.clear();
}
