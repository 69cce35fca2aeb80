// A panel's figures as text, for the clipboard: what stands in it now, a line each.

/** The panel that an element stands in. */
export function panelOf(target: EventTarget | null): HTMLElement | null {
	return target instanceof Element ? target.closest<HTMLElement>("[data-panel]") : null;
}

const words = (element: Element | null) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();

/** Title and time, then `label: value` of each figure; one that stands there twice (legend and tile) once. */
export function figuresOf(panel: HTMLElement, time: number | null): string {
	const name = panel.getAttribute("aria-label") ?? "";
	// What stands beside the name, in full: a small panel has no room for it.
	const subtitle = panel.querySelector<HTMLElement>("h2")?.title || words(panel.querySelector(".subtitle"));
	const heading = [name, subtitle, time === null ? "" : new Date(time).toISOString()];
	const lines = [...panel.querySelectorAll<HTMLElement>("[data-label]")].map(
		(figure) => `${figure.dataset.label}: ${words(figure)}`,
	);
	const state = panel.querySelector(".unavailable");
	if (state) lines.push(words(state));
	return [heading.filter(Boolean).join("  "), ...new Set(lines)].join("\n");
}

/** Puts text on the clipboard by the copy command, which needs no permission but a key or a click; else by the clipboard itself. */
export async function copy(text: string): Promise<boolean> {
	const put = (event: ClipboardEvent) => {
		event.clipboardData?.setData("text/plain", text);
		event.preventDefault();
		event.stopImmediatePropagation();
	};
	// Without a selection WebKit has nothing to copy, unless the page says before that it will.
	const willing = (event: Event) => event.preventDefault();
	document.addEventListener("beforecopy", willing, { capture: true });
	document.addEventListener("copy", put, { capture: true });
	const done = document.execCommand("copy");
	document.removeEventListener("beforecopy", willing, { capture: true });
	document.removeEventListener("copy", put, { capture: true });
	if (done) return true;
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return false;
	}
}
