// Axes that several panels share.
import { binaryCeiling, decimalCeiling } from "../base/scale";
import {
	brief,
	degrees,
	type NetworkUnit,
	type Scaled,
	scaledBytes,
	scaledRate,
	type TemperatureUnit,
	text,
} from "../base/units";
import type { AxisSpec } from "../chart/spec";

const KIB = 1024;

/** A tick's words: the unit stands at the topmost one only. */
export function tick(value: number, top: number, { amount, unit }: Scaled): string {
	return value === top ? text({ value: brief(amount), unit }) : brief(amount);
}

/** 0 up to a round binary step, never less than 1 MiB/s, so that idle noise does not look like load. */
export const DISK_RATE: AxisSpec = {
	ends: (peak) => [0, binaryCeiling(peak, KIB * KIB)],
	format: (value, top) => tick(value, top, scaledRate(value, top)),
};

/** The same for a network: never less than 64 KiB/s, or 500 kbit/s where bits are shown. */
export function networkRate(unit: NetworkUnit): AxisSpec {
	return {
		ends: (peak) => [0, unit === "bits" ? decimalCeiling(peak * 8, 500_000) / 8 : binaryCeiling(peak, 64 * KIB)],
		format: (value, top) => tick(value, top, scaledRate(value, top, unit)),
	};
}

/** 0 up to what is installed. */
export function amount(total: number | null): AxisSpec {
	return {
		ends: (peak) => [0, total && total > 0 ? total : binaryCeiling(peak, KIB ** 3)],
		format: (value, top) => tick(value, top, scaledBytes(value, top)),
	};
}

/** 0–100 °C (20–220 °F); wider where a device is hotter. In a cold room an idle device is below 20 °C. */
export function degreesAxis(unit: TemperatureUnit): AxisSpec {
	const fahrenheit = (degrees: number) => (degrees - 32) / 1.8;
	const [low, high, higher] = unit === "fahrenheit" ? [20, 220, 300].map(fahrenheit) : [0, 100, 140];
	return {
		ends: (peak) => [low as number, (peak > (high as number) ? higher : high) as number],
		format: (value, top) =>
			tick(value, top, { amount: degrees(value, unit), unit: unit === "fahrenheit" ? "°F" : "°C" }),
	};
}
