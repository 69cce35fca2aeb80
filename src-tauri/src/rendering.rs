//! How the web view draws, chosen before it starts from what the machine has: a window must never stay blank.
//!
//! `WebKitGTK` reads its environment, which a program can't safely change once it runs: it starts itself anew instead.

use std::ffi::OsString;
use std::path::Path;

/// Tells `WebKitGTK` to draw without shared GPU buffers.
const VARIABLE: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Why the web view should draw without shared GPU buffers; `None` where it may use them, or where the user has decided.
fn reason(root: &Path, decided: Option<&OsString>) -> Option<&'static str> {
    if decided.is_some() {
        return None;
    }
    if root.join("proc/driver/nvidia/version").exists() {
        return Some("with NVIDIA's driver the window may stay blank (tauri-apps/tauri#10702)");
    }
    let mut nodes = std::fs::read_dir(root.join("dev/dri")).into_iter().flatten().filter_map(Result::ok);
    if nodes.any(|node| node.file_name().to_string_lossy().starts_with("renderD")) {
        return None;
    }
    Some("without a GPU, emulating one costs more than drawing directly")
}

/// Starts the program anew with the environment that its web view needs, where that differs. Returns if nothing is to do.
#[cfg(target_os = "linux")]
pub fn prepare() {
    use std::os::unix::process::CommandExt as _;

    let decided = std::env::var_os(VARIABLE);
    let Some(why) = reason(Path::new("/"), decided.as_ref()) else { return };
    let Ok(program) = std::env::current_exe() else { return };
    let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).env(VARIABLE, "1").exec();
    // The window works without, if not as well.
    eprintln!("telltale: {VARIABLE}=1 could not be set ({why}): {error}");
}

/// Elsewhere the web view needs nothing of the kind.
#[cfg(not(target_os = "linux"))]
pub fn prepare() {}

/// What was chosen, for the log.
pub(crate) fn chosen() -> String {
    match std::env::var(VARIABLE) {
        Ok(value) => format!("{VARIABLE}={value}: {}", reason(Path::new("/"), None).unwrap_or("as the user wishes")),
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
        assert!(reason(root.path(), None).unwrap().contains("without a GPU"));
        fs::create_dir_all(root.path().join("dev/dri")).unwrap();
        fs::write(root.path().join("dev/dri/card0"), "").unwrap();
        assert!(reason(root.path(), None).is_some(), "a display without a renderer");
        fs::write(root.path().join("dev/dri/renderD128"), "").unwrap();
        assert_eq!(reason(root.path(), None), None);
        fs::create_dir_all(root.path().join("proc/driver/nvidia")).unwrap();
        fs::write(root.path().join("proc/driver/nvidia/version"), "").unwrap();
        assert!(reason(root.path(), None).unwrap().contains("NVIDIA"));
        assert_eq!(reason(root.path(), Some(&"0".into())), None);
    }
}
