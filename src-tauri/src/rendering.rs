//! How the web view draws, chosen before it starts from what the machine has: a window must never stay blank.
//!
//! `WebKitGTK` and what it draws with read it from the environment, which is set before any thread is there that reads it.

use std::ffi::OsString;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

#[cfg(unix)]
use rustix::fs::Access;
use telltale_core::source::gpu::has_nvidias_that_sleep;

#[cfg(target_os = "linux")]
use crate::speech;

/// Tells `WebKitGTK` to draw without shared GPU buffers (DMA-BUF).
const DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Tells it to draw without acceleration. Never set here: a setting does that, for one window.
const COMPOSITING: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// Whether the user has said by these how to draw.
static DECIDED: OnceLock<bool> = OnceLock::new();

/// Tells EGL's loader which drivers there are, by the files that describe them or the folders with these (libglvnd's
/// `src/EGL/icd_enumeration.md`).
const EGL_DRIVERS: &str = "__EGL_VENDOR_LIBRARY_FILENAMES";
const EGL_FOLDERS: &str = "__EGL_VENDOR_LIBRARY_DIRS";

/// The EGL driver that can't draw, its description and itself; `src-tauri/egl` says what it is for.
const EMPTY_DRIVER: [&str; 2] = ["telltale_egl.json", "libtelltale_egl.so"];

/// The versions of `WebKitGTK` that were seen to draw every page with it. (From 2.51 on the web process has code that draws
/// without acceleration through a context of EGL's: `NonCompositedFrameRenderer.cpp`.)
const DRAWS_WITH_EMPTY_DRIVER: [&str; 1] = ["2.50."];

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
            Self::Nvidia => &[(DMABUF, "1")],
            // The other two keep GTK, and WebKit in this process, from loading an emulated GPU that nothing is drawn
            // with: 45 MiB, for as long as the tray is there.
            Self::NoGpu => &[(DMABUF, "1"), ("GDK_GL", "disable"), ("WEBKIT_WEB_RENDER_DEVICE_FILE", "/dev/null")],
        }
    }
}

/// `None` where it may use them.
fn reason(root: &Path) -> Option<Reason> {
    if root.join("proc/driver/nvidia/version").exists() {
        return Some(Reason::Nvidia);
    }
    let mut nodes = std::fs::read_dir(root.join("dev/dri")).into_iter().flatten().filter_map(Result::ok);
    // Not of a user at another seat, or far away: the device is not that user's.
    let is_ours = |node: &DirEntry| node.file_name().to_string_lossy().starts_with("renderD") && may_use(&node.path());
    if nodes.any(|node| is_ours(&node)) { None } else { Some(Reason::NoGpu) }
}

#[cfg(unix)]
fn may_use(device: &Path) -> bool {
    rustix::fs::access(device, Access::READ_OK | Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn may_use(_device: &Path) -> bool {
    true
}

/// The description of Mesa's EGL driver, where a GPU of NVIDIA's is to sleep: EGL's loader tries all drivers, NVIDIA's first, which
/// wakes it. (Nothing is drawn with EGL where NVIDIA's driver is loaded; that was seen on no real GPU.)
fn driver_that_wakes_nothing(root: &Path) -> Option<PathBuf> {
    if !has_nvidias_that_sleep(&root.join("sys")) {
        return None;
    }
    let folders = ["etc/glvnd/egl_vendor.d", "usr/share/glvnd/egl_vendor.d"].map(|folder| root.join(folder));
    folders.into_iter().map(|folder| folder.join("50_mesa.json")).find(|description| description.is_file())
}

/// What is to be set and is not: a user who has set a variable has decided. `empty_driver` is the description of that driver,
/// asked for where there is no GPU.
fn missing(
    root: &Path,
    empty_driver: impl FnOnce() -> Option<PathBuf>,
    is_set: impl Fn(&str) -> bool,
) -> Vec<(&'static str, OsString)> {
    let Some(reason) = reason(root) else { return vec![] };
    let wanted = reason.environment().iter().map(|(variable, value)| (*variable, OsString::from(value)));
    let decided = [DMABUF, COMPOSITING, EGL_DRIVERS, EGL_FOLDERS].into_iter().any(&is_set);
    let driver = match reason {
        _ if decided => None,
        Reason::NoGpu => empty_driver(),
        Reason::Nvidia => driver_that_wakes_nothing(root),
    };
    let driver = driver.map(|description| (EGL_DRIVERS, description.into_os_string()));
    wanted.filter(|(variable, _)| !is_set(variable)).chain(driver).collect()
}

/// The description of the driver that can't draw, for a program whose web view has this version.
fn empty_driver(program: &Path, webkit: &str) -> Option<PathBuf> {
    if !DRAWS_WITH_EMPTY_DRIVER.iter().any(|version| webkit.starts_with(version)) {
        return None;
    }
    // EGL's loader takes a colon for the end of a path.
    companion(program, &EMPTY_DRIVER).filter(|description| !description.to_string_lossy().contains(':'))
}

/// The first of these files, all of which stand beside the program, where cargo has built them, or where the packages have them.
pub(crate) fn companion(program: &Path, names: &[&str]) -> Option<PathBuf> {
    let beside = program.parent()?;
    let folders = [beside.to_owned(), beside.parent()?.join("lib/telltale")];
    let folder = folders.into_iter().find(|folder| names.iter().all(|name| folder.join(name).is_file()))?;
    Some(folder.join(names.first()?))
}

/// Whether this library can be loaded, as the web process does it: one that gets none ends.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the C library's own functions")]
pub(crate) fn loads(library: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt as _;

    let Ok(library) = std::ffi::CString::new(library.as_os_str().as_bytes()) else { return false };
    // SAFETY: the text ends with a zero, nothing runs as it is loaded, and nobody has anything of it when it is closed.
    unsafe {
        let loaded = libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        !loaded.is_null() && libc::dlclose(loaded) == 0
    }
}

/// Whether GTK will draw to a Wayland compositor.
fn is_wayland() -> bool {
    let is = |variable: &str, found: fn(&str) -> bool| std::env::var(variable).is_ok_and(|value| found(&value));
    is("WAYLAND_DISPLAY", |name| !name.is_empty()) && !is("GDK_BACKEND", |backends| backends.starts_with("x11"))
}

/// Whether the user has said by `WebKit`'s own variables how to draw. A page that stays blank is then drawn in no other way by itself.
pub(crate) fn decided_by_user() -> bool {
    DECIDED.get().copied().unwrap_or_default()
}

/// Gives the web view the environment that it needs, where that differs. Before the program has a thread of its own. (To start
/// it anew with that environment took 85 ms: all of `WebKitGTK` is linked once more.)
#[cfg(target_os = "linux")]
pub fn prepare() {
    let is_set = |variable: &str| std::env::var_os(variable).is_some();
    DECIDED.get_or_init(|| is_set(COMPOSITING) || is_set(DMABUF));
    let webkit = tauri::webview_version().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    let driver =
        || empty_driver(&program, &webkit).filter(|description| loads(&description.with_file_name(EMPTY_DRIVER[1])));
    let without_speech = speech::library_path(&program).map(|path| (speech::LIBRARY_PATH, path));
    for (variable, value) in missing(Path::new("/"), driver, is_set).into_iter().chain(without_speech) {
        #[expect(unsafe_code, reason = "other threads may not read the environment meanwhile, and none does yet")]
        // SAFETY: the one thread that there is beside this one gives back memory for WebKit's allocator (`pas_scavenger.c`), and
        // reads no variables.
        unsafe {
            std::env::set_var(variable, value);
        }
    }
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
    let variables: Vec<_> =
        [DMABUF, COMPOSITING, EGL_DRIVERS].into_iter().filter_map(|variable| set(variable).ok()).collect();
    let why = match reason(Path::new("/")) {
        _ if decided_by_user() => "as the user wishes",
        Some(reason) => reason.words(),
        None => "the web view may share buffers with the GPU",
    };
    let how = if variables.is_empty() { format!("{DMABUF} not set") } else { variables.join(" ") };
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
        let set = |variables: &[(&'static str, OsString)]| variables.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let missing_but =
            |ours: &[&str]| set(&missing(root.path(), || Some("empty".into()), |variable| ours.contains(&variable)));
        let all = [DMABUF, "GDK_GL", "WEBKIT_WEB_RENDER_DEVICE_FILE", EGL_DRIVERS];
        assert_eq!(missing_but(&[]), all);
        assert_eq!(missing_but(&all), [""; 0]);
        assert_eq!(missing_but(&["GDK_GL"]), [DMABUF, "WEBKIT_WEB_RENDER_DEVICE_FILE", EGL_DRIVERS]);
        assert_eq!(
            missing_but(&[DMABUF, "GDK_GL"]),
            ["WEBKIT_WEB_RENDER_DEVICE_FILE"],
            "it may be told to draw with EGL"
        );
        assert_eq!(missing_but(&[COMPOSITING]), all[..3]);
        assert_eq!(missing_but(&[EGL_FOLDERS]), all[..3], "there is a driver that it is to draw with");
        assert_eq!(set(&missing(root.path(), || None, |_| false)), all[..3], "the driver did not come with it");
        let renderer = root.path().join("dev/dri/renderD128");
        std::os::unix::fs::symlink("nowhere", &renderer).unwrap();
        assert_eq!(reason(root.path()), Some(Reason::NoGpu), "one that can't be opened");
        fs::remove_file(&renderer).unwrap();
        fs::write(&renderer, "").unwrap();
        assert_eq!((reason(root.path()), missing_but(&[])), (None, vec![]));
        fs::create_dir_all(root.path().join("proc/driver/nvidia")).unwrap();
        fs::write(root.path().join("proc/driver/nvidia/version"), "").unwrap();
        assert_eq!(missing_but(&[]), [DMABUF]);
        assert_eq!(missing_but(&[DMABUF]), [""; 0]);

        let gpu = root.path().join("sys/bus/pci/devices/0000:01:00.0");
        fs::create_dir_all(gpu.join("power")).unwrap();
        for (file, text) in [("vendor", "0x10de"), ("class", "0x030000"), ("power/control", "auto"), ("boot_vga", "0")]
        {
            fs::write(gpu.join(file), text).unwrap();
        }
        assert_eq!(missing_but(&[]), [DMABUF], "there is no other driver than NVIDIA's");
        let mesa = root.path().join("usr/share/glvnd/egl_vendor.d/50_mesa.json");
        fs::create_dir_all(mesa.parent().unwrap()).unwrap();
        fs::write(&mesa, "").unwrap();
        let all = missing(root.path(), || None, |_| false);
        assert_eq!(all, [(DMABUF, "1".into()), (EGL_DRIVERS, mesa.into_os_string())], "opening a window wakes nothing");
        assert_eq!(missing_but(&[EGL_FOLDERS]), [DMABUF]);
        fs::write(gpu.join("boot_vga"), "1").unwrap();
        assert_eq!(missing_but(&[]), [DMABUF], "it shows the desktop");
    }

    #[test]
    fn the_driver_that_cant_draw_is_for_versions_that_it_was_seen_with() {
        let root = tempfile::tempdir().unwrap();
        let (program, installed) = (root.path().join("bin/telltale"), root.path().join("lib/telltale"));
        assert_eq!(empty_driver(&program, "2.50.6"), None, "there is none");
        fs::create_dir_all(&installed).unwrap();
        fs::write(installed.join(EMPTY_DRIVER[0]), "").unwrap();
        assert_eq!(empty_driver(&program, "2.50.6"), None, "it is described, and not there");
        fs::write(installed.join(EMPTY_DRIVER[1]), "").unwrap();
        assert_eq!(empty_driver(&program, "2.50.6"), Some(installed.join("telltale_egl.json")));
        for other in ["2.48.7", "2.5.0", "2.51.4", "2.52.0", ""] {
            assert_eq!(empty_driver(&program, other), None, "{other}");
        }
        let colon = root.path().join("a:b");
        fs::create_dir(&colon).unwrap();
        for file in EMPTY_DRIVER {
            fs::write(colon.join(file), "").unwrap();
        }
        assert_eq!(empty_driver(&colon.join("telltale"), "2.50.6"), None, "it would be taken for two paths");
    }
}
