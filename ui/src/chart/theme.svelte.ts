// Which of the two themes is in force, how fine the screen is, and how large text is: canvases must be told, they don't follow the style sheet.
import { onSize } from "../base/size";
import type { Theme } from "../bindings";
import { textScale } from "./font";

const dark = matchMedia("(prefers-color-scheme: dark)");

class ColourScheme {
	private chosen = $state<Theme>("system");
	private system = $state(dark.matches);

	constructor() {
		dark.addEventListener("change", (event) => {
			this.system = event.matches;
		});
	}

	get now(): Exclude<Theme, "system"> {
		if (this.chosen !== "system") return this.chosen;
		return this.system ? "dark" : "light";
	}

	/** Sets the theme of the whole document. */
	choose(theme: Theme): void {
		document.documentElement.dataset.theme = theme;
		this.chosen = theme;
	}
}

export const colourScheme = new ColourScheme();

/** The pixels of the screen in one of the page: others when the window comes to another screen. */
class PixelRatio {
	now = $state(devicePixelRatio);

	constructor() {
		this.watch();
	}

	/** A query knows one ratio, and not to the last digit. */
	private watch(): void {
		const [least, most] = [this.now - 0.001, this.now + 0.001];
		const query = matchMedia(`(min-resolution: ${least}dppx) and (max-resolution: ${most}dppx)`);
		const changed = () => {
			this.now = devicePixelRatio;
			this.watch();
		};
		query.addEventListener("change", changed, { once: true });
	}
}

export const pixelRatio = new PixelRatio();

/** How much larger than by default text is: the desktop's setting, which may change at any time. */
class TextSize {
	now = $state(textScale());

	constructor() {
		const probe = document.body.appendChild(document.createElement("div"));
		probe.className = "text-size";
		onSize(probe, () => {
			this.now = textScale();
		});
	}
}

export const textSize = new TextSize();
