// Ends of value axes that are round, and do not move with every sample.

/** The smallest of 1, 1.5 × 2ⁿ that holds a value, and never less than the floor. The middle tick stays round too. */
export function binaryCeiling(value: number, floor: number): number {
	let end = floor;
	while (end < value) end = isPowerOfTwo(end / floor) ? end * 1.5 : (end / 1.5) * 2;
	return end;
}

function isPowerOfTwo(ratio: number): boolean {
	const exponent = Math.log2(ratio);
	return Math.abs(exponent - Math.round(exponent)) < 1e-9;
}

/** The smallest of 1, 2, 4, 6, 8 × 10ⁿ that holds a value, and never less than the floor (bits per second, watts). */
export function decimalCeiling(value: number, floor: number): number {
	if (value <= floor) return floor;
	const decade = 10 ** Math.floor(Math.log10(value));
	for (const factor of [1, 2, 4, 6, 8, 10]) if (value <= factor * decade * (1 + 1e-12)) return factor * decade;
	return 10 * decade;
}

/** The rows and columns of a grid of so many bars that stays legible from 2 to 256. */
export function barGrid(count: number, width: number): { columns: number; rows: number } {
	if (count <= 0) return { columns: 1, rows: 0 };
	const widest = Math.max(1, Math.floor(width / 7));
	const wanted = count <= 8 ? count : count <= 48 ? Math.ceil(count / 2) : count <= 128 ? Math.ceil(count / 4) : 64;
	const columns = Math.max(1, Math.min(count, wanted, widest));
	return { columns, rows: Math.ceil(count / columns) };
}

/** Of so many things in rows with room for `most`: how many stand in the row of each. Rows differ by one at most. */
export function evenRows(count: number, most: number): number[] {
	const rows = Math.ceil(count / Math.max(1, most));
	const lengths = Array.from({ length: rows }, (_, row) => Math.ceil((count - row) / rows));
	return lengths.flatMap((length) => Array<number>(length).fill(length));
}

/** The first index whose number is not less than the one given; the numbers rise. Of things that are no numbers, `key` gives theirs. */
export function lowerBound(sorted: readonly number[], wanted: number): number;
export function lowerBound<T>(sorted: readonly T[], wanted: number, key: (one: T) => number): number;
export function lowerBound<T>(sorted: readonly T[], wanted: number, key?: (one: T) => number): number {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		const one = sorted[middle] as T;
		if ((key ? key(one) : (one as number)) < wanted) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** The index whose number is nearest; -1 in an empty list. */
export function nearest(sorted: readonly number[], wanted: number): number {
	const after = lowerBound(sorted, wanted);
	if (after === 0) return sorted.length === 0 ? -1 : 0;
	if (after === sorted.length) return after - 1;
	return (sorted[after] as number) - wanted < wanted - (sorted[after - 1] as number) ? after : after - 1;
}
