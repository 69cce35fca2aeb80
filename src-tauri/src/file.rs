//! A small file that is there whole or as it was: a disk that is full leaves half of one that is written in place.

use std::path::Path;
use std::{fs, io};

use telltale_core::settings::file::{resolved, staged};

/// Writes it beside, with the folders that it lies in, and puts it in place.
pub(crate) fn replace(file: &Path, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let file = &resolved(file.to_owned());
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let aside = staged(file);
    let written = fs::write(&aside, contents).and_then(|()| fs::rename(&aside, file));
    written.inspect_err(|_| drop(fs::remove_file(&aside)))
}
