// Times and durations in words and on axes. All in milliseconds, shown in local time.
import { fixed, locale } from "./locale";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Steps of a time axis: whole divisions of a minute or an hour, so that labels fall on round times. */
const STEPS = [
	SECOND,
	2 * SECOND,
	5 * SECOND,
	10 * SECOND,
	15 * SECOND,
	30 * SECOND,
	MINUTE,
	2 * MINUTE,
	5 * MINUTE,
	10 * MINUTE,
	15 * MINUTE,
	20 * MINUTE,
	30 * MINUTE,
	HOUR,
];

const withSeconds = new Intl.DateTimeFormat(locale, {
	hour: "2-digit",
	minute: "2-digit",
	second: "2-digit",
	hourCycle: "h23",
});
const withMinutes = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** 14:05:30 */
export function clock(time: number): string {
	return withSeconds.format(time);
}

/** 14:05 */
export function clockMinutes(time: number): string {
	return withMinutes.format(time);
}

const day = new Intl.DateTimeFormat(locale, { dateStyle: "short" });
const dated = { day: "numeric", month: "short" } as const;
const withDate = {
	seconds: new Intl.DateTimeFormat(locale, {
		...dated,
		hour: "2-digit",
		minute: "2-digit",
		second: "2-digit",
		hourCycle: "h23",
	}),
	minutes: new Intl.DateTimeFormat(locale, { ...dated, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
};

/** 14:05:30 (or 14:05), with the date where it is of another day than now: `Nov 26, 14:05:30`. */
export function moment(time: number, now: number, to: "seconds" | "minutes" = "seconds"): string {
	if (day.format(time) !== day.format(now)) return withDate[to].format(time);
	return to === "seconds" ? clock(time) : clockMinutes(time);
}

/** The labels that an axis shows stay the same for many ticks, and in all charts. */
const labels = new Map<string, string>();
const LABELS = 200;

/** The smallest round step that puts at most `most` labels on that span. */
export function tickStep(span: number, most: number): number {
	for (const step of STEPS) if (span / step <= most) return step;
	return Math.ceil(span / most / HOUR) * HOUR;
}

/** The round local times inside a span. */
export function ticks(from: number, to: number, most: number): number[] {
	const step = tickStep(to - from, Math.max(1, most));
	const shift = new Date(to).getTimezoneOffset() * MINUTE;
	const out: number[] = [];
	for (let at = Math.ceil((from - shift) / step) * step + shift; at <= to; at += step) out.push(at);
	return out;
}

/** What a tick says: seconds only where the step is shorter than a minute. */
export function tickLabel(time: number, step: number): string {
	const key = `${step < MINUTE} ${time}`;
	let label = labels.get(key);
	if (label === undefined) {
		if (labels.size >= LABELS) labels.clear();
		label = step < MINUTE ? clock(time) : clockMinutes(time);
		labels.set(key, label);
	}
	return label;
}

const units = new Map<string, Intl.NumberFormat>();

function unit(value: number, name: "day" | "hour" | "minute" | "second"): string {
	let format = units.get(name);
	if (!format) {
		format = new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow" });
		units.set(name, format);
	}
	return format.format(value).replace(/^([\d.,]+)\s?(?=\D)/u, "$1\u00a0");
}

/** The two largest units: 6 d 4 h, 4 h 12 m, 8 s. */
export function duration(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / SECOND));
	const days = Math.floor(seconds / 86_400);
	const hours = Math.floor(seconds / 3600) % 24;
	const minutes = Math.floor(seconds / 60) % 60;
	const parts: [number, "day" | "hour" | "minute" | "second"][] = [
		[days, "day"],
		[hours, "hour"],
		[minutes, "minute"],
		[seconds % 60, "second"],
	];
	const first = parts.findIndex(([amount]) => amount > 0);
	if (first < 0) return unit(0, "second");
	return parts
		.slice(first, first + 2)
		.filter(([amount], index) => index === 0 || amount > 0)
		.map(([amount, name]) => unit(amount, name))
		.join(" ");
}

/** Seconds as a setting shows them: 2, 0.5. */
export function seconds(value: number): string {
	return fixed(value, Number.isInteger(value) ? 0 : 1);
}
