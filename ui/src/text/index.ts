// The one catalogue that the window reads its words from, in the user's language where there is a translation. Only
// that one is loaded. Nothing that is loaded beside App may import this file: WebKit (bug 242740) gives the second of
// two importers a module that still awaits.
import { locale, speak } from "../base/locale";
import { en, type Messages } from "./en";

const loaders = {
	de: async () => (await import("./de")).de,
	es: async () => (await import("./es")).es,
	fr: async () => (await import("./fr")).fr,
	ja: async () => (await import("./ja")).ja,
	zh: async () => (await import("./zh")).zh,
} satisfies Record<string, () => Promise<Messages>>;

type Translation = keyof typeof loaders;
export type Language = "en" | Translation;

export const translations = Object.keys(loaders) as Translation[];

/** The language of the words for a locale: English where there is no translation, and for traditional Chinese. */
export function language(locale: string): Language {
	let likely: Intl.Locale;
	try {
		likely = new Intl.Locale(locale).maximize();
	} catch {
		return "en";
	}
	if (likely.language === "zh" && likely.script !== "Hans") return "en";
	return translations.find((one) => one === likely.language) ?? "en";
}

/** The words of a language, and which language they came out in: English if the file does not load. */
export async function load(
	wanted: Language,
	from: Record<Translation, () => Promise<Messages>> = loaders,
): Promise<{ spoken: Language; messages: Messages }> {
	if (wanted !== "en") {
		try {
			return { spoken: wanted, messages: await from[wanted]() };
		} catch (error) {
			console.warn(`No words in "${wanted}":`, error);
		}
	}
	return { spoken: "en", messages: en };
}

const { spoken, messages } = await load(language(locale));
speak(spoken);
// The script tells the web view which of the glyphs that Chinese and Japanese share to draw.
document.documentElement.lang = spoken === "zh" ? "zh-Hans" : spoken;

export const t: Messages = messages;

type Signs = Messages["signs"];
/** Words one after the other, without those that there are not. */
const joined = (how: Signs["list"]) => (words: readonly (string | false | null | undefined)[]) => {
	const [first = "", ...rest] = words.filter((one): one is string => !!one);
	return rest.reduce(how, first);
};
/** Names, parts of one sentence, sentences. */
export const list = joined(t.signs.list);
export const clauses = joined(t.signs.clauses);
export const prose = joined((first, next) => t.signs.followed(first) + next);
/** Words with their full stop; what something is and its value; words and what is told beside them. */
export const { sentence, pair, aside } = t.signs;
export type { Messages };
