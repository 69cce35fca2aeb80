// Where the keyboard is, and what it moves.

/** Gives the focus to the page: what had it goes away. */
export function focusPage(): void {
	main()?.focus({ preventScroll: true });
}

/** Scrolls the page by so many screenfuls, of which a line or two stay in sight. The browser does it itself where the focus is in there. */
export function turnPage(screenfuls: number): void {
	const page = main();
	page?.scrollBy({ top: screenfuls * 0.9 * page.clientHeight });
}

const main = () => document.querySelector<HTMLElement>("main");
