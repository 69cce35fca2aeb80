// A series' value at a moment, in words: beside its chart and read aloud alike, with the reason where there is none.
import { nearest } from "../base/scale";
import type { Monitor } from "../store/monitor.svelte";
import { whyMissing } from "../store/readings";
import { t } from "../text";
import type { SeriesSpec } from "./spec";

/** Nearer than this a sample stands for a moment whatever is on the other side of it, in ms. */
const NEAR = 3000;

export interface Figure {
	/** With its unit. */
	text: string;
	/** Why there is no value; null where there is one, or nobody knows. */
	why: string | null;
}

/** The value at a moment (Unix ms; null for the newest), or the reason why there is none. */
export function figureAt({ history, batch }: Monitor, one: SeriesSpec, moment: number | null): Figure {
	if (moment !== null && history.isForgotten(moment)) return { text: t.noFigure, why: t.forgotten };
	const newest = history.rows - 1;
	const at = moment === null ? newest : nearest(history.times, moment);
	const time = history.times[at];
	const figure = (row: number) => history.figure(one.channel, one.field, row);
	// In a hole beside a row no line is drawn.
	const after = moment === null || time === undefined ? 0 : moment - time;
	const apart = Math.abs(after) > NEAR && figure(at + Math.sign(after)) === null;
	const value = apart ? null : figure(at);
	if (value !== null) return { text: one.format(value), why: null };
	const whyAt = (when: number | undefined) => (when === undefined ? null : history.gapAt(one.channel, when));
	// Behind the last sample before a gap, which begins with its first row.
	const gap =
		time === undefined ? null : (whyAt(moment ?? time) ?? (apart ? whyAt(history.times[at + Math.sign(after)]) : null));
	if (gap) return { text: t.noFigure, why: t.gap(t.reasons[gap.reason]) };
	// The newest batch says why; of what there never was, for every moment.
	const never = history.values(one.channel, one.field) === undefined;
	const reason = never || at === newest ? whyMissing(batch, one.channel, one.field) : null;
	return { text: t.noFigure, why: reason && t.reasons[reason] };
}
