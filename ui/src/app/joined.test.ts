// That texts which are put together have the punctuation of their language: a verdict, facts, what is copied, the page itself.
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Finding, GpuVerdict } from "../bindings";
import type { Language } from "../text";

const SLOW: Finding = { kind: "waiting_for_data", percent: 80, utilization: 30, disk_busy: 85, io_pressure: null };
const FULL: Finding = {
	kind: "memory_nearly_full",
	percent: 100,
	memory_used: 23 * 1024 ** 3,
	memory_total: 24 * 1024 ** 3,
};
const VERDICT: GpuVerdict = {
	gpu_id: "GPU-1",
	sampled: 900,
	headline: SLOW,
	also: [FULL],
	shares: [{ state: "power_cap", percent: 46 }],
	machine: { busiest_core: null, cpu_pressure: null, disk_busy: null, io_pressure: null },
	unsampled: [],
};

interface Said {
	/** What it rests on, and the first of what may help. */
	evidence: string;
	limits: string;
	/** A setting that is copied. */
	copied: string;
	/** Of the page: a setting of a number, a notice, what a GPU does not report, a core. */
	setting: string;
	notice: string;
	absent: string;
	cores: string;
}

const SAID: Record<Language, Said> = {
	en: {
		evidence: "GPU 30 % busy, disk 85 % busy. Faster storage",
		limits: "power cap, heat (hardware)",
		copied: "Tray: GPU, CPU",
		setting: "shorter peaks. 0.5 to 60 s. Default: 2 s.",
		notice: "Notice: Settings were set aside.",
		absent: "SM activity, Hot spot, ECC, Corrected: not reported by this device",
		cores: "Cores: 2",
	},
	de: {
		evidence: "GPU zu 30 % ausgelastet, Datenträger zu 85 % aktiv. Schnellere",
		limits: "Leistungsgrenze, Hitze (Hardware)",
		copied: "Tray: GPU, CPU",
		setting: "kürzere Spitzen. 0,5 bis 60 s. Standard: 2 s.",
		notice: "Hinweis: Settings were set aside.",
		absent: ": wird von diesem Gerät nicht gemeldet",
		cores: "Kerne: 2",
	},
	es: {
		evidence: "GPU ocupada al 30 %, disco ocupado al 85 %. Podría",
		limits: "límite de potencia, calor (hardware)",
		copied: "Tray: GPU, CPU",
		setting: "picos más breves. 0,5 a 60 s. Valor predeterminado: 2 s.",
		notice: "Aviso: Settings were set aside.",
		absent: ": este dispositivo no lo notifica",
		cores: "Núcleos: 2",
	},
	fr: {
		evidence: "GPU occupé à 30 %, disque occupé à 85 %. Un stockage",
		limits: "limite de puissance, chaleur (matériel)",
		copied: "Tray\u00a0: GPU, CPU",
		setting: "pics plus brefs. 0,5 à 60 s. Par défaut\u00a0: 2 s.",
		notice: "Avis\u00a0: Settings were set aside.",
		absent: "\u00a0: non communiqué par ce périphérique",
		cores: "Cœurs\u00a0: 2",
	},
	ja: {
		evidence: "GPU 使用率 30 %、ディスクのビジー率 85 %。より速い",
		limits: "電力制限、熱 (ハードウェア)",
		copied: "Tray: GPU、CPU",
		setting: "より短いピークも表示されます。0.5～60 s。既定値: 2 s。",
		notice: "お知らせ: Settings were set aside.",
		absent: ": このデバイスは非対応",
		cores: "コア: 2",
	},
	zh: {
		evidence: "GPU 利用率 30 %，磁盘繁忙 85 %。更快",
		limits: "功耗上限、过热（硬件）",
		copied: "Tray：GPU、CPU",
		setting: "更短暂的峰值。0.5 至 60 s。默认值：2 s。",
		notice: "提示：Settings were set aside.",
		absent: "：此设备不提供该数据",
		cores: "核心：2",
	},
};

/** Its figures keep a space that does not break; the colon of French has one too, which is looked at. */
const plain = (text: string | null | undefined) =>
	(text ?? "").replace(/(\d)\u00a0(?=[%s])/g, "$1 ").replace(/[\n\t ]+/g, " ");

afterEach(() => {
	vi.restoreAllMocks();
	document.body.replaceChildren();
});

describe.each(Object.entries(SAID))("what is put together in %s", (language, its) => {
	/** Modules read their words as they are loaded. */
	const speak = () => {
		vi.resetModules();
		vi.spyOn(navigator, "language", "get").mockReturnValue(language);
	};

	it("is so in a verdict, in a list of names and in what is copied", async () => {
		speak();
		const { prose } = await import("../text");
		const { words } = await import("../panels/gpu/verdict");
		const { heldBack } = await import("../panels/facts");
		const { figuresOf } = await import("./copy");
		const { evidence } = words(VERDICT, "celsius");
		expect(plain(prose(evidence))).toContain(its.evidence);
		expect(heldBack(["power_cap", "hardware_thermal"])).toBe(its.limits);
		const asian = language === "zh" || language === "ja";
		expect(evidence.filter((one) => !one.endsWith(asian ? "。" : "."))).toEqual([]);
		document.body.innerHTML = `<section data-panel="settings"><div data-setting="tray_lines"><fieldset><legend>Tray</legend>
			<label><input type="checkbox" checked>GPU</label><label><input type="checkbox" checked>CPU</label></fieldset></div></section>`;
		const panel = document.querySelector<HTMLElement>("section");
		expect(panel && figuresOf(panel, null, null)).toBe(its.copied);
	});

	it("is so on the page", async () => {
		speak();
		const { render } = await import("@testing-library/svelte");
		const { following, gpuDetails, hostOf } = await import("../store/testing");
		const { default: App } = await import("./App.svelte");
		const info = { notices: ["Settings were set aside."] };
		const host = hostOf({ info, gpuDetails: async () => gpuDetails(), verdict: async () => VERDICT });
		const { unmount } = render(App, { monitor: following(host) });
		const text = (selector: string) => plain(document.querySelector(selector)?.textContent);
		await vi.waitFor(() => expect(text('[data-testid="notice"] span')).toBe(its.notice));
		await vi.waitFor(() => expect(plain(document.querySelector(".cores")?.getAttribute("aria-label"))).toBe(its.cores));
		expect(text(".chart + .hidden-text")).toMatch(language === "zh" || language === "ja" ? /。(?! )/ : /\. /);
		expect(text(".chart + .hidden-text")).not.toContain("。 ");
		location.hash = "#settings";
		await vi.waitFor(() => expect(text("#help-interval")).toContain(its.setting));
		location.hash = "#gpu/GPU-1";
		await vi.waitFor(() => expect(text('[data-absent="unsupported"]')).toContain(its.absent));
		await vi.waitFor(() => expect(text('[data-testid="verdict"] p')).toContain(its.evidence));
		unmount();
	});
});
