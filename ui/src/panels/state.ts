// The four states of a panel, as values.

import { SECOND } from "../base/time";
import type { ChannelStatus, Reason } from "../bindings";
import { t } from "../text";

export type PanelState =
	| { kind: "waiting" }
	| { kind: "data" }
	/** For how long it had no sample, in ms, if that is known; and why, in short and in full. */
	| { kind: "stale"; age: number | null; brief: string; words: string }
	| { kind: "unavailable"; reason: Reason; words: string };

// One object each, so that what depends on a panel's state has nothing to do while it stays the same.
const WAITING: PanelState = { kind: "waiting" };
const DATA: PanelState = { kind: "data" };

/** A reason in the user's language, and after it what the core says in full, which is English. */
export const because = (reason: Reason, detail: string | null): string =>
	[t.reasons[reason], detail].filter(Boolean).join(" · ");

/** What to do about it, or that nothing need be done, where a panel has nothing to show. */
export function advice(id: string, reason: Reason): string {
	const { absent, no_permission, asleep, programs, other } = t.unavailable.advice;
	// Nothing but a GPU sleeps.
	if (reason === "asleep") return asleep;
	// There is nothing to be done, and nothing is tried.
	if (reason === "unsupported") return "";
	if (reason === "no_permission" && id.startsWith("uses/")) return programs;
	const ofGpus = { absent, no_permission }[reason as string];
	return (id.startsWith("gpu") && ofGpus) || other;
}

/** What a channel's panel is: by whether it has a sample, and by what the collector says of it. */
export function panelState(hasSample: boolean, status: ChannelStatus | null): PanelState {
	const reason = status?.reason ?? null;
	if (!hasSample) {
		if (status === null || reason === null || reason === "starting") return WAITING;
		return { kind: "unavailable", reason, words: because(reason, status.detail) };
	}
	if (status === null || reason === null) return DATA;
	const age = status.age === null ? null : status.age * SECOND;
	return { kind: "stale", age, brief: t.reasons[reason], words: because(reason, status.detail) };
}
