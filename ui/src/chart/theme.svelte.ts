// Which of the two themes is in force: canvases must be told, they don't follow the style sheet.

const dark = matchMedia("(prefers-color-scheme: dark)");

class ColourScheme {
	private chosen = $state<"system" | "light" | "dark">("system");
	private system = $state(dark.matches);

	constructor() {
		dark.addEventListener("change", (event) => {
			this.system = event.matches;
		});
	}

	get now(): "light" | "dark" {
		if (this.chosen !== "system") return this.chosen;
		return this.system ? "dark" : "light";
	}

	/** Sets the theme of the whole document. */
	choose(theme: "system" | "light" | "dark"): void {
		document.documentElement.dataset.theme = theme;
		this.chosen = theme;
	}
}

export const colourScheme = new ColourScheme();
