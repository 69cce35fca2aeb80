// What the page needs from whatever runs it: the Tauri core, or a recording in a plain browser. Nothing else of the
// UI knows which of the two it has.
import type {
	CurrentMetrics,
	Diagnostics,
	GpuVerdict,
	HistoryQuery,
	MetricsHistory,
	Settings,
	SettingsPatch,
	SystemInfo,
	VerdictQuery,
} from "../bindings";

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

export interface ChoiceField {
	key: keyof Settings;
	label: string;
	help: string;
	kind: "choice";
	default: string;
	choices: readonly { readonly value: string; readonly label: string }[];
}

export type SettingField = Readonly<NumberField> | Readonly<ChoiceField>;

/** A refused command, in the core's words. `field` names the setting at fault, where one is. */
export class Refused extends Error {
	override name = "Refused";

	constructor(
		message: string,
		readonly field: string | null = null,
	) {
		super(message);
	}
}

/** Ends a subscription. */
export type Unsubscribe = () => void;

export interface Host {
	/** Every batch, once per tick. Resolves when listening: what is sent before is lost. */
	subscribe(listener: (batch: CurrentMetrics) => void): Promise<Unsubscribe>;
	/** The newest sample of every channel, now. */
	current(): Promise<CurrentMetrics>;
	history(query: HistoryQuery): Promise<MetricsHistory>;
	/** What holds a GPU back over a range; null where nobody can tell (a recording). */
	verdict(query: VerdictQuery): Promise<GpuVerdict | null>;
	info(): Promise<SystemInfo>;
	/** How Telltale itself does. */
	diagnostics(): Promise<Diagnostics>;
	settings(): Promise<Settings>;
	/** Applies and saves; rejects with `Refused` and changes nothing if a value is not allowed. */
	update(patch: SettingsPatch): Promise<Settings>;
	/** Asks where to and saves what is shown: history as CSV or JSON, or the picture (a PNG). Its path; null if cancelled. */
	save(query: HistoryQuery, image: Uint8Array): Promise<string | null>;
	/** How much of the file is written, 0–1, while one is. */
	saving(listener: (share: number) => void): Promise<Unsubscribe>;
	/** Ends the saving that is under way; what was there before stays. */
	cancelSave(): Promise<void>;
	/** What the settings form is made from. */
	readonly fields: readonly SettingField[];
	/** Said in the window when the figures are not this machine's: a recording. */
	readonly label: string | null;
}

/** The core when there is one, else the recording; each is loaded only when it is used. */
export async function connect(): Promise<Host> {
	if ("__TAURI_INTERNALS__" in globalThis) return (await import("./tauri")).tauri;
	return (await import("./replay")).replay();
}
