// The Tauri core as a Host. The only file, with the generated bindings, that may import @tauri-apps.
import type { CommandError } from "../bindings";
import { commands, events, SETTINGS } from "../bindings";
import { type Host, Refused } from "./host";
import { unpack } from "./packed";

type Answer<T> = { status: "ok"; data: T } | { status: "error"; error: CommandError };

/** A command's data, or its error thrown: callers have one way to fail. */
async function taken<T>(answer: Promise<Answer<T>>): Promise<T> {
	const result = await answer;
	if (result.status === "ok") return result.data;
	throw refused(result.error);
}

/** The core's error; what is not one of its errors (the bridge itself failing) is kept in words. */
function refused(error: CommandError | string): Refused {
	return new Refused(typeof error === "string" ? error : error.message);
}

export const tauri: Host = {
	async subscribe(listener) {
		return events.systemAll.listen((event) => listener(event.payload));
	},
	current: () => taken(commands.getCurrentMetrics()),
	history: async (query) => unpack(await taken(commands.getPackedHistory(query))),
	verdict: (query) => taken(commands.getGpuVerdict(query)),
	info: () => taken(commands.getSystemInfo()),
	diagnostics: () => taken(commands.getDiagnostics()),
	cost: () => taken(commands.getOwnCost()),
	gpuDetails: (gpuId) => taken(commands.getGpuDetails(gpuId)),
	settings: () => taken(commands.getSettings()),
	update: (patch) => taken(commands.updateSettings(patch)),
	save: (query, image) => taken(commands.saveView(query, [...image])),
	saving: async (listener) => events.saveProgress.listen((event) => listener(event.payload)),
	async cancelSave() {
		await taken(commands.cancelSave());
	},
	async report(view, rows) {
		await taken(commands.reportPage(view, rows));
	},
	paused: async (listener) => events.viewPaused.listen((event) => listener(event.payload)),
	desktop: () => taken(commands.getDesktopInfo()),
	async quit() {
		await taken(commands.quit());
	},
	fields: SETTINGS,
	label: null,
};
