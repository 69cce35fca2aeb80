// The colours of the theme in force, for canvases: they don't follow the style sheet.
import type { Hue } from "./spec";

const HUES = ["gpu", "cpu", "memory", "disk", "network", "temperature", "power"] as const satisfies readonly Hue[];
const TOKENS = [...HUES, "surface-1", "grid", "hatch", "text", "text-dim"] as const;

/** A colour of theme.css, without its dashes. */
export type Token = (typeof TOKENS)[number];
export type Colours = Readonly<Record<Token, string>>;

let known: { theme: string; colours: Colours } | null = null;

/** Those of a theme, which must be in force. */
export function coloursOf(theme: string): Colours {
	if (known?.theme !== theme) known = { theme, colours: resolved() };
	return known.colours;
}

/** All at once: the first question after a change of the page costs its styles anew. */
function resolved(): Colours {
	const probes = TOKENS.map((token) => {
		const probe = document.createElement("span");
		// light-dark() is resolved by a property that takes a colour, not by the custom property itself.
		probe.style.color = `var(--${token})`;
		return { token, probe };
	});
	document.body.append(...probes.map(({ probe }) => probe));
	const found = probes.map(({ token, probe }) => [token, getComputedStyle(probe).color || "gray"]);
	for (const { probe } of probes) probe.remove();
	return Object.fromEntries(found);
}

/** The same colour, translucent. */
export function tint(solid: string, share: number): string {
	return solid.startsWith("rgb(") ? solid.replace("rgb(", "rgba(").replace(")", `, ${share})`) : solid;
}
