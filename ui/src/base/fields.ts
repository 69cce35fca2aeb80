// The figures of a payload by the path that the core's history gives them (`per_core/3`, `devices/sda/read_rate`), so
// that live, backfilled and recorded figures meet in one column. A field that the core adds needs no line here.

/** Numbers of a payload that are no figures. */
const NAMES = new Set(["timestamp", "index"]);

/** Lists whose entries belong to the cores of `core_ids`, place by place. */
const PER_CORE = new Set(["per_core", "core_clocks"]);

type Put = (field: string, value: number | null) => void;

/** Words that history keeps as numbers: by field, each word's place in the list is its code. */
type Codes = Readonly<Record<string, readonly string[]>>;

/** Calls back with each figure of a payload; one that is missing is null. */
export function figures(payload: object, put: Put, codes: Codes = {}): void {
	const { core_ids: cores } = payload as { core_ids?: readonly number[] };
	const fields = payload as Record<string, unknown>;
	// Not by `Object.entries`, which makes a list of each of some hundred fields a tick.
	for (const name in fields) {
		const value = fields[name];
		if (typeof value === "number" || value === null) {
			if (!NAMES.has(name)) put(name, value);
		} else if (typeof value === "string") {
			const code = codes[name]?.indexOf(value) ?? -1;
			if (code >= 0) put(name, code);
		} else if (!Array.isArray(value)) {
		} else if (PER_CORE.has(name)) {
			for (let i = 0; i < value.length; i++) put(`${name}/${cores?.[i] ?? i}`, value[i] ?? null);
		} else {
			for (const part of value) {
				if (typeof part?.name !== "string") break;
				for (const key in part) {
					const figure = part[key];
					if (typeof figure === "number" || figure === null) put(`${name}/${part.name}/${key}`, figure);
				}
			}
		}
	}
}
