//! Windows and macOS always have a tray.

/// What stands for the session bus of Linux.
pub(crate) struct Bus;

impl Bus {
    /// # Errors
    /// None.
    #[expect(clippy::unnecessary_wraps, reason = "on Linux there may be none")]
    pub(crate) fn connect() -> anyhow::Result<Self> {
        Ok(Self)
    }

    /// Whether there is a tray.
    #[expect(clippy::unused_self, reason = "on Linux it is asked")]
    pub(crate) fn has_host(&self) -> bool {
        true
    }

    /// Nothing to tell: it neither comes nor goes.
    #[expect(clippy::unused_self, reason = "on Linux it is asked")]
    pub(super) fn watch(&self, _changed: impl Fn(bool) + Send + Sync + 'static) {}

    /// Their trays stay while the screen is locked.
    #[expect(clippy::unused_self, reason = "on Linux it is asked")]
    pub(super) fn is_locked(&self) -> bool {
        false
    }
}
