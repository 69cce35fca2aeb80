//! The settings as stored: tauri-plugin-store holds and writes them, core makes the writing safe.
//!
//! The plugin truncates the file it saves to, and swallows one that it can't read. So it is given a file beside the
//! real one, which core then puts in its place.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use anyhow::Context as _;
use serde_json::Value;
use tauri::{AppHandle, Manager as _, Wry};
use tauri_plugin_store::{Store, StoreBuilder};
use telltale_core::files;
use telltale_core::settings::{Settings, file};
use tokio::sync::watch;

use crate::autostart::Autostart;
use crate::error::{CommandError, ErrorKind};

/// The settings in force and where they are kept.
pub(crate) struct Stored {
    current: watch::Sender<Settings>,
    /// One change at a time: each is made from what the one before left.
    turn: Mutex<()>,
    /// The one setting that is kept elsewhere: where the desktop looks for it. Or why it can't be.
    autostart: Result<Autostart, String>,
    /// Or why nothing can be kept.
    store: Result<(PathBuf, Arc<Store<Wry>>), String>,
    notices: Vec<String>,
}

impl Stored {
    /// Loads what is there. Whatever that is, there are settings afterwards.
    pub(crate) fn load(app: &AppHandle) -> Self {
        let store = open(app).map_err(|error| format!("{error:#}"));
        let file::Loaded { mut settings, mut notices } = match &store {
            Ok((path, _)) => file::load(path),
            Err(_) => file::Loaded::default(),
        };
        notices.extend(store.as_ref().err().map(|error| format!("Settings can't be kept: {error}.")));
        for notice in &notices {
            tracing::warn!("{notice}");
        }
        let autostart = Autostart::of(app).map_err(|error| format!("{error:#}"));
        settings.start_at_login = autostart.as_ref().is_ok_and(Autostart::is_on);
        Self { current: watch::Sender::new(settings), turn: Mutex::default(), autostart, store, notices }
    }

    /// The settings in force.
    pub(crate) fn current(&self) -> Settings {
        self.current.borrow().clone()
    }

    /// The same, once it is looked whether the desktop's own settings have changed what is theirs. While others are saved, which may
    /// take as long as the disk likes, they are as they were.
    pub(crate) fn look(&self) -> Settings {
        let turn = self.turn.try_lock();
        if matches!(turn, Err(TryLockError::WouldBlock)) { self.current() } else { self.look_in_turn() }
    }

    fn look_in_turn(&self) -> Settings {
        if let Ok(autostart) = &self.autostart {
            let on = autostart.is_on();
            self.current.send_if_modified(|now| std::mem::replace(&mut now.start_at_login, on) != on);
        }
        self.current()
    }

    /// Word of each change.
    pub(crate) fn changes(&self) -> watch::Receiver<Settings> {
        self.current.subscribe()
    }

    /// What the user should know about how they were loaded.
    pub(crate) fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Changes what `patch` names, tells of it, and saves all.
    ///
    /// # Errors
    /// `InvalidSetting` or `NotWritten`, and nothing is changed; `NotSaved`, and the change is in force until the program ends.
    pub(crate) fn update(&self, patch: &Value, tell: impl FnOnce(&Settings)) -> Result<Settings, CommandError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.look_in_turn();
        let now = before.patched(patch)?;
        if now.start_at_login != before.start_at_login {
            self.start_at_login(now.start_at_login).map_err(|error| CommandError {
                kind: ErrorKind::NotWritten,
                message: format!("{error:#}"),
                field: Some("start_at_login".into()),
            })?;
        }
        self.current.send_replace(now.clone());
        tell(&now);
        let saved = self.save(&now);
        saved.map(|()| now).map_err(|error| CommandError {
            kind: ErrorKind::NotSaved,
            message: format!("The change is in force now but could not be saved: {error:#}"),
            field: None,
        })
    }

    fn start_at_login(&self, on: bool) -> anyhow::Result<()> {
        self.autostart.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?.set(on)
    }

    fn save(&self, settings: &Settings) -> anyhow::Result<()> {
        let (path, store) = self.store.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
        store.clear();
        for (key, value) in file::to_fields(settings) {
            store.set(key, value);
        }
        store.save().with_context(|| files::staged(path).display().to_string())?;
        file::commit(path).with_context(|| path.display().to_string())
    }
}

fn open(app: &AppHandle) -> anyhow::Result<(PathBuf, Arc<Store<Wry>>)> {
    let path = files::resolved(app.path().app_config_dir().context("no folder for settings")?.join("settings.json"));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let store = StoreBuilder::new(app, files::staged(&path)).disable_auto_save().create_new().build()?;
    // Else the plugin would write the file beside once more when the app ends.
    store.close_resource();
    Ok((path, store))
}
