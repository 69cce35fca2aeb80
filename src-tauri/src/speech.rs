//! Keeps speech out of the web view's processes. `WebKitGTK` links a synthesizer with its voices (Flite, thirteen libraries) for
//! `window.speechSynthesis`, which no page here asks for: 6 MiB and 45 ms for each process that is started.
//!
//! Those processes find one library of ours (`src-tauri/speech`) by the names of all these first, in a folder of links that
//! `LD_LIBRARY_PATH` leads to (ld.so(8)). One that found a function nowhere would not start. So it is looked before whether any would:
//! what others have of Flite's libraries must be in ours.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context as _, bail, ensure};
use object::elf::{DT_NEEDED, FileHeader64, SHT_DYNSYM};
use object::read::elf::{FileHeader as _, SectionHeader as _, SectionTable, Sym as _};
use object::{Endianness, ReadCache, StringTable};

use crate::rendering::{companion, loads};
use crate::{IDENTIFIER, memory};

/// What the dynamic linker reads.
pub(crate) const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// The library that says nothing.
const OURS: &str = "libtelltale_speech.so";

/// How the names of Flite's begin.
const FLITE: &[u8] = b"libflite";

/// The folder of links, among what may be thrown away (`XDG_CACHE_HOME`).
const LINKS: &str = "without-speech";

/// Why speech could not be kept out, for the log.
static OBSTACLE: OnceLock<String> = OnceLock::new();

type Names = BTreeSet<Vec<u8>>;

/// A library's sections (elf(5)), and what is read of it.
struct Library<'a> {
    data: &'a ReadCache<File>,
    endian: Endianness,
    sections: SectionTable<'a, FileHeader64<Endianness>, &'a ReadCache<File>>,
}

/// Calls with the library of that path.
fn look<T>(path: &Path, at: impl FnOnce(&Library<'_>) -> object::Result<T>) -> anyhow::Result<T> {
    let look = || {
        let data = &ReadCache::new(File::open(path)?);
        let header = FileHeader64::<Endianness>::parse(data)?;
        let endian = header.endian()?;
        anyhow::Ok(at(&Library { data, endian, sections: header.sections(endian, data)? })?)
    };
    look().with_context(|| path.display().to_string())
}

/// The names of Flite's libraries that it is linked to.
fn linked(library: &Library<'_>) -> object::Result<Names> {
    let section = library.sections.dynamic_table(library.endian, library.data)?;
    let names = section.iter().filter(|entry| entry.tag == DT_NEEDED).map(|entry| section.string(entry));
    let is_flite = |name: &object::Result<&[u8]>| name.is_ok_and(|name| name.starts_with(FLITE));
    names.filter(|name| name.is_err() || is_flite(name)).map(|name| name.map(<[u8]>::to_vec)).collect()
}

/// The functions and variables that it has of others, or else those that others have of it.
fn symbols<'a>(library: &Library<'a>, of_others: bool) -> object::Result<Vec<&'a [u8]>> {
    let Library { data, endian, ref sections } = *library;
    let symbols = sections.symbols(endian, data, SHT_DYNSYM)?;
    // All texts at once: a cache reads each by itself.
    let texts = sections.section(symbols.string_section())?.data(endian, data)?;
    let texts = StringTable::new(texts, 0, texts.len() as u64);
    let which = symbols.iter().filter(|symbol| symbol.is_undefined(endian) == of_others);
    which.map(|symbol| symbol.name(endian, texts)).collect()
}

/// The libraries that a process has loaded, by its `/proc/PID/maps` (proc(5)): the files that it has code of.
fn loaded(maps: &str) -> BTreeSet<&Path> {
    let has_code = |line: &&str| line.split(' ').nth(1).is_some_and(|permissions| permissions.contains('x'));
    maps.lines().filter(has_code).filter_map(|line| line.find('/').map(|start| Path::new(&line[start..]))).collect()
}

/// By which names a process that loads what this one has loaded would look for Flite's libraries: none if it has no speech.
///
/// # Errors
/// If it would not start with ours in their place, or that can't be known: why.
fn names(ours: &Path, loaded: &BTreeSet<&Path>) -> anyhow::Result<Names> {
    let is_flite = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(FLITE));
    let (flite, others): (Vec<&Path>, Vec<&Path>) = loaded.iter().partition(|path| is_flite(path));
    let (mut names, mut wanted) = (Names::new(), HashSet::new());
    if flite.is_empty() {
        return Ok(names);
    }
    for library in others {
        look(library, |library| {
            let mut linked = linked(library)?;
            if !linked.is_empty() {
                names.append(&mut linked);
                wanted.extend(symbols(library, true)?.into_iter().map(<[u8]>::to_vec));
            }
            Ok(())
        })?;
    }
    look(ours, |ours| {
        for name in symbols(ours, false)? {
            wanted.remove(name);
        }
        Ok(())
    })?;
    for library in flite {
        let missing = look(library, |library| {
            let missing = symbols(library, false)?.into_iter().find(|name| wanted.contains(*name));
            Ok(missing.map(<[u8]>::to_vec))
        })?;
        if let Some(missing) = missing {
            bail!("{} of {} is missing in ours", missing.escape_ascii(), library.display());
        }
    }
    Ok(names)
}

/// Lays a folder of links below that one and says where: one for each place that our library may stand in, so that what one
/// Telltale has laid no other changes.
fn lay(all: &Path, ours: &Path, names: &Names) -> anyhow::Result<PathBuf> {
    let folder = all.join(ours.parent().and_then(|parent| parent.strip_prefix("/").ok()).unwrap_or(Path::new("")));
    DirBuilder::new().mode(0o700).recursive(true).create(&folder)?;
    let owner = fs::symlink_metadata(all)?.uid();
    ensure!(owner == rustix::process::geteuid().as_raw(), "{} is another user's", all.display());
    for name in names {
        let link = folder.join(OsStr::from_bytes(name));
        match symlink(ours, &link) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                ensure!(fs::read_link(&link)? == ours, "{} is something else", link.display());
            }
            done => done?,
        }
    }
    Ok(folder)
}

/// The paths that the dynamic linker looks in, with `folder` before them.
///
/// # Errors
/// If it would read the folder's as another one.
fn before(folder: PathBuf, paths: Option<OsString>) -> anyhow::Result<OsString> {
    let mut first = folder.into_os_string().into_vec();
    ensure!(!first.iter().any(|byte| b":;$".contains(byte)), "no folder can have that name: {}", first.escape_ascii());
    // An empty path is the working folder.
    if let Some(paths) = paths.filter(|paths| !paths.is_empty()) {
        first.push(b':');
        first.extend(paths.into_vec());
    }
    Ok(OsString::from_vec(first))
}

fn arrange(ours: &Path) -> anyhow::Result<Option<OsString>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let names = names(ours, &loaded(&maps))?;
    if names.is_empty() {
        return Ok(None);
    }
    ensure!(loads(ours), "{} can't be loaded", ours.display());
    let all = dirs::cache_dir().context("there is no home")?.join(IDENTIFIER).join(LINKS);
    before(lay(&all, ours, &names)?, std::env::var_os(LIBRARY_PATH)).map(Some)
}

/// What the variable is to be for the processes of this program's web view; `None` leaves it.
pub(crate) fn library_path(program: &Path) -> Option<OsString> {
    let ours = companion(program, &[OURS])?;
    let path = arrange(&ours).unwrap_or_else(|error| {
        OBSTACLE.get_or_init(|| format!("speech is not kept out of the web view: {error:#}"));
        None
    });
    memory::give_back_freed();
    path
}

/// Why speech could not be kept out.
pub(crate) fn obstacle() -> Option<&'static str> {
    OBSTACLE.get().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_folder_is_looked_in_first_unless_it_would_be_read_as_another() {
        let first = |folder: &str, paths: Option<&str>| before(folder.into(), paths.map(OsString::from)).ok();
        assert_eq!(first("/run/links", None), Some("/run/links".into()));
        assert_eq!(first("/run/links", Some("")), Some("/run/links".into()));
        assert_eq!(first("/run/links", Some("/opt/cuda:/opt/b")), Some("/run/links:/opt/cuda:/opt/b".into()));
        for other in ["/run/a:b", "/run/a;b", "/run/$LIB"] {
            assert_eq!(first(other, None), None, "{other}");
        }
    }

    #[test]
    fn links_lead_to_our_library_and_nothing_else_is_taken_for_them() {
        let cache = tempfile::tempdir().unwrap();
        let names = Names::from([b"libflite.so.1".to_vec(), b"libflite_usenglish.so.1".to_vec()]);
        let (here, there) = (Path::new("/usr/lib/telltale/ours.so"), Path::new("/opt/ours.so"));
        let folder = lay(cache.path(), here, &names).unwrap();
        assert_eq!(fs::read_link(folder.join("libflite_usenglish.so.1")).unwrap(), here);
        assert_eq!(lay(cache.path(), here, &names).unwrap(), folder, "they are there");
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        let other = lay(cache.path(), there, &names).unwrap();
        assert_eq!(fs::read_link(other.join("libflite.so.1")).unwrap(), there);
        assert_eq!(fs::read_link(folder.join("libflite.so.1")).unwrap(), here, "each place has its own");

        fs::remove_file(folder.join("libflite.so.1")).unwrap();
        symlink("/home/other.so", folder.join("libflite.so.1")).unwrap();
        let refused = lay(cache.path(), here, &names).unwrap_err().to_string();
        assert!(refused.ends_with("libflite.so.1 is something else"), "{refused}");

        // Root alone can make it so, and is the one who must not follow a user's links.
        if std::os::unix::fs::chown(cache.path(), Some(1000), None).is_ok() {
            let refused = lay(cache.path(), there, &names).unwrap_err().to_string();
            assert!(refused.ends_with("is another user's"), "{refused}");
        }
    }

    #[test]
    fn libraries_are_the_files_that_a_process_has_code_of() {
        let maps = "7f00-7f01 r--p 00000000 fe:00 12 /lib/libc.so.6\n7f01-7f02 r-xp 00001000 fe:00 12                 /lib/libc.so.6\n\
                    7f02-7f03 r-xp 00000000 fe:00 13       /opt/a b/lib c.so\n7f03-7f04 r--p 00000000 fe:00 14 /usr/share/font.ttf\n\
                    7f04-7f05 r-xp 00000000 00:00 0 [vdso]\n";
        assert_eq!(loaded(maps), BTreeSet::from([Path::new("/lib/libc.so.6"), Path::new("/opt/a b/lib c.so")]));
    }
}
