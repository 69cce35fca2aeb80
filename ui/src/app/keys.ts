// The window's shortcuts: Ctrl+1…9 pages, Ctrl+comma settings, space pauses, Escape goes back.
import { entries } from "../panels/devices";
import type { Monitor } from "../store/monitor.svelte";
import type { View } from "../store/view.svelte";

/** Whether a key belongs to the control that has the focus. */
function typing(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && target.closest("input, select, textarea, button, summary, a") !== null;
}

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
	else if (event.key === " " && !typing(event.target)) view.toggle(monitor.history.last);
	else if (event.key === "Escape" && view.zoom) view.zoom = null;
	else if (event.key === "Escape" && view.page === "settings") view.open("overview");
	else return false;
	return true;
}
