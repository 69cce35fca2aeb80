// A language tag that Intl takes, whatever the environment says.
import { expect, it } from "vitest";
import { fixed, usable } from "./locale";

it.each([
	[["C"], "en"],
	[["POSIX", undefined, ""], "en"],
	[["C", "de-AT"], "de-AT"],
	[["en_US"], "en-US"],
	[["en_US.UTF-8", "fr"], "fr"],
])("%j gives %s", (tags, expected) => {
	expect(usable(tags)).toBe(expected);
});

it.each([
	[1234.5, 1, "1,234.5"],
	[0, 0, "0"],
	[0, 1, "0.0"],
	[0.04, 1, "0.0"],
	[0.25, 1, "0.3"],
	[31.18, 1, "31.2"],
	[31.18, 1, "31.2"],
	[99.96, 1, "100.0"],
	[0.5, 0, "1"],
	[999.6, 0, "1,000"],
	[-0.25, 1, "-0.3"],
	[1.005, 2, "1.01"],
])("%d with %d decimals is %s", (value, decimals, words) => {
	expect(fixed(value, decimals)).toBe(words);
});
