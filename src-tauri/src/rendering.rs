//! How the web view draws, chosen before it starts from what the machine has: a window must never stay blank.
//!
//! `WebKitGTK` reads its environment, which a program can't safely change once it runs: it starts itself anew instead.

use std::path::Path;

/// Tells `WebKitGTK` to draw without shared GPU buffers (DMA-BUF).
const VARIABLE: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Tells it to draw without acceleration. Never set here: a setting does that, for one window.
const COMPOSITING: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// Marks that the first was set by us, and not by the user.
const OURS: &str = "TELLTALE_CHOSE_RENDERING";

/// Why the web view should draw without shared GPU buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Nvidia,
    NoGpu,
}

impl Reason {
    fn words(self) -> &'static str {
        match self {
            Self::Nvidia if is_wayland() => {
                "with NVIDIA's driver on Wayland the window may stay blank, or the compositor end it (tauri-apps/tauri#10702)"
            }
            Self::Nvidia => "with NVIDIA's driver on X11 the window may stay blank (tauri-apps/tauri#9304)",
            Self::NoGpu => "without a GPU, emulating one costs more than drawing directly",
        }
    }

    /// Variables and their values.
    fn environment(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Nvidia => &[(VARIABLE, "1")],
            // The other two keep GTK, and WebKit in this process, from loading an emulated GPU that nothing is drawn
            // with: 45 MiB, for as long as the tray is there.
            Self::NoGpu => &[(VARIABLE, "1"), ("GDK_GL", "disable"), ("WEBKIT_WEB_RENDER_DEVICE_FILE", "/dev/null")],
        }
    }
}

/// `None` where it may use them.
fn reason(root: &Path) -> Option<Reason> {
    if root.join("proc/driver/nvidia/version").exists() {
        return Some(Reason::Nvidia);
    }
    let mut nodes = std::fs::read_dir(root.join("dev/dri")).into_iter().flatten().filter_map(Result::ok);
    if nodes.any(|node| node.file_name().to_string_lossy().starts_with("renderD")) {
        return None;
    }
    Some(Reason::NoGpu)
}

/// What is to be set and is not: a user who has set a variable has decided.
fn missing(root: &Path, is_set: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    let wanted = reason(root).map_or(&[][..], Reason::environment);
    wanted.iter().copied().filter(|(variable, _)| !is_set(variable)).collect()
}

/// Whether GTK will draw to a Wayland compositor.
fn is_wayland() -> bool {
    let is = |variable: &str, found: fn(&str) -> bool| std::env::var(variable).is_ok_and(|value| found(&value));
    is("WAYLAND_DISPLAY", |name| !name.is_empty()) && !is("GDK_BACKEND", |backends| backends.starts_with("x11"))
}

/// Whether the user has said by `WebKit`'s own variables how to draw. Nothing is then changed for them.
pub(crate) fn decided_by_user() -> bool {
    let set = |variable: &str| std::env::var_os(variable).is_some();
    set(COMPOSITING) || (set(VARIABLE) && !set(OURS))
}

/// Starts the program anew with the environment that its web view needs, where that differs. Returns if nothing is to do.
#[cfg(target_os = "linux")]
pub fn prepare() {
    use std::os::unix::process::CommandExt as _;

    let missing = missing(Path::new("/"), |variable| std::env::var_os(variable).is_some());
    if missing.is_empty() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut again = std::process::Command::new(program);
    again.args(std::env::args_os().skip(1)).envs(missing.clone());
    if missing.iter().any(|(variable, _)| *variable == VARIABLE) {
        again.env(OURS, "1");
    }
    let error = again.exec();
    // The window works without, if not as well.
    crate::complain(format_args!("{missing:?} could not be set: {error}"));
}

/// Elsewhere the web view needs nothing of the kind.
#[cfg(not(target_os = "linux"))]
pub fn prepare() {}

/// Connects to the screen, where Tauri would panic if there is none.
///
/// # Errors
/// If there is none, in words for the user.
#[cfg(target_os = "linux")]
pub(crate) fn connect() -> anyhow::Result<()> {
    gtk::init().map_err(|_| anyhow::anyhow!("no screen: neither DISPLAY nor WAYLAND_DISPLAY leads to one"))
}

/// Elsewhere there always is one.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux there may be none")]
pub(crate) fn connect() -> anyhow::Result<()> {
    Ok(())
}

/// What was chosen and why, for the log.
pub(crate) fn chosen() -> String {
    let system = if is_wayland() { "Wayland" } else { "X11" };
    let set = |variable: &str| std::env::var(variable).map(|value| format!("{variable}={value}"));
    let variables: Vec<_> = [VARIABLE, COMPOSITING].into_iter().filter_map(|variable| set(variable).ok()).collect();
    let why = match reason(Path::new("/")) {
        _ if decided_by_user() => "as the user wishes",
        Some(reason) => reason.words(),
        None => "the web view may share buffers with the GPU",
    };
    let how = if variables.is_empty() { format!("{VARIABLE} not set") } else { variables.join(" ") };
    format!("drawing on {system}, {how}: {why}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn nvidia_and_no_gpu_draw_without_shared_buffers_and_the_user_decides() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(reason(root.path()), Some(Reason::NoGpu));
        fs::create_dir_all(root.path().join("dev/dri")).unwrap();
        fs::write(root.path().join("dev/dri/card0"), "").unwrap();
        assert_eq!(reason(root.path()), Some(Reason::NoGpu), "a display without a renderer");
        let missing_but = |set: &[&str]| missing(root.path(), |variable| set.contains(&variable));
        assert_eq!(missing_but(&[]), Reason::NoGpu.environment());
        assert_eq!(missing_but(&[VARIABLE, "WEBKIT_WEB_RENDER_DEVICE_FILE"]), [("GDK_GL", "disable")]);
        fs::write(root.path().join("dev/dri/renderD128"), "").unwrap();
        assert_eq!((reason(root.path()), missing(root.path(), |_| false)), (None, vec![]));
        fs::create_dir_all(root.path().join("proc/driver/nvidia")).unwrap();
        fs::write(root.path().join("proc/driver/nvidia/version"), "").unwrap();
        assert_eq!(missing(root.path(), |_| false), [(VARIABLE, "1")]);
        assert!(missing(root.path(), |variable| variable == VARIABLE).is_empty());
    }
}
