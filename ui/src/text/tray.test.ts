// That the tray writes numbers as the window does: its words are read by the shell, which has no Intl.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { translations } from "./index";

it.each(["en", ...translations])("has the signs of numbers in %s", (language) => {
	const { decimal, group } = JSON.parse(readFileSync(`src/text/tray/${language}.json`, "utf8"));
	const format = new Intl.NumberFormat(language, { minimumFractionDigits: 1 });
	expect(`1${group}023${decimal}5`).toBe(format.format(1023.5));
});
