//! Files that are written whole, and where they are.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where a file really is: who has put a link to it in its place keeps the link. One to a device is not followed, which would be
/// replaced by a file.
pub fn resolved(path: PathBuf) -> PathBuf {
    fs::canonicalize(&path).ok().filter(|real| real.is_file()).unwrap_or(path)
}

/// Whether a file can be written where `path` is or would be made. It is tried: disks fill up, and file systems are
/// mounted so that they can't be written to.
///
/// # Errors
/// Why it can't.
pub fn try_writing(path: &Path) -> io::Result<()> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let tried = folder.join(format!(".telltale-{}", std::process::id()));
    let written = fs::write(&tried, "tried by telltale doctor");
    written.and(remove_if_there(&tried))
}

/// Where a new file is written before it is put in place.
pub fn staged(path: &Path) -> PathBuf {
    beside(path, "new")
}

/// Writes a small file beside, with the folders that it lies in, and puts it in place: a disk that is full leaves half of one that is
/// written in place.
///
/// # Errors
/// The first step that failed; the file is then as it was.
pub fn replace(file: &Path, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let file = &resolved(file.to_owned());
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let aside = staged(file);
    let written = fs::write(&aside, contents).and_then(|()| fs::rename(&aside, file));
    written.inspect_err(|_| drop(fs::remove_file(&aside)))
}

/// The file beside another that has an ending more: `settings.json` → `settings.json.bak`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Removes a file, if there is one.
///
/// # Errors
/// If it can't be removed.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
