// Paths of figures, as the core's history has them (src-tauri/core/src/fields.rs).
import { expect, it } from "vitest";
import { figures } from "./fields";

it("names each figure by its path, and nothing that is not one", () => {
	const found: Record<string, number | null> = {};
	figures(
		{
			gpu_id: "GPU-1",
			index: 0,
			timestamp: 5,
			utilization: null,
			per_core: [1, null],
			core_clocks: [800, 900],
			core_ids: [0, 4],
			devices: [{ name: "sda", model: "Disk", size: 9, latency: null, file_systems: [{ total: 5 }] }],
			addresses: ["::1/128"],
			missing: { utilization: "starting" },
			state: "b",
			name: "b",
			kind: "d",
		},
		(field, value) => {
			found[field] = value;
		},
		{ state: ["a", "b", "c"], kind: ["a"] },
	);
	expect(found).toEqual({
		utilization: null,
		"per_core/0": 1,
		"per_core/4": null,
		"core_clocks/0": 800,
		"core_clocks/4": 900,
		"devices/sda/size": 9,
		"devices/sda/latency": null,
		state: 1,
	});
});
