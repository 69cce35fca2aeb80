// Figures as people read them: a value and a unit, apart, so that a tile can set them in two sizes.
import { fixed } from "./locale";

/** A figure in words. In a line it stands as `text()` writes it. */
export interface Quantity {
	value: string;
	unit: string;
}

export type TemperatureUnit = "celsius" | "fahrenheit";
export type NetworkUnit = "bytes" | "bits";

const NBSP = "\u00a0";
const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const IEC_RATES = IEC.map((unit) => `${unit}/s`);
const SI_BITS = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];
const WHOLE = new Set([IEC[0], IEC_RATES[0], SI_BITS[0]]);

/** Value and unit with a space that does not break. */
export function text(quantity: Quantity): string {
	return `${quantity.value}${NBSP}${quantity.unit}`;
}

/** One decimal below a hundred: 9.8, 31.2, 312. Nothing at all is a plain 0. */
function short(value: number): string {
	return fixed(value, value > 0 && value < 99.95 ? 1 : 0);
}

/** The power of the base that leaves a value under `base` after rounding. */
function power(value: number, base: number, last: number): number {
	let exponent = 0;
	let rest = Math.abs(value);
	while (rest >= base - 0.5 && exponent < last) {
		rest /= base;
		exponent += 1;
	}
	return exponent;
}

/** Percent 0–100 as a whole number; a busy little under 1 % is not "0". */
export function percent(value: number): Quantity {
	if (value > 0 && value < 0.5) return { value: `<${NBSP}1`, unit: "%" };
	return { value: fixed(value, 0), unit: "%" };
}

/** How a number is written in some unit: so many of it, and what it is called. */
export interface Scaled {
	amount: number;
	unit: string;
}

/** A number in that of the units, each so many times the one before, that suits another. */
function scaled(value: number, like: number, base: number, units: readonly string[]): Scaled {
	const exponent = power(like, base, units.length - 1);
	return { amount: value / base ** exponent, unit: units[exponent] ?? "" };
}

/** Bytes in the IEC unit that suits another amount. */
export function scaledBytes(value: number, like: number): Scaled {
	return scaled(value, like, 1024, IEC);
}

/** Bytes per second in the unit that suits another rate. */
export function scaledRate(value: number, like: number, unit: NetworkUnit = "bytes"): Scaled {
	return unit === "bits" ? scaled(value * 8, like * 8, 1000, SI_BITS) : scaled(value, like, 1024, IEC_RATES);
}

/** A count, in millions where `like` is a million or more: 0.5 beside 1 M. */
export function scaledCount(value: number, like: number): Scaled {
	return scaled(value, like, 1_000_000, ["", "M"]);
}

/** With a decimal below a hundred, but bytes and bits are whole. */
function quantity({ amount, unit }: Scaled): Quantity {
	return { value: WHOLE.has(unit) ? fixed(amount, 0) : short(amount), unit };
}

/** Bytes in IEC units. `like` fixes the unit to that of another amount, so that used and total compare. */
export function bytes(value: number, like: number = value): Quantity {
	return quantity(scaledBytes(value, like));
}

/** Bytes per second, in IEC bytes or in SI bits. */
export function rate(value: number, unit: NetworkUnit = "bytes"): Quantity {
	return quantity(scaledRate(value, value, unit));
}

/** A total without needless decimals: 24 GiB, 31.2 GiB. */
export function capacity(value: number): Quantity {
	const { amount, unit } = scaledBytes(value, value);
	return { value: fixed(amount, Math.abs(amount - Math.round(amount)) < 0.05 ? 0 : 1), unit };
}

/** A number as short as it can be, with two decimals at most: 512, 1.5, 0.75. */
export function brief(value: number): string {
	const near = (decimals: number) => Math.abs(value * 10 ** decimals - Math.round(value * 10 ** decimals)) < 0.02;
	return fixed(value, near(0) || value >= 100 ? 0 : near(1) || value >= 10 ? 1 : 2);
}

/** °C in the unit asked for, a number. */
export function degrees(celsius: number, unit: TemperatureUnit): number {
	return unit === "fahrenheit" ? celsius * 1.8 + 32 : celsius;
}

/** °C in the unit asked for, in words. */
export function temperature(value: number, unit: TemperatureUnit): Quantity {
	return { value: fixed(degrees(value, unit), 0), unit: unit === "fahrenheit" ? "°F" : "°C" };
}

/** Watts: whole ones from 10 up. */
export function watts(value: number): Quantity {
	return { value: fixed(value, value < 9.95 ? 1 : 0), unit: "W" };
}
