// One chart on the page: its uPlot, what is painted into it, and how little of that has to be painted when a sample comes.
import uPlot from "uplot";
import { MovingPeak } from "../base/peak";
import { lowerBound } from "../base/scale";
import { concerns, type History } from "../store/history";
import type { Span } from "../store/view.svelte";
import { PATIENCE } from "./frame";
import { label } from "./labels";
import { axisSpec, ink, options, type Size } from "./options";
import { type Ink, move, paint, perPixel, type Scene, startOfChange } from "./painter";
import { isDense } from "./runs";
import type { ChartSpec } from "./spec";

/** What a plot asks its surroundings each time it draws, and tells them. */
export interface Around {
	spec(): ChartSpec;
	span(): Span;
	/** Whether it ends at the newest sample, and not at a moment that was chosen. */
	follows(): boolean;
	history: History;
	/** The pointer is at another time, or left (null). */
	pointed(time: number | null): void;
	dragged(span: Span): void;
	back(): void;
	/** Something was painted. */
	painted(): void;
}

/** Where a crosshair stands that is not seen. */
const AWAY = -10;
/** uPlot gets no rows: only what it needs to have an axis. */
const NO_ROWS: uPlot.AlignedData = [[0, 1]];

/** Whether a chart with something in it was painted: a mark says when, for `make bench` and the inspector. */
let begun = false;

export class Plot {
	private readonly made: uPlot;
	private readonly ink: Ink;
	private readonly peaks: readonly MovingPeak[];
	/** What the topmost tick of the left axis says. */
	top = "";
	/** Its ends are those that the axes beside the plot are labelled for. */
	private scene: Scene;
	/** The time that it said is under the pointer; null where the crosshair is not the pointer's, or not in this chart. */
	private said: number | null = null;
	/** Whether a part is being dragged open: where that begins and ends is the pointer's. */
	private held = false;
	/** What was painted last: the history's state, and the newest row and the one before it. */
	private painted = { epoch: -1, last: 0, before: 0, width: 0, height: 0 };

	constructor(
		element: HTMLElement,
		size: Size,
		private readonly around: Around,
	) {
		const spec = around.spec();
		this.ink = ink(spec);
		this.peaks = spec.series.map(() => new MovingPeak());
		this.scene = { span: around.span(), times: [], columns: [], ends: [], gaps: [], dense: false };
		this.made = new uPlot(
			options(size, this.ink, {
				spec: around.spec,
				ends: (side) => this.endsOf(side) ?? axisSpec(around.spec(), side).ends(0),
				labelled: (side, top) => {
					if (side === "left") this.top = top;
				},
				cleared: () => {
					this.scene = { ...this.look(), ends: this.scene.ends };
					this.whole();
				},
				pointed: (place) => this.say(place),
				dragged: (from, to) => around.dragged({ from: this.timeAt(from), to: this.timeAt(to) }),
				held: (on) => {
					this.held = on;
				},
				back: around.back,
			}),
			NO_ROWS,
			element,
		);
		// uPlot lays out its axes after this, and asks for their ends then.
		this.scene = this.look();
	}

	destroy(): void {
		if (this.held) {
			// uPlot would go on listening for the end of the drag, and zoom whatever page is shown then.
			this.made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
			document.dispatchEvent(new MouseEvent("mouseup"));
		}
		this.made.destroy();
	}

	resize(size: Size): void {
		this.made.setSize(size);
	}

	/** What is in sight, as drawn last. */
	get span(): Span {
		return this.scene.span;
	}

	/** Whether what came since would look different. The last row may also be written again, with what was late. */
	get stale(): boolean {
		const { epoch, last: painted } = this.painted;
		const { history } = this.around;
		const last = history.last ?? 0;
		if (history.epoch !== epoch || last <= painted) return true;
		if (!this.around.follows()) return painted < this.scene.span.to;
		const { span } = this.scene;
		return this.around.span().to > span.to || last - painted >= Math.min(PATIENCE, perPixel(this.made, span));
	}

	/** Draws what has changed. */
	draw(): void {
		const [before, now] = [this.scene, this.look()];
		this.scene = now;
		if (!same(before.ends, now.ends)) {
			this.made.batch(() => {
				for (const side of this.around.spec().right ? (["left", "right"] as const) : (["left"] as const)) {
					const [min, max] = this.endsOf(side) ?? [0, 1];
					this.made.setScale(side, { min, max });
				}
			});
			return;
		}
		const by = this.moved(before, now);
		const start = by === null ? 0 : startOfChange(this.made, now.span, this.painted.before);
		if (by === null || start <= this.made.bbox.left) {
			this.whole();
			return;
		}
		if (by > 0) {
			move(this.made, by);
			label(this.made, now.span, this.ink, this.around.spec().right !== null);
		}
		paint(this.made, now, this.ink, start);
		this.remember();
	}

	/** Puts the crosshair at a time; null takes it away. Where the pointer has it, it stays, and another time has come under it. */
	place(time: number | null): void {
		if (this.held) return;
		if (time !== null && time === this.said) {
			this.say(this.made.cursor.left ?? AWAY);
			return;
		}
		this.said = null;
		const { from, to } = this.scene.span;
		const left = time === null ? AWAY : ((time - from) / (to - from)) * this.width;
		this.made.setCursor({ left, top: 0 }, false);
	}

	/** Says which time is under the pointer, in CSS pixels from the left. */
	private say(place: number): void {
		const time = place < 0 ? null : this.timeAt(place);
		if (time === this.said) return;
		this.said = time;
		this.around.pointed(time);
	}

	/** Of the plot, in CSS pixels. */
	private get width(): number {
		return this.made.bbox.width / devicePixelRatio;
	}

	private timeAt(place: number): number {
		const { from, to } = this.scene.span;
		return from + (place / this.width) * (to - from);
	}

	private whole(): void {
		paint(this.made, this.scene, this.ink, 0);
		label(this.made, this.scene.span, this.ink, this.around.spec().right !== null);
		this.remember();
	}

	private remember(): void {
		const { history } = this.around;
		if (!begun && history.rows > 0) {
			begun = true;
			performance.mark("first chart");
		}
		const { width, height } = this.made.bbox;
		const { times, epoch, last } = history;
		// Of charts that stand still nothing beyond their end is painted, and that is what comes first when they go on.
		const before = Math.min(times.at(-2) ?? 0, this.scene.span.to);
		this.painted = { epoch, last: last ?? 0, before, width, height };
		this.around.painted();
	}

	/** By how many pixels the plot has moved; null where it must be painted whole. */
	private moved(before: Scene, now: Scene): number | null {
		const { epoch, width, height } = this.painted;
		const { bbox } = this.made;
		if (epoch !== this.around.history.epoch || width !== bbox.width || height !== bbox.height) return null;
		const length = now.span.to - now.span.from;
		if (before.dense !== now.dense || Math.abs(length - (before.span.to - before.span.from)) > 1e-3) return null;
		const by = (now.span.to - before.span.to) / perPixel(this.made, now.span);
		const whole = Math.round(by);
		const steady = Math.abs(by - whole) < 0.01 && [bbox.left, bbox.top, bbox.width].every(Number.isInteger);
		return steady && whole >= 0 && whole < bbox.width / 2 ? whole : null;
	}

	/** The scene now. Its ends stand on whole pixels of the time axis, so that it moves by whole pixels. */
	private look(): Scene {
		const { history } = this.around;
		const spec = this.around.spec();
		const { times } = history;
		const asked = this.around.span();
		const each = perPixel(this.made, asked);
		const to = Math.ceil(asked.to / each) * each;
		const span = { from: to - (asked.to - asked.from), to };
		const columns = spec.series.map((one) => history.values(one.channel, one.field));
		if (history.epoch !== this.painted.epoch) for (const peak of this.peaks) peak.reset();
		const most = columns.map((values, at) => (values && this.peaks[at]?.of(times, values, span.from, span.to)) ?? 0);
		const largest = (side: "left" | "right") =>
			Math.max(0, ...spec.series.map((one, at) => (one.axis === side ? (most[at] ?? 0) : 0)));
		const ends = {
			left: spec.left.ends(largest("left")),
			right: axisSpec(spec, "right").ends(largest("right")),
		};
		return {
			span,
			times,
			columns,
			ends: spec.series.map((one) => ends[one.axis]),
			gaps: history.gaps.filter((gap) => spec.series.some((one) => concerns(gap, one.channel))),
			dense: isDense(times, lowerBound(times, span.from), lowerBound(times, span.to + 1) - 1, each),
		};
	}

	private endsOf(side: "left" | "right"): readonly [number, number] | undefined {
		return this.scene.ends[this.around.spec().series.findIndex((one) => one.axis === side)];
	}
}

function same(a: Scene["ends"], b: Scene["ends"]): boolean {
	return a.length === b.length && a.every((ends, at) => ends[0] === b[at]?.[0] && ends[1] === b[at]?.[1]);
}
