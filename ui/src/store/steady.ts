// What a derived value is made from is new at every tick, and what it says seldom is.

/** Makes a value, and hands out the one before while both say the same: what depends on it then has nothing to do. */
export function steady<T>(make: () => T): () => T {
	let kept: { value: T; text: string } | null = null;
	return () => {
		const value = make();
		const text = JSON.stringify(value);
		if (kept?.text !== text) kept = { value, text };
		return kept.value;
	};
}
