// A chart in words, for those who don't see it: each series now, or where its chart ends, and its least, mean and largest value in sight.
import { lowerBound } from "../base/scale";
import { clock } from "../base/time";
import type { History } from "../store/history";
import type { Span } from "../store/view.svelte";
import { pair, prose, sentence, t } from "../text";
import type { ChartSpec } from "./spec";

/** `still`: the charts stand still, and what they end with is not what is now. */
export function summary(spec: ChartSpec, history: History, span: Span, still: boolean): string {
	const first = lowerBound(history.times, span.from);
	const last = lowerBound(history.times, span.to + 1);
	const time = history.times[last - 1];
	const words = spec.series.map((one) => {
		const values = history.values(one.channel, one.field);
		let [count, sum, least, largest] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
		const now = history.figure(one.channel, one.field, last - 1);
		for (let i = first; values && i < last; i++) {
			const value = values[i] as number;
			if (Number.isNaN(value)) continue;
			count += 1;
			sum += value;
			least = Math.min(least, value);
			largest = Math.max(largest, value);
		}
		const said = (value: number | null) => (value === null ? t.noFigure : one.format(value));
		if (count === 0) return sentence(pair(one.label, history.isForgotten(span.to) ? t.forgotten : t.noFigure));
		const seen = [said(least), said(sum / count), said(largest)] as const;
		return still && time !== undefined
			? t.summaryAt(one.label, clock(time), said(now), ...seen)
			: t.summary(one.label, said(now), ...seen);
	});
	return prose(words);
}
