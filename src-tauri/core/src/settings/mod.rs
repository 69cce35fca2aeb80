//! The settings: each defined once, with its default, its bounds and the words of its form.

mod definitions;
pub mod file;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use specta::Type;
use specta_typescript::Number;

use crate::channel::Channel;

pub use definitions::DEFINITIONS;

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct Settings {
    /// Seconds between samples, 0.5–60.
    #[specta(type = Number)]
    pub interval: f64,
    /// Colours of the window.
    pub theme: Theme,
    /// What temperatures are shown in; payloads stay in °C.
    pub temperature_unit: TemperatureUnit,
    /// What network rates are shown in; payloads stay in bytes per second.
    pub network_unit: NetworkUnit,
    /// Lines of the tray: channels by their short names (`gpu` for every GPU), single GPUs as `gpu/{gpu_id}`. They stand
    /// in the order of the channels, whatever the order here.
    pub tray_lines: Vec<String>,
    /// Whether closing the window leaves Telltale in the tray, where there is one.
    pub close_to_tray: bool,
    /// Whether Telltale starts, in the tray, when its user logs in.
    pub start_at_login: bool,
    /// What is done with NVIDIA GPUs that the kernel put to sleep.
    pub sleeping_gpus: SleepingGpus,
    /// How the window is drawn.
    pub drawing: Drawing,
}

/// Some settings, to change; what is absent stays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct SettingsPatch {
    /// See [`Settings::interval`].
    #[specta(optional, type = Number)]
    pub interval: Option<f64>,
    /// See [`Settings::theme`].
    #[specta(optional, type = Theme)]
    pub theme: Option<Theme>,
    /// See [`Settings::temperature_unit`].
    #[specta(optional, type = TemperatureUnit)]
    pub temperature_unit: Option<TemperatureUnit>,
    /// See [`Settings::network_unit`].
    #[specta(optional, type = NetworkUnit)]
    pub network_unit: Option<NetworkUnit>,
    /// See [`Settings::tray_lines`].
    #[specta(optional, type = Vec<String>)]
    pub tray_lines: Option<Vec<String>>,
    /// See [`Settings::close_to_tray`].
    #[specta(optional, type = bool)]
    pub close_to_tray: Option<bool>,
    /// See [`Settings::start_at_login`].
    #[specta(optional, type = bool)]
    pub start_at_login: Option<bool>,
    /// See [`Settings::sleeping_gpus`].
    #[specta(optional, type = SleepingGpus)]
    pub sleeping_gpus: Option<SleepingGpus>,
    /// See [`Settings::drawing`].
    #[specta(optional, type = Drawing)]
    pub drawing: Option<Drawing>,
}

/// Colours of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the desktop has it.
    System,
    /// Light surfaces.
    Light,
    /// Dark surfaces.
    Dark,
}

/// What temperatures are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum TemperatureUnit {
    /// °C.
    Celsius,
    /// °F.
    Fahrenheit,
}

/// What network rates are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum NetworkUnit {
    /// Bytes per second, IEC prefixes.
    Bytes,
    /// Bits per second, SI prefixes.
    Bits,
}

/// What is done with NVIDIA GPUs that the kernel put to sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SleepingGpus {
    /// They are not asked, and NVML is let go of after a minute in which a GPU that could sleep did nothing.
    Leave,
    /// They are asked like all others, which wakes them and keeps them awake.
    Ask,
}

/// How the window is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Drawing {
    /// As suits the machine.
    Auto,
    /// Without acceleration of any kind, which works everywhere and costs more.
    Plain,
}

/// One setting as the form shows it and the checks enforce it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Definition {
    /// The field of [`Settings`].
    pub key: &'static str,
    /// Its name in the form.
    pub label: &'static str,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// Its values.
    #[serde(flatten)]
    pub values: Values,
}

/// What a setting may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Values {
    /// A number from `min` to `max`.
    Number {
        /// Without a settings file.
        default: f64,
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
        /// Unit shown behind it.
        unit: &'static str,
    },
    /// One of some words.
    Choice {
        /// Without a settings file.
        default: &'static str,
        /// Allowed.
        choices: &'static [Choice],
    },
    /// On or off.
    Switch {
        /// Without a settings file.
        default: bool,
    },
    /// Any of some words, and single devices of one of them by `word/id`.
    List {
        /// Without a settings file.
        default: &'static [&'static str],
        /// Allowed.
        choices: &'static [Choice],
        /// The choice whose devices can be named one by one.
        devices_of: &'static str,
    },
}

/// One value of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// As stored.
    pub value: &'static str,
    /// As shown.
    pub label: &'static str,
}

/// More entries than any list of a setting needs.
const LONGEST_LIST: usize = 64;

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval: 2.0,
            theme: Theme::System,
            temperature_unit: TemperatureUnit::Celsius,
            network_unit: NetworkUnit::Bytes,
            tray_lines: Channel::ALL.map(|channel| channel.short().to_owned()).to_vec(),
            close_to_tray: true,
            start_at_login: false,
            sleeping_gpus: SleepingGpus::Leave,
            drawing: Drawing::Auto,
        }
    }
}

impl Settings {
    /// The collector's interval.
    pub fn interval(&self) -> Duration {
        Duration::try_from_secs_f64(self.interval).unwrap_or(Duration::from_secs(2))
    }

    /// These settings with the fields of `patch` changed: all of them, or none.
    ///
    /// # Errors
    /// [`InvalidSetting`] for the first field that is unknown or not allowed.
    pub fn patched(&self, patch: &Value) -> Result<Self, InvalidSetting> {
        let patch =
            patch.as_object().ok_or_else(|| InvalidSetting::new("settings", patch, "an object of settings".into()))?;
        let mut fields = self.to_map();
        for (key, value) in patch {
            definition(key, value)?.check(value)?;
            fields.insert(key.clone(), value.clone());
        }
        serde_json::from_value(Value::Object(fields))
            .map_err(|error| InvalidSetting::new("settings", &Value::Null, error.to_string()))
    }

    /// The settings by their keys.
    pub fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            Ok(_) | Err(_) => Map::new(),
        }
    }
}

fn definition(key: &str, value: &Value) -> Result<&'static Definition, InvalidSetting> {
    DEFINITIONS.iter().find(|definition| definition.key == key).ok_or_else(|| {
        let keys = DEFINITIONS.map(|definition| definition.key).join(", ");
        InvalidSetting::new(key, value, format!("no such setting; there are {keys}"))
    })
}

impl Definition {
    /// Checks a value against what is allowed.
    ///
    /// # Errors
    /// [`InvalidSetting`], which says what is.
    pub fn check(&self, value: &Value) -> Result<(), InvalidSetting> {
        let (fits, allowed) = match self.values {
            Values::Number { min, max, unit, .. } => {
                let fits = value.as_f64().is_some_and(|number| (min..=max).contains(&number));
                (fits, format!("a number from {min} to {max} {unit}"))
            }
            Values::Choice { choices, .. } => {
                let fits = value.as_str().is_some_and(|word| choices.iter().any(|choice| choice.value == word));
                let words: Vec<_> = choices.iter().map(|choice| choice.value).collect();
                (fits, format!("one of {}", words.join(", ")))
            }
            Values::Switch { .. } => (value.is_boolean(), "true or false".into()),
            Values::List { choices, devices_of, .. } => {
                let device = |word: &str| {
                    word.strip_prefix(devices_of)
                        .and_then(|rest| rest.strip_prefix('/'))
                        .is_some_and(|id| !id.is_empty())
                };
                let known = |word: &str| choices.iter().any(|choice| choice.value == word) || device(word);
                let fits = value.as_array().is_some_and(|list| {
                    list.len() <= LONGEST_LIST && list.iter().all(|one| one.as_str().is_some_and(known))
                });
                let words: Vec<_> = choices.iter().map(|choice| choice.value).collect();
                (fits, format!("a list of {} and {devices_of}/{{id}}, {LONGEST_LIST} at most", words.join(", ")))
            }
        };
        if fits { Ok(()) } else { Err(InvalidSetting::new(self.key, value, allowed)) }
    }
}

/// A value that a setting can't have. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {found} is not allowed, it takes {allowed}")]
pub struct InvalidSetting {
    /// Which setting.
    pub field: String,
    /// The value, as JSON.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

impl InvalidSetting {
    fn new(field: &str, found: &Value, allowed: String) -> Self {
        Self { field: field.into(), found: found.to_string().chars().take(80).collect(), allowed }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_definitions() {
        let map = Settings::default().to_map();
        assert_eq!(map.len(), DEFINITIONS.len());
        for definition in DEFINITIONS {
            let default = match definition.values {
                Values::Number { default, .. } => json!(default),
                Values::Choice { default, .. } => json!(default),
                Values::Switch { default } => json!(default),
                Values::List { default, .. } => json!(default),
            };
            assert_eq!(map[definition.key], default, "{}", definition.key);
            definition.check(&default).unwrap();
        }
    }

    #[test]
    fn every_choice_of_a_definition_can_be_set() {
        for definition in DEFINITIONS {
            if let Values::Choice { choices, .. } = definition.values {
                for choice in choices {
                    let patched = Settings::default().patched(&json!({ definition.key: choice.value })).unwrap();
                    assert_eq!(patched.to_map()[definition.key], choice.value);
                }
            }
        }
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let settings = Settings::default().patched(&json!({"interval": 0.5, "theme": "dark"})).unwrap();
        assert_eq!(settings, Settings { interval: 0.5, theme: Theme::Dark, ..Settings::default() });
        assert_eq!(settings.interval(), Duration::from_millis(500));
        assert_eq!(settings.patched(&json!({})).unwrap(), settings);
        assert_eq!(settings.patched(&json!({"interval": 60})).unwrap().interval(), Duration::from_mins(1));
    }

    #[test]
    fn what_is_not_allowed_is_refused_with_the_field_and_the_range() {
        // NaN and infinity arrive as null: JSON has no other way to say them.
        for interval in
            [json!(0), json!(-1), json!(0.49), json!(60.01), json!(1e9), json!(null), json!("2"), json!([2])]
        {
            let error = Settings::default().patched(&json!({"theme": "dark", "interval": interval})).unwrap_err();
            assert_eq!(error.field, "interval");
            assert!(error.to_string().contains("0.5 to 60 s"), "{error}");
        }
        let error = Settings::default().patched(&json!({"theme": "pink"})).unwrap_err();
        assert_eq!(error.to_string(), "theme: \"pink\" is not allowed, it takes one of system, light, dark");
        let error = Settings::default().patched(&json!({"intervall": 2})).unwrap_err();
        assert!(error.field == "intervall" && error.allowed.contains("temperature_unit"), "{error}");
        assert_eq!(Settings::default().patched(&json!(5)).unwrap_err().field, "settings");
        for switch in [json!("true"), json!(1), json!(null)] {
            let error = Settings::default().patched(&json!({"close_to_tray": switch})).unwrap_err();
            assert_eq!((error.field.as_str(), error.allowed.as_str()), ("close_to_tray", "true or false"));
        }
    }

    #[test]
    fn lines_of_the_tray_are_channels_and_single_gpus() {
        let with = |lines: Value| Settings::default().patched(&json!({ "tray_lines": lines }));
        assert_eq!(with(json!([])).unwrap().tray_lines, Vec::<String>::new());
        assert_eq!(with(json!(["cpu", "gpu/GPU-1"])).unwrap().tray_lines, ["cpu", "gpu/GPU-1"]);
        let too_many = json!(vec!["cpu"; LONGEST_LIST + 1]);
        for lines in
            [json!("cpu"), json!(["cpus"]), json!(["gpu/"]), json!(["cpu/0"]), json!([1]), json!(null), too_many]
        {
            let error = with(lines.clone()).unwrap_err();
            assert!(error.field == "tray_lines" && error.allowed.contains("memory"), "{lines}: {error}");
        }
    }
}
