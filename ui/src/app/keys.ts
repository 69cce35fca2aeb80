// The window's shortcuts: Ctrl+1…9 pages, Ctrl+comma settings, Ctrl+Q quits, space pauses, plus and minus zoom, Escape goes back,
// Page Up and Page Down scroll the page.
import { turnPage } from "../base/focus";
import { entries } from "../panels/devices";
import type { Monitor } from "../store/monitor.svelte";
import type { View } from "../store/view.svelte";

/** What takes keys that write, and what takes those that press it. */
const WRITING = "input, select, textarea";
const PRESSING = `${WRITING}, button, summary, a`;

/** Whether a key belongs to the control that has the focus. */
function belongs(target: EventTarget | null, controls: string): boolean {
	return target instanceof HTMLElement && target.closest(controls) !== null;
}

/** What a key is on any layout and with Caps Lock: its Latin letter, or the digit that is printed on it (French AZERTY has them with Shift). */
export function keyOf({ key, code, shiftKey, altKey }: KeyboardEvent): string {
	const [, letter, digit] = /^(?:Key([A-Z])|(?:Digit|Numpad)([1-9]))$/.exec(code) ?? [];
	const foreign = key.length === 1 && key.charCodeAt(0) > 127;
	if (letter && foreign) return letter.toLowerCase();
	if (digit && key.length === 1 && !shiftKey && !altKey) return digit;
	return code === "Comma" && foreign ? "," : key.toLowerCase();
}

/** Whether a key is for the field that has the focus. */
export const isWriting = (target: EventTarget | null): boolean => belongs(target, WRITING);

/** How many times shorter what is in sight becomes. */
const ZOOM: Record<string, number> = { "+": 2, "=": 2, "-": 0.5 };

/** Screenfuls that a key scrolls the page by. */
const SCREENFULS: Record<string, number> = { PageUp: -1, PageDown: 1 };

/** Whether keys that scroll belong to what has the focus: the page, a menu, a rail that is longer than the window. */
function scrolls(target: EventTarget | null): boolean {
	const rail = target instanceof HTMLElement ? target.closest(".rail") : null;
	return belongs(target, `main, [role="menu"], ${WRITING}`) || (rail !== null && rail.scrollHeight > rail.clientHeight);
}

/** What was typed into a field counts, also where a key takes its page away; true where it can't be, which is said beside it before. */
function refused({ target }: KeyboardEvent): boolean {
	if (!(target instanceof HTMLInputElement)) return false;
	target.blur();
	return !target.validity.valid;
}

/** Whether there is something to zoom in sight. */
const hasCharts = (view: View): boolean => view.page !== "settings" && view.page !== "diagnostics";

/** Does what a key stands for; true if it stood for something. */
export function pressed(event: KeyboardEvent, monitor: Monitor, view: View): boolean {
	const control = event.ctrlKey || event.metaKey;
	const key = control ? keyOf(event) : event.key;
	if (control && key === ",") view.open("settings");
	// Only a recording refuses: it has nothing to end.
	else if (control && key === "q" && !event.shiftKey && !event.altKey) void monitor.host.quit().catch(() => undefined);
	else if (control && /^[1-9]$/.test(key)) {
		const list = entries(monitor.batch).filter((entry) => entry.group !== "other");
		const page = ["overview", ...list.map((entry) => entry.page)][Number(key) - 1];
		if (page === undefined) return false;
		if (!refused(event)) view.open(page);
	} else if (control || event.altKey) return false;
	else if (event.key === " " && !belongs(event.target, PRESSING)) {
		// One that is held down pauses once.
		if (!event.repeat) view.toggle(monitor.history.last);
	} else if (event.key in ZOOM && hasCharts(view) && !isWriting(event.target))
		view.magnify(ZOOM[event.key] ?? 1, monitor.history.last);
	else if (event.key in SCREENFULS && !scrolls(event.target)) turnPage(SCREENFULS[event.key] ?? 0);
	else if (event.key === "Escape" && view.zoom && hasCharts(view)) view.zoom = null;
	else if (event.key === "Escape" && view.page === "settings") {
		if (!refused(event)) view.leaveSettings();
	} else return false;
	return true;
}
