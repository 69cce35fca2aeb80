// What part of the history is shown, on which page, and where the crosshair stands: one for the whole window, so that
// all charts agree.
import { HOUR, MINUTE, SECOND } from "../base/time";

/** Unix ms. */
export interface Span {
	from: number;
	to: number;
}

/** The ranges that can be picked, in seconds. */
export const RANGES = [60, 300, 900, 3600] as const;

/** A drag shorter than this is a click that slipped. */
const SHORTEST_ZOOM = 4 * SECOND;
const KEPT = "telltale.view";

export class View {
	/** `overview`, `settings`, `diagnostics`, `cpu`, `memory`, `gpu/{id}`, `disk/{name}`, `network/{name}`. */
	page = $state("overview");
	/** Seconds, one of `RANGES`. */
	range = $state<number>(300);
	/** Where the crosshair stands, Unix ms; null where it doesn't. */
	cursor = $state<number | null>(null);
	/** Part of the range that was dragged open. */
	zoom = $state.raw<Span | null>(null);
	/** The end of the charts while paused. */
	frozen = $state<number | null>(null);

	constructor() {
		const kept = this.kept();
		if (typeof kept.page === "string") this.page = kept.page;
		this.follow();
		if (RANGES.some((range) => range === kept.range)) this.range = kept.range as number;
	}

	/** Opens the page that the address names, as the tray does; the address then forgets it. */
	follow(): void {
		const page = decodeURIComponent(location.hash.slice(1));
		if (!page) return;
		history.replaceState(null, "", location.pathname);
		this.open(page);
	}

	/** What the charts show when the newest sample is that old. */
	span(last: number | null): Span {
		if (this.zoom) return this.zoom;
		const to = this.frozen ?? last ?? 0;
		return { from: to - this.range * SECOND, to };
	}

	open(page: string): void {
		this.page = page;
		this.cursor = null;
		this.keep();
	}

	pick(range: number): void {
		this.range = range;
		this.zoom = null;
		this.keep();
	}

	/** Shows only that part; too short a part, or one longer than an hour, is refused. */
	zoomTo(span: Span): void {
		const length = span.to - span.from;
		if (length >= SHORTEST_ZOOM && length <= HOUR + MINUTE) this.zoom = span;
	}

	/** Stops the charts where they are, or lets them go on. */
	toggle(last: number | null): void {
		this.frozen = this.frozen === null ? last : null;
		if (this.frozen === null) this.zoom = null;
	}

	private kept(): { page?: unknown; range?: unknown } {
		try {
			return JSON.parse(localStorage.getItem(KEPT) ?? "{}") ?? {};
		} catch {
			return {};
		}
	}

	private keep(): void {
		try {
			localStorage.setItem(KEPT, JSON.stringify({ page: this.page, range: this.range }));
		} catch {
			// Storage is full or off: the window opens at the overview then.
		}
	}
}
