// What the core packs, byte by byte as it does.
import { expect, it } from "vitest";
import type { Form, PackedHistory } from "../bindings";
import { unpack } from "./packed";

/** A head with lists behind it, each filled up to eight bytes. */
function pack(head: PackedHistory, lists: (Uint8Array | Uint16Array | Float32Array | Float64Array)[]): ArrayBuffer {
	let text = JSON.stringify(head);
	while ((4 + text.length) % 8 !== 0) text += " ";
	const parts = [new Uint8Array(new Uint32Array([text.length]).buffer), new TextEncoder().encode(text)];
	for (const list of lists) {
		const padded = new Uint8Array(Math.ceil(list.byteLength / 8) * 8);
		padded.set(new Uint8Array(list.buffer));
		parts.push(padded);
	}
	const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		out.set(part, at);
		at += part.length;
	}
	return out.buffer;
}

const series = (field: string, values: Form, min: Form | null = null) =>
	({ channel: "system/cpu", field, unit: "percent", values, min, max: null }) as const;

it("reads every form, each in its place, and what is missing as NaN", () => {
	const timestamps = [1000, 3000, 5000];
	const gaps = [{ channel: "system/cpu", from: 1000, to: null, reason: "lost" }] as const;
	const head = {
		timestamps,
		series: [
			series("same", "same"),
			series("none", "same"),
			series("small", "small"),
			series("whole", "whole"),
			series("hundredths", "hundredths", "single"),
			series("single", "single"),
			series("double", "double"),
		],
		gaps: [...gaps],
	};
	const history = unpack(
		pack(head, [
			new Float64Array([57.14]),
			new Float64Array([Number.NaN]),
			new Uint8Array([0, 255, 254]),
			new Uint16Array([255, 65535, 1980]),
			new Uint16Array([5714, 65535, 10000]),
			new Float32Array([9, 9, 9]),
			new Float32Array([0.125, Number.NaN, -3]),
			new Float64Array([2 ** 53 - 1, Number.NaN, 0.5]),
		]),
	);
	const column = (field: string, ...values: number[]) => ({
		channel: "system/cpu",
		field,
		values: new Float64Array(values),
	});
	expect(history).toEqual({
		timestamps,
		series: [
			column("same", 57.14, 57.14, 57.14),
			column("none", Number.NaN, Number.NaN, Number.NaN),
			column("small", 0, Number.NaN, 254),
			column("whole", 255, Number.NaN, 1980),
			column("hundredths", 57.14, Number.NaN, 100),
			column("single", 0.125, Number.NaN, -3),
			column("double", 2 ** 53 - 1, Number.NaN, 0.5),
		],
		gaps,
	});
});

it("reads a history without rows", () => {
	expect(unpack(pack({ timestamps: [], series: [], gaps: [] }, []))).toEqual({ timestamps: [], series: [], gaps: [] });
});
