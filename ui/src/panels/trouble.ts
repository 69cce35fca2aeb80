// Whether anything is wrong now, device by device, in a word: what the rail flags. Only what somebody should look at.
import type { CurrentMetrics, Reason } from "../bindings";
import { statusOf } from "../store/readings";
import type { Entry } from "./devices";

/** `heat`: the device itself slows down for it. `full`: less than a twentieth is left. Else why there are no figures. */
export type Trouble = "heat" | "full" | "lost" | "not_answering" | "failed" | "no_permission" | "absent";

/** What is left of memory or of a file system is little below this share. */
const LITTLE = 0.05;

/** A reason that is a fault, and not just how things are. */
function fault(reason: Reason | null): Trouble | null {
	switch (reason) {
		case "lost":
		case "not_answering":
		case "failed":
		case "no_permission":
		case "absent":
			return reason;
		case "starting":
		case "unsupported":
		case "asleep":
		case "suspended":
		case "counter_reset":
		case "idle":
		case "shared":
		case "link_down":
		case null:
			return null;
	}
}

export function trouble({ kind, device, channel }: Entry, batch: CurrentMetrics | null): Trouble | null {
	if (!batch) return null;
	const found = fault(statusOf(batch, channel)?.reason ?? null);
	if (found) return found;
	const { gpu, memory, disk } = batch;
	if (kind === "gpu") {
		const state = gpu.find((one) => one.gpu_id === device)?.state;
		return state === "software_thermal" || state === "hardware_thermal" ? "heat" : null;
	}
	if (kind === "memory") {
		const { ram_available: left, ram_total: total } = memory ?? { ram_available: null, ram_total: null };
		return left !== null && total && left < total * LITTLE ? "full" : null;
	}
	if (kind === "disk") {
		const mounted = disk?.devices.find((one) => one.name === device)?.file_systems ?? [];
		const full = mounted.some((one) => !one.read_only && one.total > 0 && one.available < one.total * LITTLE);
		return full ? "full" : null;
	}
	return null;
}

/** How many things are wrong. A channel without figures is one, however many devices it has: thirty disks are one source. */
export function causes(troubles: Iterable<readonly [Entry, Trouble | null]>): number {
	const found = new Set<string>();
	for (const [{ page, channel }, wrong] of troubles) {
		if (wrong) found.add(wrong === "heat" || wrong === "full" ? page : channel);
	}
	return found.size;
}
