// Live, Polling, Stalled: whether samples still come, judged by the age of the last event and not by counting timers,
// because a hidden page's timers are throttled. At most one timer and one call at any time.
import type { CurrentMetrics } from "../bindings";

export type ConnectionState = "live" | "polling" | "stalled";

/** So many polls in a row must fail before the connection counts as stalled. */
const FAILURES = 3;

/** How long no event may come before polling begins, and no row before that is a hole, in ms: max(3 intervals, 3 s). */
export function silence(interval: number): number {
	return Math.max(3 * interval * 1000, 3000);
}

interface Listener {
	/** A batch, by event or by poll. */
	batch(batch: CurrentMetrics): void;
	/** The state changed; back to live means that there is a hole to fill. */
	state(state: ConnectionState): void;
}

export class Connection {
	private state: ConnectionState = "live";
	private timer: ReturnType<typeof setTimeout> | null = null;
	private heard = performance.now();
	private inFlight = false;
	/** The poll in flight counts as failed already. */
	private late = false;
	private failures = 0;
	private interval = 2;

	constructor(
		private readonly ask: () => Promise<CurrentMetrics>,
		private readonly listener: Listener,
	) {}

	/** Begins to watch; also after `stop`, when the page is shown again. Events have time to come then; only one of them ends polling,
	 * which goes on until then. */
	start(): void {
		this.heard = performance.now();
		if (this.state === "live") {
			this.arm(silence(this.interval));
			return;
		}
		this.arm(this.interval * 1000);
		if (!this.inFlight) void this.poll();
	}

	/** Stops watching: a page that nobody sees gets no events and asks for nothing. */
	stop(): void {
		if (this.timer !== null) clearTimeout(this.timer);
		this.timer = null;
	}

	/** Takes in an event. The first one ends polling. */
	event(batch: CurrentMetrics): void {
		this.heard = performance.now();
		this.failures = 0;
		const changed = batch.interval !== this.interval;
		this.interval = batch.interval;
		this.listener.batch(batch);
		const back = this.state !== "live";
		if (back) this.enter("live");
		if ((back || changed) && this.timer !== null) this.arm(silence(this.interval));
	}

	/** Learns of an interval before a batch names it. */
	pace(interval: number): void {
		if (interval === this.interval) return;
		this.interval = interval;
		if (this.timer !== null) this.arm(this.state === "live" ? silence(interval) : interval * 1000);
	}

	private arm(delay: number): void {
		this.stop();
		this.timer = setTimeout(() => this.due(), delay);
	}

	private due(): void {
		if (this.state === "live") {
			const left = this.heard + silence(this.interval) - performance.now();
			if (left > 0) {
				this.arm(left);
				return;
			}
			this.enter("polling");
		}
		this.arm(this.interval * 1000);
		if (this.inFlight) {
			this.late = true;
			this.failed();
		} else void this.poll();
	}

	private async poll(): Promise<void> {
		this.inFlight = true;
		this.late = false;
		try {
			const batch = await this.ask();
			if (this.state === "live") return;
			this.failures = 0;
			this.interval = batch.interval;
			this.listener.batch(batch);
			this.enter("polling");
		} catch {
			if (!this.late) this.failed();
		} finally {
			this.inFlight = false;
		}
	}

	/** A poll was refused, or the one before has not been answered. */
	private failed(): void {
		if (this.state === "live") return;
		this.failures += 1;
		if (this.failures >= FAILURES) this.enter("stalled");
	}

	private enter(state: ConnectionState): void {
		if (state === this.state) return;
		this.state = state;
		this.listener.state(state);
	}
}
