// One GPU in full, asked for only while somebody looks: once per tick, one question at a time.
import type { GpuDetails } from "../bindings";
import type { Host } from "../host/host";

export class Details {
	/** The newest answer; null before the first. What it could not tell, it says itself. */
	current = $state.raw<GpuDetails | null>(null);
	private inFlight = false;
	private asked: number | null = null;

	constructor(
		private readonly host: Host,
		private readonly gpuId: string,
	) {}

	/** Asks, unless it asked for this tick or still waits for an answer. A tick comes once per interval, to a page that is seen. */
	async tick(tick: number): Promise<void> {
		if (this.inFlight || this.asked === tick) return;
		this.inFlight = true;
		this.asked = tick;
		try {
			this.current = await this.host.gpuDetails(this.gpuId);
		} catch {
			// The device is gone, or the core does not answer: the page says so itself.
		} finally {
			this.inFlight = false;
		}
	}
}
