// A history as the core packs it (src-tauri/core/src/history/packed.rs says how), read into the columns that JSON would give.
import type { Form, MetricsHistory, PackedHistory } from "../bindings";

const ALIGN = 8;
/** In sixteen bits there is no NaN. */
const NONE = 0xffff;

export function unpack(bytes: ArrayBuffer): MetricsHistory {
	let at = 4;
	const length = new DataView(bytes).getUint32(0, true);
	const head: PackedHistory = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, at, length)));
	at += length;
	const rows = head.timestamps.length;

	function list(form: Form): (number | null)[] {
		const from = at;
		const take = (size: number) => {
			at += Math.ceil(size / ALIGN) * ALIGN;
		};
		switch (form) {
			case "same": {
				take(8);
				const value = new Float64Array(bytes, from, 1)[0] as number;
				return new Array(rows).fill(Number.isNaN(value) ? null : value);
			}
			case "whole":
				take(2 * rows);
				return shorts(new Uint16Array(bytes, from, rows), 1);
			case "hundredths":
				take(2 * rows);
				return shorts(new Uint16Array(bytes, from, rows), 100);
			case "single":
				take(4 * rows);
				return floats(new Float32Array(bytes, from, rows));
			case "double":
				take(8 * rows);
				return floats(new Float64Array(bytes, from, rows));
		}
	}

	const series = head.series.map(({ channel, field, unit, values, min, max }) => ({
		channel,
		field,
		unit,
		values: list(values),
		min: min && list(min),
		max: max && list(max),
	}));
	return { timestamps: head.timestamps, series, gaps: head.gaps };
}

function shorts(packed: Uint16Array, scale: number): (number | null)[] {
	const out = new Array<number | null>(packed.length);
	for (let i = 0; i < packed.length; i++) {
		const value = packed[i] as number;
		out[i] = value === NONE ? null : value / scale;
	}
	return out;
}

function floats(packed: Float32Array | Float64Array): (number | null)[] {
	const out = new Array<number | null>(packed.length);
	for (let i = 0; i < packed.length; i++) {
		const value = packed[i] as number;
		out[i] = Number.isNaN(value) ? null : value;
	}
	return out;
}
