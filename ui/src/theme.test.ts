// Contrast of the tokens in both themes, by WCAG's formula: a picky eye is not at hand at every change.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FAMILY } from "./chart/font";

const css = readFileSync("src/theme.css", "utf8");
const tokens = new Map(
	[...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [
		name as string,
		{ light: light as string, dark: dark as string },
	]),
);

function luminance(colour: string): number {
	const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
		const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
		return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
	const [lighter = 0, darker = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
	return (lighter + 0.05) / (darker + 0.05);
}

const TEXT = ["text", "text-dim", "bad", "warn", "good"];
const MARKS = ["gpu", "cpu", "memory", "disk", "network", "temperature", "power", "focus", "hatch"];
const SURFACES = ["surface-0", "surface-1", "surface-2"];

describe.each(["light", "dark"] as const)("the %s theme", (theme) => {
	const colour = (name: string) => {
		const token = tokens.get(name);
		if (!token) throw new Error(`theme.css has no --${name}`);
		return token[theme];
	};

	it.each(TEXT.flatMap((text) => SURFACES.map((surface) => [text, surface])))("%s reads on %s", (text, surface) => {
		expect(contrast(colour(text as string), colour(surface as string))).toBeGreaterThanOrEqual(4.5);
	});

	it.each(MARKS.flatMap((mark) => SURFACES.map((surface) => [mark, surface])))("%s shows on %s", (mark, surface) => {
		expect(contrast(colour(mark as string), colour(surface as string))).toBeGreaterThanOrEqual(3);
	});
});

it("canvases have the page's font", () => {
	expect(css).toContain(`font-family: ${FAMILY};`);
});
