// When the page can be seen: what a blank window never reaches, although its scripts run.

/** Resolves when a frame has been drawn and the next one begins, with what was so when it was drawn. A page that is hidden draws none and
 * does not wait. */
export function drawn<T>(so: () => T): Promise<T> {
	return new Promise((resolve) => {
		if (document.hidden) resolve(so());
		else
			requestAnimationFrame(() => {
				const was = so();
				requestAnimationFrame(() => resolve(was));
			});
	});
}
