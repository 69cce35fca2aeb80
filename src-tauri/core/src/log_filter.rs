//! What is worth a line in the log: `TELLTALE_LOG`.

use std::env;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

const VARIABLE: &str = "TELLTALE_LOG";

/// Warnings where the variable is empty, not set or wrong; why it is wrong is for a line of the log, once there is one.
pub fn from_environment() -> (EnvFilter, Option<String>) {
    of(&env::var_os(VARIABLE).unwrap_or_default().to_string_lossy())
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
