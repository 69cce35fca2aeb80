//! Windows and macOS: processes are known by their ids alone.

use std::path::Path;

use super::About;

/// No users are known by name.
pub(super) fn users() -> String {
    String::new()
}

/// Nothing is known.
pub(super) fn about(_proc: &Path, _users: &str, _pid: u32) -> About {
    About::default()
}

/// Nothing is known.
pub(in super::super) fn program_at_once(_proc: &Path, _pid: u32) -> Option<String> {
    None
}

/// None are hidden in this way.
pub(crate) fn is_contained(_proc: &Path) -> bool {
    false
}
