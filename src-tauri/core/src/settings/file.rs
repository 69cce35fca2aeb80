//! The settings file against what really happens to files: nothing is lost, and what went wrong is said.
//!
//! Written as a new file beside it, synced, then renamed over it, with the one before kept as a copy. A file that
//! can't be read as settings is kept aside.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use super::{DEFINITIONS, Settings};
use crate::files::{beside, remove_if_there, staged};

/// What this version writes; a newer one may mean things by its fields that this one can't know.
pub const VERSION: u64 = 1;

/// Settings as found at the start, with what the user should know about it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    /// The settings to use.
    pub settings: Settings,
    /// In plain words; empty if all was well.
    pub notices: Vec<String>,
}

/// Reads the settings at `path`. Whatever stands there, this answers with settings.
pub fn load(path: &Path) -> Loaded {
    let mut notices = Vec::new();
    let settings = match read(path) {
        Ok(None) => Settings::default(),
        Ok(Some(fields)) => from_fields(&fields, path, &mut notices),
        Err(Unreadable::Content(why)) => {
            let aside = set_aside(path, "corrupt");
            notices.push(format!("The settings file could not be read ({why}). {aside}"));
            let copy = from_copy(path, &mut notices);
            // Or else the start after this one would find no file, and take the defaults.
            if copy.is_some()
                && let Err(error) = put_back(path)
            {
                notices.push(format!("It could not be put in the file's place: {error}."));
            }
            copy.unwrap_or_default()
        }
        // It may be as good as ever: a server that did not answer, say.
        Err(Unreadable::System(error)) => {
            notices.push(format!("The settings file could not be read ({error}), and stays as it is."));
            from_copy(path, &mut notices).unwrap_or_default()
        }
    };
    Loaded { settings, notices }
}

/// What is wrong with the file at `path`, in plain words; empty if nothing is or no file is there. Unlike [`load`] it
/// moves nothing.
pub fn faults(path: &Path) -> Vec<String> {
    match read(path) {
        Ok(None) => Vec::new(),
        Ok(Some(fields)) => {
            let wrong = DEFINITIONS.iter().filter_map(|one| one.check(fields.get(one.key)?).err());
            let wrong = wrong.map(|error| error.to_string());
            match another_version(&fields) {
                Some(other) => std::iter::once(format!("it {other}")).chain(wrong).collect(),
                None => unknown(&fields).chain(wrong).collect(),
            }
        }
        Err(why) => vec![why.to_string()],
    }
}

/// Puts the file at [`staged`] in the place of `path`, so that whatever happens, one of the two is there whole.
/// The one before stays as a copy.
///
/// # Errors
/// The first step that failed; `path` is then as it was.
pub fn commit(path: &Path) -> io::Result<()> {
    let staged = staged(path);
    File::options().write(true).open(&staged)?.sync_all()?;
    if path.is_file() && File::open(path).is_err() {
        // It may be good, but not now, or not for us: it is not to go the way of the copies.
        let _ = set_aside(path, "unread");
    } else if path.is_file() {
        let copy = beside(path, "bak");
        // Hard links are not to be had everywhere; a copy serves as well.
        let linked = remove_if_there(&copy).and_then(|()| fs::hard_link(path, &copy));
        linked.or_else(|_| fs::copy(path, &copy).map(drop))?;
    }
    fs::rename(&staged, path)?;
    sync_folder(path)
}

/// What to write: the settings and the version of their meaning.
pub fn to_fields(settings: &Settings) -> Map<String, Value> {
    let mut fields = settings.to_map();
    fields.insert("version".into(), VERSION.into());
    fields
}

/// Why a file gives no settings.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    /// It could not be looked at.
    #[error("{0}")]
    System(io::Error),
    /// What stands there is none.
    #[error("{0}")]
    Content(String),
}

/// The object in the file; `None` if there is no file.
fn read(path: &Path) -> Result<Option<Map<String, Value>>, Unreadable> {
    let not = |why: &str| Err(Unreadable::Content(why.into()));
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // Nobody may ever write to a pipe.
        Ok(found) if !found.is_file() => return not("it is not a file"),
        Ok(_) | Err(_) => {}
    }
    match fs::read(path) {
        Err(error) => Err(Unreadable::System(error)),
        Ok(bytes) if bytes.is_empty() => not("it is empty"),
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| Unreadable::Content(error.to_string())),
    }
}

fn from_fields(fields: &Map<String, Value>, path: &Path, notices: &mut Vec<String>) -> Settings {
    if let Some(other) = another_version(fields) {
        let version = fields.get("version").and_then(Value::as_u64);
        let kept = beside(path, &version.map_or_else(|| "other".into(), |version| format!("v{version}")));
        let kept = fs::copy(path, &kept).map_or_else(
            |error| format!("it could not be copied: {error}"),
            |_| format!("a copy is at {}", kept.display()),
        );
        notices.push(format!("The settings file {other}; what this version knows of it is used, and {kept}."));
    } else {
        let left_out = |unknown: String| format!("In the settings file, {unknown}; the next change leaves it out.");
        notices.extend(unknown(fields).map(left_out));
    }
    let mut settings = Settings::default();
    for definition in DEFINITIONS {
        let Some(value) = fields.get(definition.key) else { continue };
        let one = Value::Object(Map::from_iter([(definition.key.into(), value.clone())]));
        match settings.patched(&one) {
            Ok(patched) => settings = patched,
            Err(error) => notices.push(format!("In the settings file, {error}; the default is used.")),
        }
    }
    settings
}

/// What its version is, if not this one's.
fn another_version(fields: &Map<String, Value>) -> Option<String> {
    let version = fields.get("version")?;
    match version.as_u64() {
        Some(known) if known <= VERSION => None,
        Some(newer) => Some(format!("is of a newer version of Telltale ({newer})")),
        None => Some(format!("is of an unknown version ({version})")),
    }
}

/// What is no setting, in words.
fn unknown(fields: &Map<String, Value>) -> impl Iterator<Item = String> {
    let is_known = |key: &str| key == "version" || DEFINITIONS.iter().any(|one| one.key == key);
    fields.keys().filter(move |key| !is_known(key)).map(|key| format!("{key:?} is no setting"))
}

/// Those of the copy, if it is as good as one.
fn from_copy(path: &Path, notices: &mut Vec<String>) -> Option<Settings> {
    let copy = beside(path, "bak");
    match read(&copy) {
        Ok(Some(fields)) => {
            notices.push("The copy from before its last change is used.".into());
            Some(from_fields(&fields, &copy, notices))
        }
        Ok(None) | Err(_) => {
            notices.push("The defaults are used.".into());
            None
        }
    }
}

fn put_back(path: &Path) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(()); // it could not be moved out of the way, as was said
    }
    fs::copy(beside(path, "bak"), staged(path))?;
    commit(path)
}

/// Moves a file (or whatever it is) out of the way under a name that is free, and says where it is now.
fn set_aside(path: &Path, why: &str) -> String {
    let free = (1..1_000).map(|number| beside(path, &format!("{why}-{number}"))).find(|name| !name.exists());
    let moved = free.map(|name| fs::rename(path, &name).map(|()| name));
    match moved {
        Some(Ok(name)) => format!("It was kept as {}.", name.display()),
        Some(Err(error)) => format!("It could not be moved out of the way: {error}."),
        None => "It stays where it is: too many were kept aside already.".into(),
    }
}

/// The rename itself must reach the disk; only Unix can open a folder for that.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::files::{resolved, try_writing};
    use crate::settings::Theme;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        (folder, path)
    }

    fn save(path: &Path, settings: &Settings) -> io::Result<()> {
        fs::write(staged(path), serde_json::to_vec(&to_fields(settings)).unwrap())?;
        commit(path)
    }

    fn dark(interval: f64) -> Settings {
        Settings { interval, theme: Theme::Dark, ..Settings::default() }
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_saved_is_loaded_and_a_first_start_has_defaults() {
        let (_folder, path) = folder();
        assert_eq!(load(&path), Loaded::default());
        save(&path, &dark(5.0)).unwrap();
        assert_eq!(load(&path), Loaded { settings: dark(5.0), notices: vec![] });
    }

    #[test]
    fn torn_at_any_byte_it_is_kept_aside_and_the_copy_before_is_used() {
        let whole = serde_json::to_vec(&to_fields(&dark(7.0))).unwrap();
        for length in 0..whole.len() {
            let (folder, path) = folder();
            save(&path, &dark(5.0)).unwrap();
            save(&path, &dark(6.0)).unwrap();
            fs::write(&path, &whole[..length]).unwrap();
            let loaded = load(&path);
            assert_eq!(loaded.settings, dark(5.0), "cut at {length}");
            assert!(loaded.notices[0].contains("settings.json.corrupt-1"), "{:?}", loaded.notices);
            assert_eq!(fs::read(folder.path().join("settings.json.corrupt-1")).unwrap(), &whole[..length]);
            assert_eq!(load(&path), Loaded { settings: dark(5.0), notices: vec![] }, "and so it is at the next start");
        }
    }

    #[cfg(unix)]
    #[test]
    fn one_that_the_system_can_not_give_now_stays_as_it_is() {
        let (folder, path) = folder();
        save(&path, &dark(5.0)).unwrap();
        save(&path, &dark(6.0)).unwrap();
        fs::remove_file(&path).unwrap();
        // Root may read anything but this: a link that leads to itself.
        std::os::unix::fs::symlink("settings.json", &path).unwrap();
        let loaded = load(&path);
        assert_eq!((loaded.settings, loaded.notices.len()), (dark(5.0), 2), "the copy's");
        assert!(loaded.notices[0].contains("stays as it is"), "{:?}", loaded.notices);
        assert_eq!(names(&folder), ["settings.json", "settings.json.bak"]);
        assert_eq!(fs::read_link(&path).unwrap(), Path::new("settings.json"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_that_may_not_be_read_is_kept_when_another_takes_its_place() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, path) = folder();
        save(&path, &dark(5.0)).unwrap();
        save(&path, &dark(6.0)).unwrap();
        let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        allow(folder.path(), 0o777);
        allow(&path, 0o000);
        let at = path.clone();
        let as_another = std::thread::spawn(move || {
            // Root may read anything; another user can't become a third, and need not.
            let nobody = rustix::process::Uid::from_raw(65_534);
            let _ = rustix::thread::set_thread_res_uid(nobody, nobody, nobody);
            let loaded = load(&at);
            assert!(loaded.settings == dark(5.0) && loaded.notices[0].contains("stays as it is"), "{loaded:?}");
            save(&at, &dark(7.0)).unwrap();
        });
        as_another.join().unwrap();
        let aside = folder.path().join("settings.json.unread-1");
        allow(&aside, 0o600);
        assert_eq!((load(&path).settings, load(&aside).settings), (dark(7.0), dark(6.0)));
    }

    #[test]
    fn a_directory_in_its_place_is_moved_aside_and_saving_works() {
        let (folder, path) = folder();
        fs::create_dir(&path).unwrap();
        fs::write(path.join("precious"), "x").unwrap();
        let loaded = load(&path);
        assert_eq!(loaded.settings, Settings::default());
        assert_eq!(loaded.notices.len(), 2);
        save(&path, &dark(5.0)).unwrap();
        assert_eq!(names(&folder), ["settings.json", "settings.json.corrupt-1"]);
        assert!(folder.path().join("settings.json.corrupt-1/precious").exists());
    }

    #[test]
    fn a_newer_version_is_copied_and_what_is_known_of_it_is_used() {
        let (folder, path) = folder();
        let text = r#"{"version": 9, "interval": 4.0, "theme": "sepia", "hologram": true}"#;
        fs::write(&path, text).unwrap();
        let loaded = load(&path);
        assert_eq!(loaded.settings, Settings { interval: 4.0, ..Settings::default() });
        assert!(loaded.notices[0].contains("newer version"), "{:?}", loaded.notices);
        assert!(loaded.notices[1].contains("theme"), "{:?}", loaded.notices);
        save(&path, &loaded.settings).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("settings.json.v9")).unwrap(), text);
    }

    #[test]
    fn one_bad_value_costs_only_itself() {
        let (_folder, path) = folder();
        fs::write(&path, r#"{"version":1,"interval":1e9,"theme":"dark"}"#).unwrap();
        let loaded = load(&path);
        assert_eq!(loaded.settings, dark(2.0));
        assert!(loaded.notices[0].contains("0.5 to 60"), "{:?}", loaded.notices);
    }

    #[test]
    fn a_misspelt_setting_is_named_before_the_next_change_leaves_it_out() {
        let (_folder, path) = folder();
        fs::write(&path, r#"{"version":1,"intervall":5,"theme":"dark"}"#).unwrap();
        let loaded = load(&path);
        assert_eq!(loaded.settings, dark(2.0));
        assert_eq!(
            loaded.notices,
            ["In the settings file, \"intervall\" is no setting; the next change leaves it out."]
        );
    }

    #[test]
    fn a_version_that_is_no_whole_number_is_another_one() {
        for version in ["2.0", r#""2""#] {
            let (folder, path) = folder();
            fs::write(&path, format!(r#"{{"version":{version},"theme":"dark","hologram":true}}"#)).unwrap();
            let loaded = load(&path);
            assert_eq!((loaded.settings, loaded.notices.len()), (dark(2.0), 1), "{version}");
            assert!(loaded.notices[0].contains(version), "{:?}", loaded.notices);
            assert_eq!(names(&folder), ["settings.json", "settings.json.other"]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_no_file_is_neither_waited_for_nor_replaced() {
        let (folder, path) = folder();
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        assert_eq!(resolved(path.clone()), path, "the device stays one");
        assert!(load(&path).notices[0].contains("it is not a file"));
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(faults(&path), ["it is not a file"]);
        assert!(load(&path).notices[0].contains("settings.json.corrupt-2"));
        save(&path, &dark(5.0)).unwrap();
        assert_eq!(names(&folder), ["settings.json", "settings.json.corrupt-1", "settings.json.corrupt-2"]);
    }

    #[test]
    fn faults_are_found_without_touching_anything() {
        let (folder, path) = folder();
        assert_eq!(faults(&path), Vec::<String>::new());
        for (version, first) in [("1", "theem"), ("\"x\"", "unknown version"), ("9", "newer version")] {
            fs::write(&path, format!(r#"{{"version":{version},"interval":1e9,"theem":"dark"}}"#)).unwrap();
            let found = faults(&path);
            assert!(found.len() == 2 && found[0].contains(first) && found[1].contains("0.5 to 60"), "{found:?}");
        }
        fs::write(&path, "{").unwrap();
        assert_eq!(faults(&path).len(), 1);
        try_writing(&path).unwrap();
        try_writing(&path.join("not/made/yet")).unwrap();
        assert_eq!(names(&folder), ["settings.json"]);
        assert!(try_writing(Path::new("/proc/settings.json")).is_err());
    }

    #[test]
    fn a_commit_that_fails_leaves_the_file_as_it_was() {
        let (_folder, path) = folder();
        save(&path, &dark(5.0)).unwrap();
        assert!(commit(&path).is_err(), "nothing is staged");
        assert_eq!(load(&path).settings, dark(5.0));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_what_it_leads_to_is_changed() {
        let (folder, path) = folder();
        let real = folder.path().join("real.json");
        assert_eq!(resolved(path.clone()), path, "none yet");
        save(&real, &dark(5.0)).unwrap();
        std::os::unix::fs::symlink("real.json", &path).unwrap();
        save(&resolved(path.clone()), &dark(6.0)).unwrap();
        assert_eq!(load(&real).settings, dark(6.0));
        assert_eq!(fs::read_link(&path).unwrap(), Path::new("real.json"));
    }

    #[test]
    fn two_corrupt_files_are_both_kept() {
        let (folder, path) = folder();
        fs::write(beside(&path, "bak"), "(").unwrap();
        for text in ["{", "["] {
            fs::write(&path, text).unwrap();
            load(&path);
            assert!(!path.exists(), "what stands in the copy is no better");
        }
        fs::remove_file(beside(&path, "bak")).unwrap();
        assert_eq!(names(&folder), ["settings.json.corrupt-1", "settings.json.corrupt-2"]);
    }
}
