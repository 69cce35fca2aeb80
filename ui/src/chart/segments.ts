// A lane of states as it is drawn: which pixels have which state. Where states change faster than pixels, a pixel has
// the gravest of its own, so that a moment of it stays visible in an hour, as a peak does in a chart.
import { clock } from "../base/time";
import { GPU_STATES, type GpuState } from "../bindings";
import { firstUpTo, type Run } from "../store/states";
import type { Span } from "../store/view.svelte";
import { t } from "../text";

/** How a state is drawn; `gap` is time that was not sampled, `untold` a device that does not tell. */
export type Look = GpuState | "gap" | "untold";

/** Whole pixels from `x` on. */
export interface Segment {
	x: number;
	width: number;
	look: Look;
}

export function look(run: Pick<Run, "state" | "reason">): Look {
	return run.state ?? (run.reason === null ? "untold" : "gap");
}

/** What a run is called: its state, or why there is none. */
export function called(run: Pick<Run, "state" | "reason">): string {
	const its = look(run);
	return its === "gap" ? t.gap(t.reasons[run.reason ?? "failed"]) : t.states[its];
}

/** The same with its times, as far as they are in sight. */
export function inWords(run: Run, { from, to }: Span): string {
	return t.stateFrom(called(run), clock(Math.max(run.from, from)), clock(Math.min(run.to, to)));
}

/** What wins a pixel: the later in the list of states, and any state over none. */
const grave = (one: Look) => GPU_STATES.indexOf(one as GpuState);

/** The segments of the runs in a span, so many pixels wide; never more than one for each pixel. */
export function segments(runs: readonly Run[], span: Span, width: number): Segment[] {
	const out: Segment[] = [];
	const scale = width / (span.to - span.from);
	for (let at = firstUpTo(runs, span.from); at < runs.length; at++) {
		const run = runs[at] as Run;
		if (run.from > span.to) break;
		const end = Math.min(width, Math.round((run.to - span.from) * scale));
		let start = Math.max(0, Math.round((run.from - span.from) * scale));
		const its = look(run);
		const last = out.at(-1);
		if (end > start) {
			if (last && last.x + last.width > start) start = last.x + last.width;
			if (start >= end) continue;
			if (last && last.look === its && last.x + last.width === start) last.width += end - start;
			else out.push({ x: start, width: end - start, look: its });
		} else if (GPU_STATES.indexOf(its as GpuState) > 0) {
			// Less than a pixel of something: it takes the one that it begins in from what is less grave.
			own(out, Math.min(start, width - 1), its);
		}
	}
	return out;
}

/** Gives a pixel at the end to a look, unless what has it is as grave. */
function own(out: Segment[], x: number, its: Look): void {
	const last = out.at(-1);
	if (!last || last.x + last.width <= x) {
		if (last && last.look === its && last.x + last.width === x) last.width += 1;
		else out.push({ x, width: 1, look: its });
		return;
	}
	if (grave(last.look) >= grave(its)) return;
	last.width -= 1;
	if (last.width === 0) out.pop();
	const before = out.at(-1);
	if (before && before.look === its && before.x + before.width === x) before.width += 1;
	else out.push({ x, width: 1, look: its });
}

/** Whether two lists are drawn alike. */
export function alike(one: readonly Segment[], other: readonly Segment[]): boolean {
	return (
		one.length === other.length &&
		one.every((segment, at) => {
			const { x, width, look } = other[at] as Segment;
			return segment.x === x && segment.width === width && segment.look === look;
		})
	);
}
