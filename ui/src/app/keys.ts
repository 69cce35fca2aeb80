// The window's shortcuts: Ctrl+1…9 pages, Ctrl+comma settings, space pauses, plus and minus zoom, Escape goes back.
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

/** How many times shorter what is in sight becomes. */
const ZOOM: Record<string, number> = { "+": 2, "=": 2, "-": 0.5 };

/** Does what a key stands for; true if it stood for something. */
export function pressed(event: KeyboardEvent, monitor: Monitor, view: View): boolean {
	const control = event.ctrlKey || event.metaKey;
	if (control && event.key === ",") view.open("settings");
	else if (control && /^[1-9]$/.test(event.key)) {
		const list = entries(monitor.batch).filter((entry) => entry.group !== "other");
		const page = ["overview", ...list.map((entry) => entry.page)][Number(event.key) - 1];
		if (page === undefined) return false;
		view.open(page);
	} else if (control || event.altKey) return false;
	else if (event.key === " " && !belongs(event.target, PRESSING)) view.toggle(monitor.history.last);
	else if (event.key in ZOOM && !belongs(event.target, WRITING))
		view.magnify(ZOOM[event.key] ?? 1, monitor.history.last);
	else if (event.key === "Escape" && view.zoom) view.zoom = null;
	else if (event.key === "Escape" && view.page === "settings") view.open("overview");
	else return false;
	return true;
}
