// What something means, for those who hear the page: a title is for who points at it, and names what has no other name.

/** Describes an element to assistive technology: `use:explained={words}`. Nothing without words. */
export function explained(element: Element, words: string | undefined): { update(words: string | undefined): void } {
	const update = (words: string | undefined) => {
		if (words) element.setAttribute("aria-description", words);
		else element.removeAttribute("aria-description");
	};
	update(words);
	return { update };
}
