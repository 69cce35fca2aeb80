// What the page's canvases show, in words and colours: for who takes them out of the page, where no legend stands beside them.

/** A part of what is drawn, and what it looks like. */
export interface Key {
	word: string;
	/** Made for any canvas. */
	fill(context: CanvasRenderingContext2D): CanvasPattern | string;
	/** CSS pixels. */
	width: number;
	height: number;
}

export interface Pictured {
	title: string;
	keys: readonly Key[];
}

const known = new WeakMap<Element, () => Pictured>();

/** Says what the canvas in an element shows. It is asked when somebody wants to know. */
export function describe(element: Element, its: () => Pictured): void {
	known.set(element, its);
}

/** All that is described on a part of the page, in its order, with its canvas. */
export function described(root: ParentNode): (Pictured & { canvas: HTMLCanvasElement })[] {
	return [...root.querySelectorAll("canvas")].flatMap((canvas) => {
		for (let at = canvas.parentElement; at; at = at.parentElement) {
			const its = known.get(at);
			if (its) return [{ ...its(), canvas }];
		}
		return [];
	});
}
