// Script time that ticks and frames cost, added up: what `make bench` and a curious user read from the page.
// The clock of a page is coarse (1 ms); over many ticks its roundings cancel out.

let spent = 0;

/** Does something and adds the time it took. */
export function timed(work: () => void): void {
	const begun = performance.now();
	try {
		work();
	} finally {
		spent += performance.now() - begun;
	}
}

/** Does one of several things: what goes wrong in it is reported, and keeps none of the others from its turn. */
export function apart(work: () => void): void {
	try {
		work();
	} catch (error) {
		reportError(error);
	}
}

/** All of it so far, ms. */
export function total(): number {
	return spent;
}
