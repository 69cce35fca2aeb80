// A panel's figures as text, for the clipboard: what stands in it now, a line each.
import { list, pair, t } from "../text";

/** The panel that an element stands in. */
export function panelOf(target: EventTarget | null): HTMLElement | null {
	return target instanceof Element ? target.closest<HTMLElement>("[data-panel]") : null;
}

const words = (element: Element | null) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();

/** What can be copied: figures, settings, and tables as a whole. */
const COPIED = "[data-label], [data-setting], table";

/** A setting and what it is set to, as the form says both. */
function setting(field: HTMLElement): string {
	const boxes = [...field.querySelectorAll<HTMLInputElement>("fieldset input")];
	const control = field.querySelector<HTMLInputElement | HTMLSelectElement>("input, select");
	const value = () => {
		if (boxes.length > 0) return list(boxes.filter((box) => box.checked).map((box) => words(box.closest("label"))));
		if (control instanceof HTMLSelectElement) return words(control.selectedOptions[0] ?? null);
		if (control?.type === "checkbox") return control.checked ? t.details.on : t.details.off;
		// Its unit stands beside it.
		return `${control?.value ?? ""} ${words(control?.parentElement ?? null)}`.trim();
	};
	return pair(words(field.querySelector("legend, label")), value() || t.noFigure);
}

/** A line for each figure; for a table one of each row, its cells apart by tabs, as spreadsheets take them. Tiles are always of
 * now: `then` leaves them out. */
function* linesOf(panel: HTMLElement, then: boolean): Generator<string> {
	const known = new Set<string>();
	for (const one of panel.querySelectorAll<HTMLElement>(COPIED)) {
		// A figure in a table stands in its row.
		if (one.parentElement?.closest("table") || (then && one.closest(".tile"))) continue;
		if (one instanceof HTMLTableElement) {
			for (const row of one.rows) yield [...row.cells].map(words).join("\t");
			continue;
		}
		if (one.dataset.setting !== undefined) {
			yield setting(one);
			continue;
		}
		// The legend comes first. It has the reason beside the figure, a tile in it.
		const { label, figure } = one.dataset;
		if (figure && known.has(figure)) continue;
		if (figure) known.add(figure);
		const why = one.parentElement?.querySelector(":scope > .why") ?? null;
		yield pair(label ?? "", [words(one), words(why)].filter(Boolean).join(" "));
	}
}

/** Title and time, then `label: value` of each figure, and the rows of tables. What stands there twice (legend and tile) comes once.
 * `moment` is the one that charts are looked at (null: the newest), which what has no legend does not follow. */
export function figuresOf(panel: HTMLElement, moment: number | null, newest: number | null): string {
	const then = panel.querySelector(".legend") ? moment : null;
	const time = then ?? newest;
	const name = panel.getAttribute("aria-label") ?? "";
	// What stands beside the name, in full: a small panel has no room for it.
	const subtitle = panel.querySelector<HTMLElement>("h2")?.title || words(panel.querySelector(".subtitle"));
	// Figures that are older than the time say so.
	const stale = then === null ? words(panel.querySelector(".stale")) : "";
	const heading = [name, subtitle, time === null ? "" : new Date(time).toISOString(), stale];
	const lines = new Set(linesOf(panel, then !== null));
	// Why there are no figures, or that there is nothing to list.
	if (lines.size === 0) for (const one of panel.querySelectorAll(".unavailable p, .body")) lines.add(words(one));
	return [heading.filter(Boolean).join("  "), ...lines].filter(Boolean).join("\n");
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
