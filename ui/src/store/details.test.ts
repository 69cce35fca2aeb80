// That details are asked for once per tick, and never twice at once.
import { expect, it } from "vitest";
import type { GpuDetails } from "../bindings";
import type { Host } from "../host/host";
import { Details } from "./details.svelte";

it("asks once per tick, one question at a time, and goes on after a refusal", async () => {
	const waiting: { resolve: (details: GpuDetails) => void; reject: (error: Error) => void }[] = [];
	const gpuDetails = () => new Promise<GpuDetails>((resolve, reject) => waiting.push({ resolve, reject }));
	const details = new Details({ gpuDetails } as unknown as Host, "GPU-1");
	details.tick(1);
	details.tick(1);
	details.tick(2);
	expect(waiting).toHaveLength(1);
	waiting[0]?.resolve({ gpu_id: "GPU-1" } as GpuDetails);
	await expect.poll(() => details.current?.gpu_id).toBe("GPU-1");
	details.tick(1);
	expect(waiting, "a tick that came late and twice").toHaveLength(1);
	details.tick(3);
	waiting[1]?.reject(new Error("gone"));
	await new Promise((resolve) => setTimeout(resolve));
	expect(details.current?.gpu_id, "what was known stays").toBe("GPU-1");
	details.tick(4);
	expect(waiting).toHaveLength(3);
});
