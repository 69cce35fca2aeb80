//! What is worth a line in the log: `TELLTALE_LOG`.

use std::env;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

const VARIABLE: &str = "TELLTALE_LOG";

/// Begins the log with what the variable says: warnings where it is empty or not set, and where it is wrong, which is then the
/// first line.
pub fn begin(log: impl FnOnce(EnvFilter)) {
    let (filter, wrong) = of(&env::var_os(VARIABLE).unwrap_or_default().to_string_lossy());
    log(filter);
    if let Some(wrong) = wrong {
        tracing::warn!("{wrong}");
    }
}

fn of(text: &str) -> (EnvFilter, Option<String>) {
    let warnings = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    match warnings.parse(text) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let allowed = "a level (error, warn, info, debug, trace, off) or target=level, with commas between several";
            (EnvFilter::new("warn"), Some(format!("{VARIABLE} is {text:?}: {error}. It takes {allowed}.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_and_warnings_are_logged_then() {
        for (text, filter) in [("", "warn"), ("info", "info"), ("telltale=debug", "telltale=debug")] {
            let (found, wrong) = of(text);
            assert_eq!((found.to_string().as_str(), wrong), (filter, None), "{text}");
        }
        let (found, wrong) = of("telltale=verbose");
        assert_eq!(found.to_string(), "warn");
        let wrong = wrong.unwrap();
        assert!(wrong.contains("TELLTALE_LOG") && wrong.contains("verbose") && wrong.contains("debug"), "{wrong}");
    }
}
