// A history as the core packs it (src-tauri/core/src/history/packed.rs says how).
import type { Form, PackedHistory } from "../bindings";
import type { Past } from "./host";

const ALIGN = 8;

export function unpack(bytes: ArrayBuffer): Past {
	let at = 4;
	const length = new DataView(bytes).getUint32(0, true);
	const head: PackedHistory = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, at, length)));
	at += length;
	const rows = head.timestamps.length;

	function list(form: Form): Float64Array {
		const from = at;
		const take = (size: number) => {
			at += Math.ceil(size / ALIGN) * ALIGN;
		};
		switch (form) {
			case "same":
				take(8);
				return new Float64Array(rows).fill(new Float64Array(bytes, from, 1)[0] as number);
			case "small":
				take(rows);
				return numbers(new Uint8Array(bytes, from, rows), 0xff, 1);
			case "whole":
				take(2 * rows);
				return numbers(new Uint16Array(bytes, from, rows), 0xffff, 1);
			case "hundredths":
				take(2 * rows);
				return numbers(new Uint16Array(bytes, from, rows), 0xffff, 100);
			case "single":
				take(4 * rows);
				return Float64Array.from(new Float32Array(bytes, from, rows));
			case "double":
				take(8 * rows);
				return new Float64Array(bytes, from, rows);
		}
	}

	const series = head.series.map(({ channel, field, values, min, max }) => {
		const one = { channel, field, values: list(values) };
		// Only a history in buckets has them, and a page asks for none.
		for (const form of [min, max]) if (form) list(form);
		return one;
	});
	return { timestamps: head.timestamps, series, gaps: head.gaps };
}

/** Whole numbers as what they stand for: `none` for NaN. */
function numbers(packed: Uint8Array | Uint16Array, none: number, scale: number): Float64Array {
	const out = new Float64Array(packed.length);
	for (let i = 0; i < packed.length; i++) {
		const value = packed[i] as number;
		out[i] = value === none ? Number.NaN : value / scale;
	}
	return out;
}
