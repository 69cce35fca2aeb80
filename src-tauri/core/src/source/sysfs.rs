//! A file of sysfs as a figure, and what its errors mean: each attribute holds one value (kernel:
//! `Documentation/filesystems/sysfs.rst`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::entries;
use crate::metrics::Reason;

/// The text of a file, without the line's end.
pub(super) fn text(path: &Path) -> Result<String, Reason> {
    fs::read_to_string(path).map(|text| text.trim().to_owned()).map_err(|error| reason(&error))
}

/// A file that is no text.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Reason> {
    fs::read(path).map_err(|error| reason(&error))
}

/// The text of a file that says nothing where the device has nothing to say.
pub(super) fn some_text(path: &Path) -> Result<String, Reason> {
    text(path).and_then(|text| if text.is_empty() { Err(Reason::Unsupported) } else { Ok(text) })
}

/// A file that holds one whole number. An empty one is how amdgpu says that it has none.
pub(super) fn count(path: &Path) -> Result<u64, Reason> {
    some_text(path)?.parse().map_err(|_| Reason::Failed)
}

/// A file that holds one number, times `scale`.
pub(super) fn number(path: &Path, scale: f64) -> Result<f64, Reason> {
    let value = some_text(path)?.parse::<f64>().ok().filter(|value| value.is_finite());
    value.map(|value| value * scale).ok_or(Reason::Failed)
}

/// A file that holds a hexadecimal number such as `0x1002`.
pub(super) fn hexadecimal(path: &Path) -> Option<u32> {
    u32::from_str_radix(text(path).ok()?.trim_start_matches("0x"), 16).ok()
}

/// The folders in `parent` whose names are `prefix` and a number, by that number.
pub(super) fn numbered(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix(prefix)?.parse::<u32>().ok();
    let paths = entries(parent).map(|entry| entry.path());
    let mut found: Vec<(u32, PathBuf)> = paths.filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, path)| path).collect()
}

/// Why a driver gave no figure.
fn reason(error: &io::Error) -> Reason {
    match Errno::from_io_error(error) {
        // No such attribute, or one that this device has no value for.
        Some(Errno::NOENT | Errno::OPNOTSUPP | Errno::INVAL | Errno::NODATA | Errno::NOSYS) => Reason::Unsupported,
        Some(Errno::ACCESS) => Reason::NoPermission,
        // amdgpu says EPERM, to anybody, while the device is reset or has just been suspended.
        Some(Errno::PERM | Errno::BUSY | Errno::AGAIN | Errno::TIMEDOUT) => Reason::NotAnswering,
        Some(Errno::NODEV | Errno::NXIO) => Reason::Lost,
        Some(_) | None => Reason::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_figure_or_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = |text: &str| {
            fs::write(folder.path().join("file"), text).unwrap();
            folder.path().join("file")
        };
        assert_eq!(number(&file("65000\n"), 0.001), Ok(65.0));
        assert_eq!(count(&file("25753026560\n")), Ok(25_753_026_560));
        assert_eq!(hexadecimal(&file("0x744c\n")), Some(0x744c));
        for (text, why) in [("", Reason::Unsupported), ("\n", Reason::Unsupported), ("N/A", Reason::Failed)] {
            assert_eq!((number(&file(text), 1.0), count(&file(text))), (Err(why), Err(why)), "{text:?}");
        }
        assert_eq!(number(&file("nan"), 1.0), Err(Reason::Failed));
        assert_eq!(number(&folder.path().join("none"), 1.0), Err(Reason::Unsupported));
    }

    #[test]
    fn what_the_drivers_errors_mean() {
        for (errno, why) in [
            (Errno::NODATA, Reason::Unsupported),
            (Errno::ACCESS, Reason::NoPermission),
            (Errno::PERM, Reason::NotAnswering),
            (Errno::NODEV, Reason::Lost),
            (Errno::IO, Reason::Failed),
        ] {
            assert_eq!(reason(&errno.into()), why, "{errno:?}");
        }
    }

    #[test]
    fn numbered_folders_come_in_their_numbers_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["gt10", "gt2", "gt", "gtx1", "freq0"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let found = numbered(folder.path(), "gt");
        assert_eq!(found, [folder.path().join("gt2"), folder.path().join("gt10")]);
    }
}
