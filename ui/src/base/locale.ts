// The locale for everything that Intl formats. Imported before all else: under LANG=C the web view says that its
// language is "C", which Intl refuses, and uPlot formats with navigator.language as soon as it is loaded.

/** A tag that Intl accepts: the first usable one of those given, or "en". */
export function usable(tags: readonly (string | undefined)[]): string {
	for (const tag of tags) {
		if (!tag) continue;
		try {
			const [supported] = Intl.NumberFormat.supportedLocalesOf(tag.replace("_", "-"));
			if (supported) return supported;
		} catch {
			// Not a language tag ("C", "POSIX", "en_US.UTF-8"): the next one.
		}
	}
	return "en";
}

/** The user's locale: how numbers are written. */
export const locale = usable([navigator.language, ...(navigator.languages ?? [])]);

let names = locale;

/** Says in which language the words beside all figures are: names of months and units are to be in the same. */
export function speak(language: string): void {
	names = new Intl.Locale(locale).language === language ? locale : `${language}-001`;
}

/** The locale of what has a name in it, months and units: the user's, or where the words are not in its language, theirs as
 * the world writes it. */
export function nameLocale(): string {
	return names;
}

/** Whether Intl takes the language as the browser gives it, which is what uPlot does. */
function accepted(language: string): boolean {
	try {
		new Intl.NumberFormat(language);
		return true;
	} catch {
		return false;
	}
}

if (!accepted(navigator.language)) {
	Object.defineProperty(navigator, "language", { value: locale, configurable: true });
}

const formats = new Map<number, Intl.NumberFormat>();
/** Small numbers in words, the whole ones and those of one decimal: a tick asks for dozens of them. */
const small: readonly string[][] = [[], []];
const SMALL = 1000;

/** A number with exactly that many decimals, grouped as the locale does. */
export function fixed(value: number, decimals: number): string {
	const words = small[decimals];
	const steps = Math.round(value * 10 ** decimals);
	if (!words || !(value >= 0 && steps < SMALL)) return formatted(value, decimals);
	words[steps] ??= formatted(steps / 10 ** decimals, decimals);
	return words[steps];
}

/** Formatters are costly to make: kept. The digits are those of the words, which read from left to right: Arabic ones would
 * turn "9.8 / 31.2" around. */
function formatted(value: number, decimals: number): string {
	let format = formats.get(decimals);
	if (!format) {
		format = new Intl.NumberFormat(locale, {
			minimumFractionDigits: decimals,
			maximumFractionDigits: decimals,
			numberingSystem: "latn",
		});
		formats.set(decimals, format);
	}
	return format.format(value);
}
