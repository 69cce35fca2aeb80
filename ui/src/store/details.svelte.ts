// One GPU in full, asked for only while somebody looks: once per tick, one question at a time.
import type { GpuDetails } from "../bindings";
import type { Host } from "../host/host";
import { Asking } from "./asking";

export class Details {
	/** The newest answer; null before the first. What it could not tell, it says itself. */
	current = $state.raw<GpuDetails | null>(null);
	private newest: number | null = null;
	private asked: number | null = null;
	private readonly asking = new Asking(
		() => (this.newest === this.asked ? null : this.newest),
		async (tick) => {
			this.asked = tick;
			this.current = await this.host.gpuDetails(this.gpuId);
		},
	);

	constructor(
		private readonly host: Host,
		private readonly gpuId: string,
	) {}

	/** Asks, unless it asked for this tick or still waits for an answer. A tick comes once per interval, to a page that is seen. */
	tick(tick: number): void {
		this.newest = tick;
		this.asking.sometime(0);
	}
}
