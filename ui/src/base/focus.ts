// Where the keyboard is.

/** Gives the focus to the page: what had it goes away. */
export function focusPage(): void {
	document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
}
