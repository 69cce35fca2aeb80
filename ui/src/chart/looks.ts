// How each state of a GPU looks in a lane and in its legend: a hue of the theme and a pattern, so that no two are told
// apart by colour alone.
import { type Colours, coloursOf, type Token } from "./colours";
import type { Look } from "./segments";

/** A colour, and lines over it. */
interface Paint {
	token: Token;
	pattern: Pattern;
}

type Pattern =
	| "solid"
	| "rule"
	| "rising"
	| "falling"
	| "upright"
	| "level"
	| "cross"
	| "grid"
	| "dots"
	| "hatch"
	| "dashes";

const PAINTS: Record<Look, Paint> = {
	idle: { token: "text-dim", pattern: "rule" },
	running_free: { token: "gpu", pattern: "solid" },
	display_clocks: { token: "network", pattern: "dots" },
	application_clocks: { token: "cpu", pattern: "upright" },
	sync_boost: { token: "memory", pattern: "level" },
	power_cap: { token: "power", pattern: "rising" },
	software_thermal: { token: "temperature", pattern: "falling" },
	hardware_slowdown: { token: "disk", pattern: "dots" },
	power_brake: { token: "disk", pattern: "grid" },
	hardware_thermal: { token: "temperature", pattern: "cross" },
	gap: { token: "hatch", pattern: "hatch" },
	untold: { token: "text-dim", pattern: "dashes" },
};

/** Pixels after which a pattern repeats. */
const TILE = 8;

/** What fills the looks in a theme, each made once. */
class Palette {
	private readonly patterns = new Map<Look, CanvasPattern | string>();

	constructor(readonly colours: Colours) {}

	/** What fills a look, in device pixels. */
	fill(look: Look, context: CanvasRenderingContext2D): CanvasPattern | string {
		let found = this.patterns.get(look);
		if (found === undefined) {
			found = this.tile(look, context);
			this.patterns.set(look, found);
		}
		return found;
	}

	private tile(look: Look, context: CanvasRenderingContext2D): CanvasPattern | string {
		const { token, pattern } = PAINTS[look];
		const colour = this.colours[token];
		if (pattern === "solid") return colour;
		const side = Math.round(TILE * devicePixelRatio);
		const tile = document.createElement("canvas");
		tile.width = side;
		tile.height = side;
		const drawn = tile.getContext("2d");
		if (!drawn) return colour;
		// Lines alone for what is no work; else lines in the surface's colour over the hue.
		const bare = pattern === "rule" || pattern === "hatch" || pattern === "dashes";
		if (!bare) {
			drawn.fillStyle = colour;
			drawn.fillRect(0, 0, side, side);
		}
		drawn.strokeStyle = bare ? colour : this.colours["surface-1"];
		drawn.fillStyle = drawn.strokeStyle;
		drawn.lineWidth = (pattern === "hatch" || pattern === "rule" ? 1 : 1.5) * devicePixelRatio;
		lines(drawn, pattern, side);
		return context.createPattern(tile, "repeat") ?? colour;
	}
}

function lines(to: CanvasRenderingContext2D, pattern: Pattern, side: number): void {
	const half = side / 2;
	const line = (x1: number, y1: number, x2: number, y2: number) => {
		to.moveTo(x1, y1);
		to.lineTo(x2, y2);
	};
	to.beginPath();
	// Slanted lines go on beyond the tile, so that those of neighbours meet.
	if (pattern === "rising" || pattern === "cross" || pattern === "hatch")
		for (const shift of [-side, 0, side]) line(shift - 1, side + 1, shift + side + 1, -1);
	if (pattern === "falling" || pattern === "cross")
		for (const shift of [-side, 0, side]) line(shift - 1, -1, shift + side + 1, side + 1);
	if (pattern === "upright" || pattern === "grid") line(half, 0, half, side);
	if (pattern === "level" || pattern === "grid" || pattern === "rule") line(0, half, side, half);
	if (pattern === "dashes") line(0, half, half, half);
	if (pattern === "dots") to.arc(half, half, side / 5, 0, 2 * Math.PI);
	if (pattern === "dots") to.fill();
	else to.stroke();
}

let palette: { theme: string; ratio: number; made: Palette } | null = null;

/** The palette of a theme, made once for all lanes. */
export function paletteOf(theme: string): Palette {
	if (palette?.theme !== theme || palette.ratio !== devicePixelRatio)
		palette = { theme, ratio: devicePixelRatio, made: new Palette(coloursOf(theme)) };
	return palette.made;
}
