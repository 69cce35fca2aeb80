//! The typed commands: each a line or two over core, answered through [`answer`]. Arguments are taken as JSON and checked
//! here, because what Tauri answers to one of a wrong shape is neither typed nor kind. What may take long, a disk or an hour of a
//! large machine, is told to the runtime (`block_in_place`): its one thread is the ticks', too.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use specta::datatype::DataType;
use specta::{Type, Types};
use tauri::ipc::{InvokeResponseBody, IpcResponse};
use tauri::{AppHandle, State, WebviewWindow};
use telltale_core::diagnostics::Diagnostics;
use telltale_core::export;
use telltale_core::gpu_details::GpuDetails;
use telltale_core::history::packed::pack;
use telltale_core::history::{HistoryQuery, MetricsHistory};
use telltale_core::metrics::CurrentMetrics;
use telltale_core::own_cost::OwnCost;
use telltale_core::settings::{Settings, SettingsPatch};
use telltale_core::system::{self, SystemInfo};
use telltale_core::verdict::{GpuVerdict, VerdictQuery};
use tokio::task::block_in_place;

use crate::Shell;
use crate::answer::answer;
use crate::error::CommandError;
use crate::save;
use crate::view::View;

/// What should be a `T`, as it came; `null` where it did not come.
#[derive(Debug)]
pub(crate) struct Argument<T>(Value, PhantomData<T>);

impl<'de, T> Deserialize<'de> for Argument<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default(), PhantomData))
    }
}

impl<T: DeserializeOwned> Argument<T> {
    /// The argument of that name.
    ///
    /// # Errors
    /// `InvalidQuery`, with the field in it that is wrong, or its name where it is wrong itself.
    fn parsed(self, name: &str) -> Result<T, CommandError> {
        serde_path_to_error::deserialize(self.0).map_err(|error| {
            let path = error.path().to_string();
            let field = match path.as_str() {
                "." => name.into(),
                // Within a list.
                path if path.starts_with('[') => format!("{name}{path}"),
                _ => path,
            };
            CommandError::invalid(field, error.inner())
        })
    }

    /// The same of one with fields: serde would take a list of their values for it, too.
    fn object(self, name: &str) -> Result<T, CommandError> {
        if self.0.is_object() {
            self.parsed(name)
        } else {
            Err(CommandError::invalid(name.into(), "it must be an object"))
        }
    }
}

impl<T: Type> Type for Argument<T> {
    fn definition(types: &mut Types) -> DataType {
        T::definition(types)
    }
}

/// What this desktop has.
#[derive(Debug, Clone, Serialize, Type)]
pub(crate) struct DesktopInfo {
    /// Whether the tray can be seen: there is a host for `StatusNotifierItem`. Without, closing the window quits.
    pub tray: bool,
}

/// A [`MetricsHistory`] as core writes it.
#[derive(Debug, Type)]
pub(crate) struct HistoryAnswer(#[specta(type = MetricsHistory)] String);

impl IpcResponse for HistoryAnswer {
    fn body(self) -> tauri::Result<InvokeResponseBody> {
        Ok(InvokeResponseBody::Json(self.0))
    }
}

/// What [`pack`] makes of one.
#[derive(Debug)]
pub(crate) struct PackedAnswer(Vec<u8>);

impl IpcResponse for PackedAnswer {
    fn body(self) -> tauri::Result<InvokeResponseBody> {
        Ok(InvokeResponseBody::Raw(self.0))
    }
}

impl Type for PackedAnswer {
    fn definition(_: &mut Types) -> DataType {
        DataType::Reference(specta_typescript::define("ArrayBuffer"))
    }
}

/// The newest sample of every channel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_current_metrics(shell: State<'_, Shell>) -> Result<CurrentMetrics, CommandError> {
    answer("get_current_metrics", async { Ok(shell.feed.current().metrics.clone()) }).await
}

/// The last hour or a part of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_metrics_history(
    shell: State<'_, Shell>,
    query: Option<Argument<HistoryQuery>>,
) -> Result<HistoryAnswer, CommandError> {
    answer("get_metrics_history", async {
        block_in_place(|| {
            export::json_text(&history(&shell, query)?).map(HistoryAnswer).map_err(CommandError::internal)
        })
    })
    .await
}

/// The same in bytes, for a page that takes in all of it. What they mean is told at [`telltale_core::history::packed`].
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_packed_history(
    shell: State<'_, Shell>,
    query: Option<Argument<HistoryQuery>>,
) -> Result<PackedAnswer, CommandError> {
    answer("get_packed_history", async {
        block_in_place(|| pack(&history(&shell, query)?).map(PackedAnswer).map_err(CommandError::internal))
    })
    .await
}

fn history(shell: &Shell, query: Option<Argument<HistoryQuery>>) -> Result<MetricsHistory, CommandError> {
    let query = query.map(|query| query.object("query")).transpose()?.unwrap_or_default();
    Ok(shell.feed.query(&query)?)
}

/// What holds a GPU back over the last hour or a part of it, as kinds and numbers.
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_gpu_verdict(
    shell: State<'_, Shell>,
    query: Argument<VerdictQuery>,
) -> Result<GpuVerdict, CommandError> {
    answer("get_gpu_verdict", async {
        let query = query.object("query")?;
        Ok(block_in_place(|| shell.feed.verdict(&query))?)
    })
    .await
}

/// The machine, its GPUs, and why GPU data is missing if it is.
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_system_info(shell: State<'_, Shell>) -> Result<SystemInfo, CommandError> {
    answer("get_system_info", async {
        let notices = shell.settings.notices().to_vec();
        Ok(block_in_place(|| system::info(&shell.feed.current(), notices)))
    })
    .await
}

/// How Telltale itself does: its sources, ticks, history, window, and the faults since the start.
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_diagnostics(shell: State<'_, Shell>) -> Result<Diagnostics, CommandError> {
    answer("get_diagnostics", async {
        let mut diagnostics = shell.feed.diagnostics();
        diagnostics.tasks.extend(shell.tasks.statuses());
        diagnostics.window = Some(shell.counts.now());
        diagnostics.cost = block_in_place(|| shell.cost());
        Ok(diagnostics)
    })
    .await
}

/// What Telltale itself takes, with its web view; `null` where the system does not tell.
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_own_cost(shell: State<'_, Shell>) -> Result<Option<OwnCost>, CommandError> {
    answer("get_own_cost", async { Ok(block_in_place(|| shell.cost())) }).await
}

/// One GPU in full, with who uses it: what is too much for every tick. It takes some tenths of a second, and is read
/// only for this: ask once per interval, while it is shown.
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_gpu_details(
    shell: State<'_, Shell>,
    gpu_id: Argument<String>,
) -> Result<GpuDetails, CommandError> {
    answer("get_gpu_details", async { Ok(shell.feed.gpu_details(&gpu_id.parsed("gpu_id")?)?.await) }).await
}

/// The settings in force.
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_settings(shell: State<'_, Shell>) -> Result<Settings, CommandError> {
    answer("get_settings", async { Ok(block_in_place(|| shell.settings.look())) }).await
}

/// Changes some settings, at once and for good. An invalid value changes nothing.
#[tauri::command]
#[specta::specta]
pub(crate) async fn update_settings(
    shell: State<'_, Shell>,
    patch: Argument<SettingsPatch>,
) -> Result<Settings, CommandError> {
    answer("update_settings", async {
        block_in_place(|| shell.settings.update(&patch.0, |settings| shell.apply(settings)))
    })
    .await
}

/// Asks where to save what the window shows, and saves it: the history that `query` asks for as CSV or JSON, or
/// `image` (a PNG of the charts), as the chosen name ends. The path; `null` if the user cancelled. Progress comes as events.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_view(
    window: WebviewWindow,
    shell: State<'_, Shell>,
    query: Argument<HistoryQuery>,
    image: Argument<Vec<u8>>,
) -> Result<Option<String>, CommandError> {
    answer("save_view", async {
        let query = query.object("query")?;
        let history = block_in_place(|| shell.feed.query(&query))?;
        save::save(&window, &shell.saving, history, image.parsed("image")?).await
    })
    .await
}

/// Ends the saving that is under way; what was there before stays.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_save(shell: State<'_, Shell>) -> Result<(), CommandError> {
    answer("cancel_save", async {
        shell.saving.cancel();
        Ok(())
    })
    .await
}

/// Says that the page is there, what it shows and how many rows it has: once it has drawn, and whenever that changes.
#[tauri::command]
#[specta::specta]
pub(crate) async fn report_page(
    window: WebviewWindow,
    shell: State<'_, Shell>,
    view: Argument<View>,
    rows: Argument<u32>,
) -> Result<(), CommandError> {
    answer("report_page", async {
        let is_first = shell.alive.drawn().is_none();
        // Whatever it says that it shows.
        block_in_place(|| shell.page_drawn());
        let (mut view, rows) = (view.object("view")?, rows.parsed("rows")?);
        view.check()?;
        let said = view.clone();
        // While it loaded it could not be told.
        let paused = shell.window.view().paused;
        if is_first && view.paused != paused {
            view.paused = paused;
            crate::window::tell_paused(&window, paused);
        }
        shell.window.set_view(view);
        tracing::info!(page = %said.page, range = said.range, paused = said.paused, rows, "the page is there");
        Ok(())
    })
    .await
}

/// Ends the program, as the tray's Quit does.
#[tauri::command]
#[specta::specta]
pub(crate) async fn quit(app: AppHandle) -> Result<(), CommandError> {
    answer("quit", async {
        crate::end(&app);
        Ok(())
    })
    .await
}

/// What this desktop has, for settings that depend on it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn get_desktop_info(shell: State<'_, Shell>) -> Result<DesktopInfo, CommandError> {
    answer("get_desktop_info", async { Ok(DesktopInfo { tray: shell.tray.is_up() }) }).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;

    fn parse<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, CommandError> {
        Argument(value, PhantomData).parsed("query")
    }

    #[test]
    fn a_query_of_a_wrong_shape_is_a_typed_error_that_names_the_field() {
        for (query, field) in [
            (json!({"since": "yesterday"}), "since"),
            (json!({"max_points": 1.5}), "max_points"),
            (json!({"channels": [7]}), "channels[0]"),
            (json!({"sinse": 1}), "sinse"),
            (json!(5), "query"),
        ] {
            let error = parse::<HistoryQuery>(query.clone()).unwrap_err();
            assert_eq!(
                (error.kind, error.field.as_deref()),
                (ErrorKind::InvalidQuery, Some(field)),
                "{query}: {error:?}"
            );
        }
        assert_eq!(parse::<HistoryQuery>(json!({})).unwrap(), HistoryQuery::default());
        let query: HistoryQuery = parse(json!({"since": null, "channels": ["cpu"]})).unwrap();
        assert_eq!(query.channels.unwrap(), ["cpu"]);
        for (query, field) in [(json!({"gpu_id": 7}), "gpu_id"), (json!({"gpu_id": "a", "until": 0.5}), "until")] {
            let error = parse::<VerdictQuery>(query).unwrap_err();
            assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::InvalidQuery, Some(field)), "{error:?}");
        }
    }
}
