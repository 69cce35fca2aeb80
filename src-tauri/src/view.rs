//! What the window shows: kept here, so that a window that is opened again, or whose page is loaded anew, goes on
//! where the one before was, and so that pausing means the same in the tray.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;

use crate::error::CommandError;

/// The page, the range and where the charts stand still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub(crate) struct View {
    /// `overview`, `settings`, `cpu`, `gpu/{gpu_id}`, … as the page names them.
    pub page: String,
    /// Seconds that the charts show.
    #[specta(type = Number)]
    pub range: u32,
    /// The end of the charts while they are paused, Unix milliseconds. The tray's figures are then paused too.
    #[specta(type = Option<Number>)]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub paused: Option<i64>,
}

impl Default for View {
    fn default() -> Self {
        Self { page: "overview".into(), range: 300, paused: None }
    }
}

impl View {
    /// The address at which the page shows this.
    pub(crate) fn address(&self) -> String {
        let paused = self.paused.map(|paused| format!("&paused={paused}")).unwrap_or_default();
        let page: String = self.page.bytes().map(escaped).collect();
        format!("index.html?range={}{paused}#{page}", self.range)
    }

    /// Whether there can be such a page and range: pages are called after devices.
    ///
    /// # Errors
    /// `InvalidQuery`, with the field that is wrong and what is allowed.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        if !(1..=200).contains(&self.page.len()) {
            return Err(CommandError::invalid("page".into(), "a page has a name of 1 to 200 bytes"));
        }
        if !(1..=86_400).contains(&self.range) {
            return Err(CommandError::invalid("range".into(), "1 to 86400 seconds can be shown"));
        }
        Ok(())
    }
}

/// A byte of a page's name in the fragment of an address (RFC 3986).
fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => char::from(byte).into(),
        other => format!("%{other:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_what_to_show() {
        assert_eq!(View::default().address(), "index.html?range=300#overview");
        let view = View { page: "gpu/GPU-1 ä#".into(), range: 900, paused: Some(17) };
        assert_eq!(view.address(), "index.html?range=900&paused=17#gpu/GPU-1%20%C3%A4%23");
        assert_eq!(view.check(), Ok(()));
        let wrong = |view: View| view.check().unwrap_err().field.unwrap();
        assert_eq!(wrong(View { page: String::new(), ..view.clone() }), "page");
        assert_eq!(wrong(View { range: 0, ..view }), "range");
    }
}
