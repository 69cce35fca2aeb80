// Times and durations in words and on axes. All in milliseconds, shown in local time.
import { fixed, nameLocale } from "./locale";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

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

const kinds = {
	seconds: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
	minutes: { hour: "2-digit", minute: "2-digit" },
	day: { dateStyle: "short" },
	daySeconds: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" },
	dayMinutes: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
	full: { dateStyle: "medium", timeStyle: "short" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const formats = new Map<string, Intl.DateTimeFormat>();

/** A time in some form. Formatters are made when they are first asked for: by then the language is known. */
function written(time: number, kind: keyof typeof kinds): string {
	let format = formats.get(kind);
	if (!format) {
		format = new Intl.DateTimeFormat(nameLocale(), { ...kinds[kind], hourCycle: "h23" });
		formats.set(kind, format);
	}
	return format.format(time);
}

/** 14:05:30 */
export function clock(time: number): string {
	return written(time, "seconds");
}

/** 14:05 */
function clockMinutes(time: number): string {
	return written(time, "minutes");
}

/** 14:05:30 (or 14:05), with the date where it is of another day than now: `Nov 26, 14:05:30`. */
export function moment(time: number, now: number, to: "seconds" | "minutes" = "seconds"): string {
	if (written(time, "day") === written(now, "day")) return written(time, to);
	return written(time, to === "seconds" ? "daySeconds" : "dayMinutes");
}

/** Nov 26, 2026, 14:05 */
export function dateTime(time: number): string {
	return written(time, "full");
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
		// Japanese has letters where it is to be narrow, and "m" is a metre.
		const unitDisplay = nameLocale().startsWith("ja") ? "short" : "narrow";
		format = new Intl.NumberFormat(nameLocale(), { style: "unit", unit: name, unitDisplay });
		units.set(name, format);
	}
	const called = format.formatToParts(value).find((part) => part.type === "unit");
	return `${fixed(value, 0)}\u00a0${called?.value ?? ""}`;
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

/** Seconds as a setting shows them: 2, 0.5, 0.75. */
export function seconds(value: number): string {
	return fixed(value, [0, 1].find((decimals) => Number(value.toFixed(decimals)) === value) ?? 2);
}
