// How large an element is, as the page has been laid out. Asked in between, an element has the whole page laid out anew.

/** Calls back with the width and height of an element's content in whole CSS pixels, at the next frame and whenever they change, but not
 * while it has none. Returns how to end that. */
export function onSize(element: Element, changed: (width: number, height: number) => void): () => void {
	const observer = new ResizeObserver((entries) => {
		const { width = 0, height = 0 } = entries.at(-1)?.contentRect ?? {};
		if (width > 0) changed(Math.round(width), Math.round(height));
	});
	observer.observe(element);
	return () => observer.disconnect();
}
