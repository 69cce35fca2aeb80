// Asks the core something again and again, but never twice at once and not more often than needed: for answers that
// cost more than a tick.

export class Asking<Query> {
	private inFlight = false;
	/** Asked for while another was in flight. */
	private again = false;
	private last = Number.NEGATIVE_INFINITY;

	/** `ask` puts the question and takes its answer in; `pace` is the least time between two that nobody is in a hurry for, ms. */
	constructor(
		private readonly query: () => Query | null,
		private readonly ask: (query: Query) => Promise<void>,
		private readonly pace = 5000,
	) {}

	/** At once, or as soon as the one before is answered. */
	now(): void {
		if (this.inFlight) this.again = true;
		else void this.put();
	}

	/** If the last one is long enough ago. */
	sometime(): void {
		if (!this.inFlight && performance.now() - this.last >= this.pace) void this.put();
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
