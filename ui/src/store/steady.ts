// What a derived value is made from is new at every tick, and what it says seldom is.

/** Makes a list, of plain values or of objects of one shape, and hands out the one before while both say the same: what depends on it
 * then has nothing to do. */
export function steady<T extends readonly unknown[]>(make: () => T): () => T {
	let kept: { list: T; parts: readonly unknown[] } | null = null;
	return () => {
		const list = make();
		const parts = list.flatMap((one) => (one instanceof Object ? Object.values(one).flat() : one));
		if (kept?.parts.length !== parts.length || parts.some((part, at) => part !== kept?.parts[at]))
			kept = { list, parts };
		return kept.list;
	};
}
