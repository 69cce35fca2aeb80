// A chart in words, for those who don't see it: each series now, and its least, mean and largest value in sight.
import { lowerBound } from "../base/scale";
import type { History } from "../store/history";
import type { Span } from "../store/view.svelte";
import { t } from "../text";
import type { ChartSpec } from "./spec";

export function summary(spec: ChartSpec, history: History, span: Span): string {
	const first = lowerBound(history.times, span.from);
	const last = lowerBound(history.times, span.to + 1);
	return spec.series
		.map((one) => {
			const values = history.values(one.channel, one.field) ?? [];
			let [count, sum, least, largest] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
			let now: number | null = null;
			for (let i = first; i < last; i++) {
				const value = values[i];
				now = value ?? null;
				if (value == null) continue;
				count += 1;
				sum += value;
				least = Math.min(least, value);
				largest = Math.max(largest, value);
			}
			const said = (value: number | null) => (value === null ? t.noFigure : one.format(value));
			if (count === 0) return `${one.label}: ${t.noFigure}.`;
			return t.summary(one.label, said(now), said(least), said(sum / count), said(largest));
		})
		.join(" ");
}
