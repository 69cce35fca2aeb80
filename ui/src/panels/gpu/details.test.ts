// A device in full: what is said of it, with NVML's names on hover, and what it does not report, with the reason.
import { expect, it } from "vitest";
import type { GpuDetails, GpuMetrics, Settings } from "../../bindings";
import { batch, gpuDetails } from "../../store/testing";
import { holder, inFull } from "./details";
import { Groups } from "./groups";

const settings = { temperature_unit: "celsius" } as Settings;
const gpu = batch({ tick: 1, timestamp: 1_700_000_000_000 }).gpu[0] as GpuMetrics;
const said = (details: GpuDetails | null, of = gpu) => {
	const { groups } = inFull(of, details, settings, "nvidia");
	return Object.fromEntries(
		groups.flatMap((group) => group.facts.map((fact) => [fact.name, fact.value.replaceAll("\u00a0", " ")])),
	);
};

it("says what a card is and how it is set", () => {
	expect(said(gpuDetails())).toMatchObject({
		Model: "Test GPU",
		"PCI address": "0000:01:00.0",
		"CUDA index": "0",
		"SM clock": "2,310 MHz / 2,745 MHz",
		"Power limit": "350 W (can be 150 W to 600 W)",
		Memory: "70 °C / 105 °C",
		"Encoder / decoder": "0 % / 12 %",
		PCIe: "4.0 ×16 of 5.0 ×16",
		"PCIe traffic": "↓ 2.0 KiB/s  ↑ 1.0 KiB/s",
		"Compute mode": "shared",
		MIG: "off",
	});
	expect(said(gpuDetails()).Energy).toMatch(/^4\.10 kWh since the driver was loaded, 720 J since \d\d:\d\d$/);
	const long = gpuDetails({ energy_watched_since: 1_700_000_000_000 - 3 * 86_400_000 });
	expect(said(long).Energy).toMatch(/since Nov 1\d, \d\d:\d\d$/);
	const facts = inFull(gpu, gpuDetails(), settings, "nvidia").groups.flatMap((group) => group.facts);
	expect(facts.find((fact) => fact.name === "Driver")?.help).toBe("NVML: nvmlSystemGetDriverVersion");
});

it("has no model of a GPU that is called by its number", () => {
	expect(said(gpuDetails(), { ...gpu, name: "GPU 3" })).not.toHaveProperty("Model");
});

it("collects what is not reported, once each, with the reason", () => {
	expect(inFull(gpu, gpuDetails(), settings, "nvidia").absent).toEqual([
		{ reason: "unsupported", names: ["SM activity", "Hot spot", "ECC", "Corrected"] },
	]);
	expect(inFull(gpu, null, settings, "nvidia").absent, "nothing was asked for yet").toEqual([]);
	expect(said(null)).toMatchObject({ "SM clock": "2,310 MHz" });
});

it("says which group a name that is not reported stands in, where another has it too", () => {
	const { missing } = gpuDetails();
	const cool = gpuDetails({ memory_temperature: null, missing: { ...missing, memory_temperature: "unsupported" } });
	expect(inFull(gpu, cool, settings, "nvidia").absent[0]?.names).toEqual([
		"SM activity",
		"Memory (Temperatures)",
		"Hot spot",
		"ECC",
		"Corrected",
	]);
	const groups = new Groups({ a: "unsupported" }, false).group("One").fact("Load", "", "", 1, String);
	groups.group("Two").fact("Load", "", "a", null, String).fact("Heat", "", "a", null, String);
	expect(groups.notReported).toEqual([{ reason: "unsupported", names: ["Load (Two)", "Heat"] }]);
});

it("says that CUDA's order is a guess where it is one, and both orders where they differ", () => {
	const index = (change: Partial<GpuDetails>) => said(gpuDetails(change))["CUDA index"];
	expect(index({ cuda_index_guessed: true })).toBe("0 (a guess) · 0 by PCI_BUS_ID");
	expect(index({ cuda_index: 1, cuda_index_guessed: true })).toBe("1 (a guess) · 0 by PCI_BUS_ID");
	expect(index({ cuda_index: null })).toBe("— · 0 by PCI_BUS_ID");
	expect(index({ cuda_index_by_bus: null })).toBeUndefined();
});

it("says what is wrong with the memory", () => {
	const health = { ecc: true, ecc_pending: false, ecc_corrected: 3, ecc_corrected_lifetime: 17, retired_pages: 4 };
	const rows = { remapped_rows: 2, remapped_rows_pending: true, retired_pages_pending: true };
	expect(said(gpuDetails({ ...health, ...rows, missing: {} }))).toMatchObject({
		ECC: "on, after a restart off",
		Corrected: "3, in its life 17",
		"Retired pages": "4, more after a restart",
		"Remapped rows": "2, more after a restart",
	});
	expect(said(gpuDetails({ ...rows, remapped_rows_failed: true }))["Remapped rows"]).toContain("replace the device");
});

it("says what keeps a GPU awake, and whose memory it uses", () => {
	const kept = gpuDetails({
		kept_awake_by: [
			{ kind: "display" },
			{ kind: "process", pid: 7, name: "Xorg" },
			{ kind: "process", pid: 8, name: null },
		],
		shared_memory: true,
	});
	expect(said(kept)["Kept awake by"]).toBe("a display, Xorg (7), 8");
	expect(kept.kept_awake_by.map(holder)).toHaveLength(3);
	expect(said(kept, { ...gpu, memory_total: null, missing: { memory_total: "shared" } }).Installed).toBe(
		"the system's",
	);
});

it("has the words of another driver where the figures are its own", () => {
	const amd = { ...gpuDetails(), gtt_used: 104_857_600, gtt_total: 33_554_432_000 };
	const { groups } = inFull(gpu, amd, settings, "amdgpu");
	const facts = groups.flatMap((group) => group.facts);
	expect(facts.find((fact) => fact.name === "Driver")?.value).toBe("amdgpu");
	expect(facts.map((fact) => fact.name)).toEqual(expect.arrayContaining(["ID", "GPU clock"]));
	expect(facts.find((fact) => fact.name === "GTT")?.value.replaceAll("\u00a0", " ")).toBe("100 MiB / 31.3 GiB");
	expect(facts.map((fact) => fact.help).join()).not.toMatch(/NVML|nvml/);
});

it("tells of each fan where there are several", () => {
	const of = (...fans: GpuDetails["fans"]) => said({ ...gpuDetails(), fans })["All fans"];
	expect(of({ speed: 46, revolutions: 1840 })).toBeUndefined();
	expect(of({ speed: 46, revolutions: 1840 }, { speed: 0, revolutions: 0 }, { speed: null, revolutions: null })).toBe(
		"46 % (1,840 rpm) · 0 % (0 rpm) · —",
	);
});
