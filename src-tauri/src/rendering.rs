//! How the web view draws, chosen before it starts from what the machine has: a window must never stay blank.
//!
//! `WebKitGTK` reads its environment, which a program can't safely change once it runs: it starts itself anew instead.

use std::path::Path;

/// Tells `WebKitGTK` to draw without shared GPU buffers.
const VARIABLE: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Why the web view should draw without shared GPU buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Nvidia,
    NoGpu,
}

impl Reason {
    fn words(self) -> &'static str {
        match self {
            Self::Nvidia => "with NVIDIA's driver the window may stay blank (tauri-apps/tauri#10702)",
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

/// Starts the program anew with the environment that its web view needs, where that differs. Returns if nothing is to do.
#[cfg(target_os = "linux")]
pub fn prepare() {
    use std::os::unix::process::CommandExt as _;

    let missing = missing(Path::new("/"), |variable| std::env::var_os(variable).is_some());
    if missing.is_empty() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).envs(missing.clone()).exec();
    // The window works without, if not as well.
    eprintln!("telltale: {missing:?} could not be set: {error}");
}

/// Elsewhere the web view needs nothing of the kind.
#[cfg(not(target_os = "linux"))]
pub fn prepare() {}

/// What was chosen, for the log.
pub(crate) fn chosen() -> String {
    let why = reason(Path::new("/")).map_or("as the user wishes", Reason::words);
    match std::env::var(VARIABLE) {
        Ok(value) => format!("{VARIABLE}={value}: {why}"),
        Err(_) => format!("{VARIABLE} is not set: the web view may share buffers with the GPU"),
    }
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
