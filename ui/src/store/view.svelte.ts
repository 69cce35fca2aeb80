// What part of the history is shown, on which page, and where the crosshair stands: one for the whole window, so that
// all charts agree.
import { lowerBound } from "../base/scale";
import { HOUR, MINUTE, SECOND } from "../base/time";

/** Unix ms. */
export interface Span {
	from: number;
	to: number;
}

/** The ranges that can be picked, in seconds. */
export const RANGES = [60, 300, 900, 3600] as const;

/** The many charts of the overview move by so many steps through the range, all at once: moving them, and the labels of their time axes, is a
 * third of what a tick draws. */
const STEPS = 60;

/** Of less than this there is hardly a sample to see. */
const SHORTEST_ZOOM = 4 * SECOND;

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
	/** Which page the settings were opened from. */
	private before = "overview";

	/** Starts as the address says: that of a new window is written by the shell, which keeps what the last one showed; that of a
	 * page loaded anew by the page before it. */
	constructor() {
		const kept = new URLSearchParams(location.search);
		const [range, paused] = [Number(kept.get("range")), Number(kept.get("paused"))];
		if (RANGES.some((known) => known === range)) this.range = range;
		if (paused > 0) this.frozen = paused;
		this.follow();
	}

	/** Opens the page that the address names, as the tray changes it. */
	follow(): void {
		let page: string;
		try {
			page = decodeURIComponent(location.hash.slice(1));
		} catch {
			return; // Nobody who writes it leaves a stray percent sign.
		}
		if (page && page !== this.page) this.open(page);
	}

	/** Makes the address say what is shown, as the shell writes it. */
	keep(): void {
		const paused = this.frozen === null ? "" : `&paused=${this.frozen}`;
		try {
			history.replaceState(null, "", `?range=${this.range}${paused}#${encodeURIComponent(this.page)}`);
		} catch {
			// WebKit refuses more than a hundred in half a minute. The next change is kept.
		}
	}

	/** What the charts show when `last` is the time of the newest sample, Unix ms: up to that, and on the overview up to the end of the step that it
	 * is in, into which the next ones are drawn. Charts that stand still end where they were stopped. */
	span(last: number | null): Span {
		if (this.zoom) return this.zoom;
		const length = this.range * SECOND;
		const step = this.page === "overview" ? length / STEPS : 1;
		const to = this.frozen ?? Math.ceil((last ?? 0) / step) * step;
		return { from: to - length, to };
	}

	/** The moment that legends and copies are of, Unix ms: under the crosshair, or else the last of `times` in charts that stand still; null
	 * for the newest sample. */
	moment(times: readonly number[]): number | null {
		if (this.cursor !== null) return this.cursor;
		if (this.zoom === null) return this.frozen;
		return times[lowerBound(times, this.zoom.to + 1) - 1] ?? this.zoom.to;
	}

	/** Takes the crosshair away that keys have put there, once that is out of sight. */
	release(put: number | null, last: number | null): void {
		if (put !== null && this.cursor === put && put < this.span(last).from) this.cursor = null;
	}

	open(page: string): void {
		if (page === "settings" && this.page !== page) this.before = this.page;
		this.page = page;
		this.cursor = null;
	}

	/** Leaves the settings for the page that they were opened from. */
	leaveSettings(): void {
		this.open(this.before);
	}

	pick(range: number): void {
		this.range = range;
		this.zoom = null;
	}

	/** Shows only that part; too short a part, or one longer than an hour, is refused. */
	zoomTo(span: Span): void {
		const length = span.to - span.from;
		if (length >= SHORTEST_ZOOM && length <= HOUR + MINUTE) this.zoom = span;
	}

	/** Shows a part of what is in sight that is so many times shorter: around the crosshair, or else the newest. Of a part as long as
	 * the range again nothing is zoomed. `last` is the newest sample. */
	magnify(times: number, last: number | null): void {
		if (last === null) return;
		const { from, to } = this.span(last);
		const length = (to - from) / times;
		if (length >= this.range * SECOND) {
			this.zoom = null;
			return;
		}
		const around = this.cursor ?? to;
		const end = around + ((to - around) / (to - from)) * length;
		const newest = Math.min(end, this.frozen ?? last);
		this.zoomTo({ from: newest - length, to: newest });
	}

	/** Stops the charts where they are, or lets them go on. */
	toggle(last: number | null): void {
		this.freeze(this.frozen === null ? last : null);
	}

	/** Gives up a pause that a window before had, where nothing of then is left: `oldest` is the first sample that there is. */
	goOn(oldest: number | null): void {
		if (this.frozen !== null && oldest !== null && this.frozen < oldest) this.freeze(null);
	}

	/** Shows the same samples as before, which are so many ms later now: the clock was set. */
	move(by: number): void {
		if (this.zoom) this.zoom = { from: this.zoom.from + by, to: this.zoom.to + by };
		if (this.frozen !== null) this.frozen += by;
		this.cursor = null;
	}

	/** Stops the charts at a moment (Unix ms), or lets them go on. */
	freeze(at: number | null): void {
		this.frozen = at;
		if (at === null) this.zoom = null;
	}
}
