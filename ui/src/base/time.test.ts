// Times on axes and durations in words.
import { expect, it } from "vitest";
import { duration, HOUR, MINUTE, moment, SECOND, seconds, tickStep, ticks } from "./time";

const DAY = 24 * HOUR;

it.each([
	[0, "0 s"],
	[8 * SECOND, "8 s"],
	[4 * HOUR + 12 * MINUTE + 3 * SECOND, "4 h 12 m"],
	[6 * DAY + 4 * HOUR, "6 d 4 h"],
	[6 * DAY + 30 * MINUTE, "6 d"],
])("%d ms are %s", (ms, words) => {
	expect(duration(ms).replaceAll("\u00a0", " ")).toBe(words);
});

it("says an interval as it was set, to hundredths", () => {
	expect([60, 2, 0.5, 0.75, 2.25, 1.005, 2.999].map(seconds)).toEqual([
		"60",
		"2",
		"0.5",
		"0.75",
		"2.25",
		"1.01",
		"3.00",
	]);
});

it("puts labels on round times, as many as there is room for", () => {
	for (const span of [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR]) {
		for (const most of [3, 5, 10]) {
			const end = 1_700_000_123_456;
			const found = ticks(end - span, end, most);
			expect(found.length).toBeLessThanOrEqual(most + 1);
			expect(found.length).toBeGreaterThan(0);
			const step = tickStep(span, most);
			// Of the local time, which may be some minutes off the hours of UTC.
			const shift = new Date(end).getTimezoneOffset() * MINUTE;
			for (const time of found) expect((time - shift) % Math.min(step, HOUR)).toBe(0);
		}
	}
});

it("says the date of a moment that was on another day", () => {
	const now = new Date(2026, 10, 28, 9, 30).getTime();
	const at = (days: number) => new Date(2026, 10, 28 - days, 0, 5, 30).getTime();
	expect(moment(at(0), now)).toBe("00:05:30");
	expect(moment(at(0), now, "minutes")).toBe("00:05");
	expect(moment(at(1), now)).toBe("Nov 27, 00:05:30");
	expect(moment(at(2), now, "minutes")).toBe("Nov 26, 00:05");
});
