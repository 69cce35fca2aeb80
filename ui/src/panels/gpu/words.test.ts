// A GPU's figures in the words of its driver.
import { describe, expect, it } from "vitest";
import { en } from "../../text/en";
import { gpuHelp, isNvml } from "./words";

describe("the words of a GPU's figures", () => {
	it("name the driver that they come from, and no other", () => {
		expect(gpuHelp("nvidia").gpuTemperature).toBe(`${en.help.gpuTemperature} NVML: NVML_TEMPERATURE_GPU`);
		expect(gpuHelp("amdgpu").gpuUtilization).toBe(`${en.help.gpuUtilizationAmd} amdgpu: gpu_busy_percent`);
		expect(gpuHelp("xe").gpuUtilization).toContain(en.help.gpuUtilizationIntel);
		for (const driver of ["amdgpu", "i915", "xe", "nouveau"]) {
			expect(Object.values(gpuHelp(driver)).join()).not.toMatch(/NVML|nvml|NVIDIA|kernel ran|multiprocessor/);
		}
	});

	it("say nothing of where a figure comes from that the driver does not give", () => {
		expect(gpuHelp("i915").fan).toBe(en.help.fan);
		expect(Object.values(gpuHelp("nouveau")).join()).not.toMatch(/: \w+_/);
	});

	it("are NVML's until the driver is known, without its names", () => {
		expect([isNvml(undefined), isNvml("nvidia"), isNvml("amdgpu")]).toEqual([true, true, false]);
		expect(gpuHelp(undefined).smClock).toBe(en.help.smClock);
	});
});
