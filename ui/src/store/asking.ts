// Asks the core something again and again, but never twice at once and not more often than needed: for answers that
// cost more than a tick.

export class Asking<Query> {
	private inFlight = false;
	/** Asked for while another was in flight. */
	private again = false;
	private last = Number.NEGATIVE_INFINITY;

	/** `query` says what to ask now, if anything; `ask` puts the question and takes its answer in. */
	constructor(
		private readonly query: () => Query | null,
		private readonly ask: (query: Query) => Promise<void>,
	) {}

	/** At once, or as soon as the one before is answered. */
	now(): void {
		if (this.inFlight) this.again = true;
		else void this.put();
	}

	/** If none is in flight and the last one is that long ago, in ms. */
	sometime(pace = 5000): void {
		if (!this.inFlight && performance.now() - this.last >= pace) void this.put();
	}

	private async put(): Promise<void> {
		const query = this.query();
		if (query === null) return;
		this.inFlight = true;
		this.last = performance.now();
		try {
			await this.ask(query);
		} catch {
			// The answer before stays; it is asked again in time.
		}
		this.inFlight = false;
		if (this.again) {
			this.again = false;
			void this.put();
		}
	}
}
