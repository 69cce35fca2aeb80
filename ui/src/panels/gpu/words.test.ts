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

	it("mean what the kernel says of them, not NVML, where its drivers tell them", () => {
		const { amdgpu, intel, untoldMemory } = en.driverHelp;
		expect(gpuHelp("amdgpu")).toMatchObject({
			gpuPower: `${amdgpu.gpuPower} hwmon: power1_average, power1_input`,
			powerLimit: `${amdgpu.powerLimit} hwmon: power1_cap`,
			memoryBandwidth: `${amdgpu.memoryBandwidth} amdgpu: mem_busy_percent`,
			fan: `${amdgpu.fan} hwmon: pwm1, fan1_input, fan1_max`,
			gpuMemory: `${en.help.gpuMemoryPlain} amdgpu: mem_info_vram_used (APU: + mem_info_gtt_used)`,
		});
		for (const driver of ["i915", "xe"]) {
			expect(gpuHelp(driver)).toMatchObject({
				gpuPower: `${intel.gpuPower} hwmon: energy1_input, energy2_input`,
				powerLimit: `${intel.powerLimit} hwmon: power1_max, power2_max`,
			});
		}
		expect(gpuHelp("xe").gpuMemory).toBe(`${untoldMemory} xe: physical_vram_size_bytes`);
		expect(gpuHelp("i915").gpuMemory).toBe(untoldMemory);
		expect(Object.values(gpuHelp("amdgpu")).join()).not.toMatch(/whole board|sampling period|first fan/);
		expect(Object.values(gpuHelp("xe")).join()).not.toMatch(/whole board|in use on the device/);
		expect(gpuHelp("nouveau").gpuPower).toBe(en.help.gpuPower);
	});

	it("are NVML's until the driver is known, without its names", () => {
		expect([isNvml(undefined), isNvml("nvidia"), isNvml("amdgpu")]).toEqual([true, true, false]);
		expect(gpuHelp(undefined).smClock).toBe(en.help.smClock);
	});
});
