// When the page can be seen: what a blank window never reaches, although its scripts run.

/** Resolves when a frame has been drawn and the next one begins. A page that is hidden draws none and does not wait. */
export function drawn(): Promise<void> {
	return new Promise((resolve) => {
		if (document.hidden) resolve();
		else requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
	});
}
