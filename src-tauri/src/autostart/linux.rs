//! Starting at login, as the Desktop Application Autostart Specification has it: a file in `$XDG_CONFIG_HOME/autostart`.
//!
//! Not tauri-plugin-autostart, which other systems use: it writes to `~/.config` whatever `XDG_CONFIG_HOME` says, leaves
//! paths with spaces unquoted, and takes a file that the desktop's own settings have switched off for one that is on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tauri::{AppHandle, Manager as _};

use telltale_core::files::{remove_if_there, replace};

/// The file, and what it starts.
pub(crate) struct Autostart {
    file: PathBuf,
    program: PathBuf,
}

impl Autostart {
    /// # Errors
    /// If there is no folder for settings, or no path to this program.
    pub(crate) fn of(app: &AppHandle) -> anyhow::Result<Self> {
        let file = app.path().config_dir().context("no folder for settings")?.join("autostart/telltale.desktop");
        let program = std::env::current_exe().context("the path of this program is unknown")?;
        Ok(Self { file, program: still_there(program) })
    }

    /// Whether the desktop will start it.
    pub(crate) fn is_on(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|text| is_on(&text))
    }

    /// Writes the file, or removes it.
    ///
    /// # Errors
    /// If the folder or the file can't be written, or not be removed.
    pub(crate) fn set(&self, on: bool) -> anyhow::Result<()> {
        let done = if on { replace(&self.file, entry(&self.program)) } else { remove_if_there(&self.file) };
        done.with_context(|| self.file.display().to_string())
    }
}

/// An upgrade replaces the file of a program that runs, and Linux then calls the old one "… (deleted)".
fn still_there(program: PathBuf) -> PathBuf {
    program.to_str().and_then(|path| path.strip_suffix(" (deleted)")).map(PathBuf::from).unwrap_or(program)
}

fn entry(program: &Path) -> String {
    format!(
        "[Desktop Entry]\nType=Application\nVersion=1.5\nName=Telltale\nComment=System monitor, in the tray\nIcon=telltale\n\
         TryExec={}\nExec={} --hidden\nTerminal=false\nStartupNotify=false\n",
        program.to_string_lossy().replace('\\', "\\\\"),
        quoted(&program.to_string_lossy())
    )
}

/// An argument of `Exec`: in quotes, with what is special there and in values escaped (Desktop Entry Specification, "The Exec key").
fn quoted(argument: &str) -> String {
    let mut quoted = String::from("\"");
    for character in argument.chars() {
        match character {
            // Once for the quotes, and each of the two once more for the value.
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '`' | '$' => quoted.extend(["\\\\", character.encode_utf8(&mut [0; 4])]),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Desktops switch an entry off by these keys and leave the file, and ignore one that starts nothing, or whose program is
/// not there any more.
fn is_on(text: &str) -> bool {
    let entries =
        || text.lines().filter_map(|line| line.split_once('=')).map(|(key, value)| (key.trim(), value.trim()));
    let off = [("Hidden", "true"), ("X-GNOME-Autostart-enabled", "false"), ("X-MATE-Autostart-enabled", "false")];
    let gone = |(key, value): (_, &str)| key == "TryExec" && !Path::new(&value.replace("\\\\", "\\")).exists();
    entries().any(|(key, _)| key == "Exec") && !entries().any(|entry| off.contains(&entry) || gone(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_on_while_the_file_is_there_and_not_switched_off() {
        let folder = tempfile::tempdir().unwrap();
        let autostart = Autostart {
            file: folder.path().join("config/autostart/telltale.desktop"),
            program: folder.path().join(r"tell\tale"),
        };
        fs::write(&autostart.program, "").unwrap();
        assert!(!autostart.is_on());
        autostart.set(false).unwrap();
        autostart.set(true).unwrap();
        assert!(autostart.is_on());
        let text = fs::read_to_string(&autostart.file).unwrap();
        assert!(text.contains(&format!("\nExec={} --hidden\n", quoted(autostart.program.to_str().unwrap()))), "{text}");
        for off in ["Hidden=true", "X-GNOME-Autostart-enabled = false", "X-MATE-Autostart-enabled=false"] {
            fs::write(&autostart.file, format!("{text}{off}\n")).unwrap();
            assert!(!autostart.is_on(), "{off}");
        }
        fs::write(&autostart.file, &text).unwrap();
        fs::remove_file(&autostart.program).unwrap();
        assert!(!autostart.is_on(), "its program is gone");
        fs::write(&autostart.program, "").unwrap();
        assert!(autostart.is_on());
        fs::write(&autostart.file, &text[..30]).unwrap();
        assert!(!autostart.is_on(), "cut off");
        autostart.set(false).unwrap();
        assert!(!autostart.file.exists());
        fs::create_dir(&autostart.file).unwrap();
        assert!(autostart.set(true).unwrap_err().to_string().contains("telltale.desktop"));
        assert_eq!(fs::read_dir(autostart.file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_path_with_anything_in_it_is_one_argument() {
        assert_eq!(quoted("/opt/My Apps/telltale"), "\"/opt/My Apps/telltale\"");
        assert_eq!(quoted(r#"a"b$c`d\e%f"#), r#""a\\"b\\$c\\`d\\\\e%%f""#);
        assert_eq!(still_there("/usr/bin/telltale (deleted)".into()), Path::new("/usr/bin/telltale"));
    }
}
