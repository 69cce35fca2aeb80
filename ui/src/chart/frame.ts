// Draws at most once per frame whatever changed, and never while nobody can see it.
import { timed } from "../base/work";

const waiting = new Set<() => void>();
let asked = false;

function draw(): void {
	asked = false;
	if (document.hidden) return;
	const due = [...waiting];
	waiting.clear();
	timed(() => {
		for (const one of due) one();
	});
}

function ask(): void {
	if (asked || waiting.size === 0 || document.hidden) return;
	asked = true;
	requestAnimationFrame(draw);
}

/** Calls back at the next frame; asking twice before it is asking once. */
export function atNextFrame(callback: () => void): void {
	waiting.add(callback);
	ask();
}

/** Takes a request back. */
export function never(callback: () => void): void {
	waiting.delete(callback);
}

document.addEventListener("visibilitychange", () => {
	// A frame asked for before the page was hidden may never come.
	if (document.hidden) asked = false;
	else ask();
});
