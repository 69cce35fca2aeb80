//! The words of the tray and of the save dialog in the user's language. They stand beside the page's own, in `ui/src/text`.

use std::env;

use serde::Deserialize;
use telltale_core::metrics::Reason;

/// Each language with its words. The first is for all others.
const CATALOGUES: [(&str, &str); 6] = [
    ("en", include_str!("../../ui/src/text/tray/en.json")),
    ("de", include_str!("../../ui/src/text/tray/de.json")),
    ("es", include_str!("../../ui/src/text/tray/es.json")),
    ("fr", include_str!("../../ui/src/text/tray/fr.json")),
    ("ja", include_str!("../../ui/src/text/tray/ja.json")),
    ("zh", include_str!("../../ui/src/text/tray/zh.json")),
];

/// What stands in `{braces}` is put in where the word is used.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// Between whole units and tenths.
    decimal: String,
    /// Between thousands; empty where four digits stand together.
    group: String,
    /// Between the names of a list.
    pub list: String,
    pub open: String,
    pub pause: String,
    pub resume: String,
    pub settings: String,
    pub quit: String,
    pub save_title: String,
    /// Of `{title}`.
    pub paused: String,
    /// Of `{cpu}`, a number of percent, and `{memory}`.
    pub own: String,
    pub memory: String,
    pub disk: String,
    pub network: String,
    /// As short as can be, as the next.
    pub read: String,
    pub write: String,
    /// Of `{gpu}`, an index, and `{holders}`.
    pub kept_awake: String,
    /// Of `{holders}` and `{count}`.
    pub and_more: String,
    pub a_display: String,
    /// Of `{pid}`.
    pub a_process: String,
    reasons: Reasons,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasons {
    starting: String,
    unsupported: String,
    no_permission: String,
    asleep: String,
    not_answering: String,
    lost: String,
    absent: String,
    failed: String,
    suspended: String,
    counter_reset: String,
    idle: String,
    shared: String,
    link_down: String,
}

impl Words {
    /// In the language that the environment asks for.
    ///
    /// # Errors
    /// Where the catalogue lacks a word, which a test would have said.
    pub(crate) fn load() -> serde_json::Result<Self> {
        serde_json::from_str(catalogue(|variable| env::var(variable).ok()))
    }

    /// A figure in words, with the signs of the language.
    pub(crate) fn figure(&self, english: &str) -> String {
        let signs = |sign| match sign {
            '.' => self.decimal.clone(),
            ',' => self.group.clone(),
            other => String::from(other),
        };
        english.chars().map(signs).collect()
    }

    /// Why there is no figure.
    pub(crate) fn reason(&self, reason: Reason) -> &str {
        match reason {
            Reason::Starting => &self.reasons.starting,
            Reason::Unsupported => &self.reasons.unsupported,
            Reason::NoPermission => &self.reasons.no_permission,
            Reason::Asleep => &self.reasons.asleep,
            Reason::NotAnswering => &self.reasons.not_answering,
            Reason::Lost => &self.reasons.lost,
            Reason::Absent => &self.reasons.absent,
            Reason::Failed => &self.reasons.failed,
            Reason::Suspended => &self.reasons.suspended,
            Reason::CounterReset => &self.reasons.counter_reset,
            Reason::Idle => &self.reasons.idle,
            Reason::Shared => &self.reasons.shared,
            Reason::LinkDown => &self.reasons.link_down,
        }
    }
}

/// The words for an environment, by gettext's rules: of `LC_ALL`, `LC_MESSAGES` and `LANG` the first that is set counts, and
/// unless that is `C`, the list in `LANGUAGE` before it.
fn catalogue(variable: impl Fn(&str) -> Option<String>) -> &'static str {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default();
    let list =
        set("LANGUAGE").filter(|_| !["", "C", "POSIX"].contains(&before(&locale, &['.', '@']))).unwrap_or_default();
    let found = list.split(':').chain([locale.as_str()]).find_map(|locale| {
        let name = before(locale, &['.', '@']);
        let language = before(name, &['_', '-']);
        // Traditional Chinese is another script, as in the window.
        let is_other = ["TW", "HK", "MO", "Hant"].iter().any(|of| language == "zh" && name.contains(of));
        CATALOGUES.iter().find(|(known, _)| *known == language && !is_other)
    });
    found.unwrap_or(&CATALOGUES[0]).1
}

fn before<'a>(text: &'a str, ends: &[char]) -> &'a str {
    text.split(ends).next().unwrap_or(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;
    use telltale_core::words;

    use super::*;

    /// The words of a language.
    pub(crate) fn words_in(language: &str) -> Words {
        let (_, text) = CATALOGUES.iter().find(|(known, _)| *known == language).unwrap();
        serde_json::from_str(text).unwrap()
    }

    /// Every word with the path to it.
    fn flat(text: &str) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
        let reasons = all.remove("reasons").unwrap();
        let named = reasons.as_object().unwrap().iter().map(|(name, word)| (format!("reasons.{name}"), word.clone()));
        all.extend(named);
        all.into_iter().map(|(path, word)| (path, word.as_str().unwrap().to_owned())).collect()
    }

    fn placeholders(word: &str) -> BTreeSet<&str> {
        word.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect()
    }

    #[test]
    fn the_environment_says_which_language() {
        let language = |set: &[(&str, &str)]| {
            let variable = |name: &str| set.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
            let text = catalogue(variable);
            CATALOGUES.iter().find(|(_, words)| *words == text).unwrap().0
        };
        for (locale, expected) in [
            ("de_DE.UTF-8", "de"),
            ("de_AT@euro", "de"),
            ("fr", "fr"),
            ("es-MX", "es"),
            ("ja_JP.eucJP", "ja"),
            ("zh_CN.UTF-8", "zh"),
            ("zh_TW.UTF-8", "en"),
            ("zh-Hant", "en"),
            ("pt_BR.UTF-8", "en"),
            ("en_US.UTF-8", "en"),
            ("C", "en"),
            ("C.UTF-8", "en"),
            ("POSIX", "en"),
            ("", "en"),
        ] {
            assert_eq!(language(&[("LANG", locale)]), expected, "{locale}");
        }
        assert_eq!(language(&[]), "en");
        assert_eq!(language(&[("LANG", "de_DE"), ("LC_MESSAGES", "fr_FR"), ("LC_ALL", "")]), "fr");
        assert_eq!(language(&[("LANG", "de_DE"), ("LC_MESSAGES", "fr_FR"), ("LC_ALL", "ja_JP")]), "ja");
        assert_eq!(language(&[("LANG", "de_DE"), ("LANGUAGE", "pt:zh_TW:es:fr")]), "es");
        assert_eq!(language(&[("LANG", "de_DE"), ("LANGUAGE", "pt")]), "de");
        assert_eq!(language(&[("LANG", "en_US"), ("LANGUAGE", "en:de")]), "en");
        assert_eq!(
            language(&[("LANG", "C.UTF-8"), ("LANGUAGE", "de")]),
            "en",
            "a program without a locale has no list"
        );
    }

    #[test]
    fn no_language_lacks_a_word_drops_a_figure_or_is_still_in_english() {
        /// What reads as in English: signs.
        const SAME: [&str; 3] = ["decimal", "group", "list"];
        let english = flat(CATALOGUES[0].1);
        for (language, text) in &CATALOGUES[1..] {
            serde_json::from_str::<Words>(text).unwrap_or_else(|error| panic!("{language}: {error}"));
            let translated = flat(text);
            assert!(translated.keys().eq(english.keys()), "{language}");
            for (path, word) in &translated {
                let original = &english[path];
                assert!(!word.trim().is_empty() || path == "group", "{language}: {path}");
                assert_eq!(placeholders(word), placeholders(original), "{language}: {path}");
                assert!(word != original || SAME.contains(&path.as_str()), "{language}: {path} is {word:?} still");
            }
        }
    }

    #[test]
    fn a_figure_has_the_signs_of_its_language() {
        for (language, expected) in [
            ("en", "1,023.5 KiB"),
            ("de", "1.023,5 KiB"),
            ("es", "1023,5 KiB"),
            ("fr", "1\u{202f}023,5 KiB"),
            ("ja", "1,023.5 KiB"),
            ("zh", "1,023.5 KiB"),
        ] {
            assert_eq!(words_in(language).figure("1,023.5 KiB"), expected, "{language}");
        }
    }

    #[test]
    fn the_words_are_those_of_the_window() {
        for (language, text) in CATALOGUES {
            let file = format!("{}/ui/src/text/{language}.ts", env!("CARGO_MANIFEST_DIR"));
            let window = std::fs::read_to_string(file).unwrap();
            let words = flat(text);
            for path in ["pause", "resume", "memory", "disk", "network"] {
                let word = &words[path];
                assert!(window.contains(&format!("\t{path}: \"{word}\",\n")), "{language}: {path} is {word:?}");
            }
            let settings = words["settings"].trim_end_matches([' ', '…']);
            assert!(window.contains(&format!("\tsettings: \"{settings}\",\n")), "{language}: {settings:?}");
        }
    }

    #[test]
    fn english_reasons_are_those_of_the_terminal() {
        let english = words_in("en");
        let names =
            flat(CATALOGUES[0].1).into_keys().filter_map(|path| path.strip_prefix("reasons.").map(str::to_owned));
        for name in names {
            let reason: Reason = serde_json::from_value(Value::String(name)).unwrap();
            assert_eq!(english.reason(reason), words::reason(reason));
        }
    }
}
