// When a panel waits, shows, dims or says why it can't.
import { expect, it } from "vitest";
import { en } from "../text/en";
import { advice, panelState } from "./state";

const status = (
	reason: "not_answering" | "absent" | "asleep" | "starting" | null,
	age: number | null,
	detail: string | null = null,
) => ({
	channel: "system/cpu",
	timestamp: age === null ? null : 1,
	age,
	reason,
	detail,
});

it("waits before the first sample", () => {
	expect(panelState(false, null).kind).toBe("waiting");
	expect(panelState(false, status("starting", null)).kind).toBe("waiting");
});

it("shows a current sample", () => {
	expect(panelState(true, status(null, 0)).kind).toBe("data");
});

it("says for how long there was none, and why", () => {
	const stale = panelState(true, status("not_answering", 8.4));
	expect(stale).toEqual({ kind: "stale", age: 8400, brief: "not answering", words: "not answering" });
	const inFull = panelState(true, status("not_answering", 8.4, "No answer yet."));
	expect(inFull).toMatchObject({ brief: "not answering", words: "not answering · No answer yet." });
});

it("says no time for a device that never had a figure", () => {
	expect(panelState(true, status("asleep", null))).toEqual({
		kind: "stale",
		age: null,
		brief: "asleep",
		words: "asleep",
	});
});

it("gives the reason first, which is translated, and then the collector's own words, for a device that is not there", () => {
	const words = "No NVIDIA driver found: libnvidia-ml.so.1 is not installed.";
	expect(panelState(false, status("absent", null, words))).toEqual({
		kind: "unavailable",
		reason: "absent",
		words: `not present · ${words}`,
	});
});

it("says what to do about it in every panel that has nothing to show", () => {
	const { absent, no_permission, programs, asleep, other } = en.unavailable.advice;
	for (const id of ["cpu", "memory", "disk/sda", "network/eth0", "facts", "uses/GPU-1"]) {
		expect([advice(id, "failed"), advice(id, "absent")], id).toEqual([other, other]);
	}
	expect(advice("cpu", "no_permission")).toBe(other);
	expect(advice("uses/GPU-1", "no_permission")).toBe(programs);
	for (const id of ["gpu", "gpu/GPU-1", "gpu-memory/GPU-1"]) {
		const found = (["absent", "no_permission", "failed"] as const).map((reason) => advice(id, reason));
		expect(found, id).toEqual([absent, no_permission, other]);
	}
	expect(advice("uses/GPU-1", "unsupported"), "nothing is tried").toBe("");
	expect([advice("gpu", "asleep"), advice("uses/GPU-1", "asleep")]).toEqual([asleep, asleep]);
});
