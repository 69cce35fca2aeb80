// The page's font for canvases, which don't follow the style sheet.

/** That of theme.css: each further family is looked for with every size and weight. */
export const FAMILY = "system-ui, sans-serif";

/** How much larger than by default text is. */
export function textScale(): number {
	const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
	return Number.isFinite(size) && size > 0 ? size / 13 : 1;
}

/** Of a size in pixels of the canvas. */
export function font(size: number, weight = 400): string {
	return `${weight} ${size}px ${FAMILY}`;
}
