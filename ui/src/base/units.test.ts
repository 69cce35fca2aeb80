// Figures in words.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bytes, capacity, percent, type Quantity, rate, temperature, text, watts } from "./units";

const nbsp = (words: string) => words.replaceAll("_", "\u00a0");

it.each([
	[0, "0_B"],
	[1023, "1,023_B"],
	[1024, "1.0_KiB"],
	[1024 ** 2 * 312, "312_MiB"],
	[1024 ** 3 * 9.8, "9.8_GiB"],
	[1024 ** 3 * 1023.7, "1.0_TiB"],
])("%d bytes are %s", (value, words) => {
	expect(text(bytes(value))).toBe(nbsp(words));
});

it("shows used memory in the unit of the total", () => {
	expect(text(bytes(512 * 1024 ** 2, 24 * 1024 ** 3))).toBe(nbsp("0.5_GiB"));
	expect(text(capacity(24 * 1024 ** 3))).toBe(nbsp("24_GiB"));
	expect(text(capacity(31.2 * 1024 ** 3))).toBe(nbsp("31.2_GiB"));
});

it.each([
	[0, "bytes", "0_B/s"],
	[84 * 1024, "bytes", "84.0_KiB/s"],
	[125_000, "bits", "1.0_Mbit/s"],
	[312_500_000, "bits", "2.5_Gbit/s"],
] as const)("a rate of %d in %s is %s", (value, unit, words) => {
	expect(text(rate(value, unit))).toBe(nbsp(words));
});

it("does not call a little load none", () => {
	expect(percent(0).value).toBe("0");
	expect(percent(0.2).value).toBe(nbsp("<_1"));
	expect(percent(99.6).value).toBe("100");
});

it("converts temperatures", () => {
	expect(text(temperature(71, "celsius"))).toBe(nbsp("71_°C"));
	expect(text(temperature(100, "fahrenheit"))).toBe(nbsp("212_°F"));
});

it("shows small powers with a decimal", () => {
	expect(text(watts(8.25))).toBe(nbsp("8.3_W"));
	expect(text(watts(334.4))).toBe(nbsp("334_W"));
});

describe("says what the core says in the tray and in a terminal", () => {
	const said: Record<string, (...figures: number[]) => Quantity> = {
		bytes: (count = 0) => bytes(count),
		part: (count = 0, whole = 0) => bytes(count, whole),
		capacity: (total = 0) => capacity(total),
		rate: (value = 0) => rate(value),
		bit_rate: (value = 0) => rate(value, "bits"),
		percent: (value = 0) => percent(value),
		celsius: (value = 0) => temperature(value, "celsius"),
		fahrenheit: (value = 0) => temperature(value, "fahrenheit"),
		watts: (value = 0) => watts(value),
	};
	type Case = [...figures: number[], words: string];
	const table: Record<string, Case[]> = JSON.parse(readFileSync("../src-tauri/core/src/words.json", "utf8"));

	it.each(Object.keys(table))("%s", (name) => {
		for (const one of table[name] ?? []) {
			const figures = one.slice(0, -1) as number[];
			const words = said[name]?.(...figures);
			expect(words && text(words).replaceAll("\u00a0", " "), `${name}(${figures})`).toBe(one.at(-1));
		}
	});
});
