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

it("groups digits", () => {
	expect(fixed(1234.5, 1)).toBe("1,234.5");
});
