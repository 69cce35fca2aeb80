//! Starting at login on Windows and macOS, through tauri-plugin-autostart.

use tauri::AppHandle;
use tauri_plugin_autostart::ManagerExt as _;

/// Whether the system starts Telltale at login.
pub(crate) struct Autostart(AppHandle);

impl Autostart {
    /// # Errors
    /// If the plugin can't be added.
    pub(crate) fn of(app: &AppHandle) -> anyhow::Result<Self> {
        app.plugin(tauri_plugin_autostart::Builder::new().arg("--hidden").build())?;
        Ok(Self(app.clone()))
    }

    /// Whether the system will start it; not, where that can't be told.
    pub(crate) fn is_on(&self) -> bool {
        self.0.autolaunch().is_enabled().unwrap_or(false)
    }

    /// Switches it on or off.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn set(&self, on: bool) -> anyhow::Result<()> {
        let launch = self.0.autolaunch();
        Ok(if on { launch.enable()? } else { launch.disable()? })
    }
}
