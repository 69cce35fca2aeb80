// What the page needs from whatever runs it: the Tauri core, or a recording in a plain browser. Nothing else of the
// UI knows which of the two it has.
import type {
	CurrentMetrics,
	DesktopInfo,
	Diagnostics,
	GpuDetails,
	GpuVerdict,
	HistoryGap,
	HistoryQuery,
	OwnCost,
	Settings,
	SettingsPatch,
	SystemInfo,
	VerdictQuery,
	View,
} from "../bindings";
import { SETTINGS } from "../bindings";

/** One field of the settings form: default, bounds and words come from the one definition in Rust. */
export interface NumberField {
	key: keyof Settings;
	label: string;
	help: string;
	kind: "number";
	default: number;
	min: number;
	max: number;
	unit: string;
}

interface ChoiceField {
	key: keyof Settings;
	label: string;
	help: string;
	kind: "choice";
	default: string;
	choices: readonly { readonly value: string; readonly label: string }[];
}

interface SwitchField {
	key: keyof Settings;
	label: string;
	help: string;
	kind: "switch";
	default: boolean;
}

/** Any of the choices, and single devices of one of them by `choice/id`. */
export interface ListField {
	key: keyof Settings;
	label: string;
	help: string;
	kind: "list";
	default: readonly string[];
	choices: readonly { readonly value: string; readonly label: string }[];
	devices_of: string;
}

export type SettingField = Readonly<NumberField> | Readonly<ChoiceField> | Readonly<SwitchField> | Readonly<ListField>;

/** The settings of a first start. */
export const DEFAULTS = Object.fromEntries(SETTINGS.map((field) => [field.key, field.default])) as unknown as Settings;

/** Of a machine of which nothing is known. */
export const NO_INFO: SystemInfo = {
	host_name: null,
	os: null,
	kernel: null,
	cpu_model: null,
	cpu_cores: null,
	cpu_threads: null,
	memory_total: null,
	boot_time: null,
	gpus: [],
	gpu_missing: null,
	other_block_devices: [],
	version: "0",
	notices: [],
};

/** A refused command, in the core's words. */
export class Refused extends Error {}

/** What an error says to who reads the page. */
export function wordsOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** History as the page takes it in: a figure for each row, NaN where there is none. */
export interface Past {
	/** Unix ms of each row, rising. */
	timestamps: number[];
	series: { channel: string; field: string; values: Float64Array }[];
	gaps: HistoryGap[];
}

/** Ends a subscription. */
export type Unsubscribe = () => void;

export interface Host {
	/** Every batch, once per tick. Resolves when listening: what is sent before is lost. */
	subscribe(listener: (batch: CurrentMetrics) => void): Promise<Unsubscribe>;
	/** The newest sample of every channel, now. */
	current(): Promise<CurrentMetrics>;
	history(query: HistoryQuery): Promise<Past>;
	/** What holds a GPU back over a range; null where nobody can tell (a recording). */
	verdict(query: VerdictQuery): Promise<GpuVerdict | null>;
	info(): Promise<SystemInfo>;
	/** How Telltale itself does. */
	diagnostics(): Promise<Diagnostics>;
	/** What Telltale itself takes; null where nobody can tell. */
	cost(): Promise<OwnCost | null>;
	/** One GPU in full; costs some tenths of a second, so ask once per interval and only while it is shown. */
	gpuDetails(gpuId: string): Promise<GpuDetails>;
	settings(): Promise<Settings>;
	/** Applies and saves; rejects with `Refused` and changes nothing if a value is not allowed. */
	update(patch: SettingsPatch): Promise<Settings>;
	/** Asks where to and saves what is shown: history as CSV or JSON, or the picture (a PNG). Its path; null if cancelled. */
	save(query: HistoryQuery, image: Uint8Array): Promise<string | null>;
	/** How much of the file is written, 0–1, while one is. */
	saving(listener: (share: number) => void): Promise<Unsubscribe>;
	/** Ends the saving that is under way; what was there before stays. */
	cancelSave(): Promise<void>;
	/** Says that the page is there, what it shows, and how many rows it has. Another page goes on from there. */
	report(view: View, rows: number): Promise<void>;
	/** Since when the charts are to stand still (Unix ms), as the tray's Pause has it; null when they go on. */
	paused(listener: (since: number | null) => void): Promise<Unsubscribe>;
	/** What the desktop has, for settings that depend on it. */
	desktop(): Promise<DesktopInfo>;
	/** Ends Telltale, its tray too. */
	quit(): Promise<void>;
	/** What the settings form is made from. */
	readonly fields: readonly SettingField[];
	/** Said in the window when the figures are not this machine's: a recording. */
	readonly label: string | null;
}
