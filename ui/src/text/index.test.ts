// That the right language is chosen, and that no translation lacks a word, drops a figure or is still in English.
import { afterEach, describe, expect, it, vi } from "vitest";
import { SETTINGS } from "../bindings";
import { en } from "./en";
import { language, load, t, translations } from "./index";

/** Records that are empty in English, where the core's own words stand: what the translations must have instead. */
const FROM_CORE = {
	settingLabels: SETTINGS.map((field) => field.key),
	settingHelp: SETTINGS.map((field) => field.key),
	choiceLabels: SETTINGS.flatMap((field) =>
		"choices" in field ? field.choices.map((choice) => `${field.key}/${choice.value}`) : [],
	),
};

/** What may read as in English, because it is a name, a symbol, or the same word in that language. */
const SAME = ["CPU", "RAM", "UUID", "ID", "Telltale", "ms", "—", "PCIe"];
const SAME_IN: Record<string, string[]> = {
	de: ["System", "Swap", "Kernel", "Index", "Container"],
	es: ["Total", "Kernel", "no"],
	fr: ["Total", "Swap", "Sources", "Source", "Modes", "Instance"],
	ja: [],
	zh: [],
};
/** `swapUsed` is nothing but names; hours have one symbol; units of temperature carry people's names. */
const SAME_PATHS = /^(help\.swapUsed|ranges\.3600|choiceLabels\.temperature_unit\/\w+)$/;

type Words = string | ((...args: never[]) => string);

/** Every word with the path to it. */
function* words(node: object, path = ""): Generator<[string, Words]> {
	for (const [key, value] of Object.entries(node)) {
		if (typeof value === "object" && value !== null) yield* words(value, `${path}${key}.`);
		else yield [path + key, value as Words];
	}
}

const english = new Map(words(en));

it.each([
	["en-US", "en"],
	["de", "de"],
	["de-AT", "de"],
	["es-419", "es"],
	["fr-CA", "fr"],
	["ja-JP", "ja"],
	["zh", "zh"],
	["zh-CN", "zh"],
	["zh-SG", "zh"],
	["zh-Hans-HK", "zh"],
	["zh-Hant", "en"],
	["zh-TW", "en"],
	["zh-HK", "en"],
	["pt-BR", "en"],
	["C", "en"],
	["en_US.UTF-8", "en"],
	["", "en"],
])("%j is read in %s", (locale, expected) => {
	expect(language(locale)).toBe(expected);
});

it("speaks English here, and says so to the web view", () => {
	expect(t).toBe(en);
	expect(document.documentElement.lang).toBe("en");
});

it("falls back to English when the words do not load", async () => {
	const warn = vi.spyOn(console, "warn").mockReturnValue();
	const broken = () => Promise.reject(new Error("gone"));
	const result = await load("de", { de: broken, es: broken, fr: broken, ja: broken, zh: broken });
	expect(result).toEqual({ spoken: "en", messages: en });
	expect(warn).toHaveBeenCalledOnce();
});

describe("where there is no translation", () => {
	afterEach(() => void vi.resetModules());

	it.each([
		["ru-RU", "27 Nov, 00:05:30", "12\u00a0345,6"],
		["ar-EG", "27 Nov, 00:05:30", "12,345.6"],
		["zh-TW", "27 Nov, 00:05:30", "12,345.6"],
		["en-US", "Nov 27, 00:05:30", "12,345.6"],
		["de-AT", "27. Nov., 00:05:30", "12\u00a0345,6"],
	])(
		"%s has months and units in the language of the words, and numbers as it writes them",
		async (locale, moment, number) => {
			vi.resetModules();
			vi.spyOn(navigator, "language", "get").mockReturnValue(locale);
			const { t: words } = await import("./index");
			const [time, { fixed }] = await Promise.all([import("../base/time"), import("../base/locale")]);
			const at = new Date(2026, 10, 27, 0, 5, 30).getTime();
			expect(time.moment(at, at + 86_400_000)).toBe(moment);
			expect(fixed(12_345.6, 1)).toBe(number);
			const german = locale.startsWith("de");
			expect(words.cores).toBe(german ? "Kerne" : "Cores");
			expect(time.duration(4 * time.HOUR + 12 * time.MINUTE)).toBe(
				german ? "4\u00a0h 12\u00a0Min." : "4\u00a0h 12\u00a0m",
			);
			expect(time.duration(0)).toBe(german ? "0\u00a0Sek." : "0\u00a0s");
		},
	);
});

it("calls the setting for sleeping GPUs as the form does", () => {
	const label = SETTINGS.find((field) => field.key === "sleeping_gpus")?.label;
	expect(en.unavailable.advice.asleep).toContain(`“${label}” in ${en.settings}`);
});

it("has straight apostrophes in English", () => {
	const curly = [...english].filter(([, value]) => String(value).includes("’"));
	expect(curly).toEqual([]);
});

it("says of one thing what it says of one", () => {
	expect([en.details.instances("1"), en.details.instances("2")]).toEqual(["1 instance", "2 instances"]);
	expect(en.details.linksUp("3", "4", "1")).toBe("3 of 4 up, 1 error");
});

describe.each(translations)("%s", async (name) => {
	const { spoken, messages } = await load(name);
	const translated = new Map(words(messages));

	it("is loaded", () => {
		expect(spoken).toBe(name);
	});

	it("has the keys of English, and those of the core's settings", () => {
		const added = Object.entries(FROM_CORE).flatMap(([record, keys]) => keys.map((key) => `${record}.${key}`));
		expect([...translated.keys()].sort()).toEqual([...english.keys(), ...added].sort());
	});

	it("leaves nothing empty", () => {
		const blank = [...translated].filter(([, value]) => typeof value === "string" && value.trim() === "");
		expect(blank).toEqual([]);
	});

	it("says everything it is given", () => {
		for (const [path, original] of english) {
			if (typeof original !== "function") continue;
			const value = translated.get(path);
			if (typeof value !== "function") throw new Error(`${path} is not a function`);
			// Small and large, since a plural may say its number in its own way.
			for (const start of [0, 1, 2, 5, 21]) {
				const args = Array.from({ length: original.length }, (_, at) => start + at);
				const said = value(...(args as never[]));
				const figures = said
					.match(/\d+/g)
					?.map(Number)
					.sort((a, b) => a - b);
				expect(figures, `${path}: ${said}`).toEqual(args);
			}
		}
	});

	it("is not still in English", () => {
		const same = [...translated]
			.filter(([path, value]) => typeof value === "string" && value === english.get(path))
			.filter(
				([path, value]) => ![...SAME, ...(SAME_IN[name] ?? [])].includes(value as string) && !SAME_PATHS.test(path),
			);
		expect(same).toEqual([]);
		for (const field of SETTINGS) {
			expect(messages.settingLabels[field.key]).not.toBe(field.label);
			expect(messages.settingHelp[field.key]).not.toBe(field.help);
		}
	});

	it("has one term for a thing, and its own punctuation", () => {
		const said = [...translated].map(([path, value]) => {
			const text = typeof value === "string" ? value : value(...(Array(value.length).fill("7") as never[]));
			return `${path}: ${text}`;
		});
		const wrong: Record<string, RegExp> = {
			de: /Wärme.*gebremst|: Wärme \(|Energiesparmodus|Tray-|abgebrochen: k/,
			es: /: .*(retícula|período|[Rr]eloj)|(range|chartKeys|saveHelp): .*ntervalo|sin conexión|allowed: D/,
			fr: /: .* [:;»]|« |\u00a0;|Freinée|alignée|appareil|allowed: D/,
			ja: /電力上限|消失|喪失|情報源|十字線|プロセッサー|\d時間/,
			zh: /功耗限制|总量|: .*(?:\p{Script=Han}[,;:(]|[,;:)]\p{Script=Han}|\p{Script=Han} \(|十字线)/u,
		};
		expect(said.filter((one) => wrong[name]?.test(one))).toEqual([]);
	});

	it("says of one thing what it says of one", () => {
		const { instances, linksUp } = messages.details;
		// Nouns have no plural there.
		if (name === "ja" || name === "zh") return;
		expect(instances("1")).not.toBe(instances("2").replace("2", "1"));
		// German has one word for an error and for errors.
		if (name !== "de") expect(linksUp("3", "4", "1")).not.toBe(linksUp("3", "4", "2").replace("2", "1"));
	});

	it("calls the setting for sleeping GPUs as the form does", () => {
		const { asleep } = messages.unavailable.advice;
		expect(asleep).toContain(messages.settingLabels.sleeping_gpus);
		expect(asleep).toContain(messages.settings);
	});

	it("keeps the names of the kernel and of NVML", () => {
		// Paths, constants, what stands in brackets after a source's name.
		const names = (text: string) =>
			text.match(
				/\/(?:proc|sys|dev)\/[\w/*]+|NVML_\w+|nvml[A-Z]\w+|\b(?:Mem|Swap)[A-Z]\w+|%util|\bawait\b|\b[a-z]+(?:_[a-z]+)+\b|RFC \d+/g,
			);
		for (const [path, original] of english) {
			if (typeof original !== "string") continue;
			expect(names(String(translated.get(path)))?.sort(), path).toEqual(names(original)?.sort());
		}
	});
});
