//! Every command and event there is, in one list: the app serves it and the bindings are made from it.

use serde::{Deserialize, Serialize};
use specta::Type;
use specta_typescript::Number;
use tauri::Wry;
use tauri_specta::{Builder, Event, collect_commands, collect_events};
use telltale_core::channel::Channel;
use telltale_core::gpu_state::GpuState;
use telltale_core::history::packed::PackedHistory;
use telltale_core::metrics::{CpuMetrics, CurrentMetrics, DiskMetrics, GpuMetrics, MemoryMetrics, NetworkMetrics};
use telltale_core::settings::DEFINITIONS;

use crate::commands;

/// One batch of all channels, once per tick.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
#[tauri_specta(event_name = "system/all")]
pub struct SystemAll(CurrentMetrics);

/// A sample of the processors.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
#[tauri_specta(event_name = "system/cpu")]
pub struct SystemCpu(CpuMetrics);

/// A sample of main memory.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
#[tauri_specta(event_name = "system/memory")]
pub struct SystemMemory(MemoryMetrics);

/// A sample of the disks.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
#[tauri_specta(event_name = "system/disk")]
pub struct SystemDisk(DiskMetrics);

/// A sample of the network.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
#[tauri_specta(event_name = "system/network")]
pub struct SystemNetwork(NetworkMetrics);

/// How much of a file is written, 0–1: under 1 until the save has ended, whatever came of it.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
#[tauri_specta(event_name = "save/progress")]
pub struct SaveProgress(#[specta(type = Number)] pub f64);

/// Since when the charts stand still (Unix milliseconds), as the tray's Pause has it; `null` when they go on.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
#[tauri_specta(event_name = "view/paused")]
pub struct ViewPaused(#[specta(type = Option<Number>)] pub Option<i64>);

/// The commands, events and types of the contract.
pub fn builder() -> Builder<Wry> {
    Builder::new()
        .commands(collect_commands![
            commands::get_current_metrics,
            commands::get_metrics_history,
            commands::get_packed_history,
            commands::get_gpu_verdict,
            commands::get_system_info,
            commands::get_diagnostics,
            commands::get_own_cost,
            commands::get_gpu_details,
            commands::get_settings,
            commands::update_settings,
            commands::save_view,
            commands::cancel_save,
            commands::report_page,
            commands::get_desktop_info,
            commands::quit,
        ])
        .events(collect_events![
            SystemAll,
            SystemCpu,
            SystemMemory,
            SystemDisk,
            SystemNetwork,
            SaveProgress,
            ViewPaused
        ])
        // one event per device, so its name is not known here: `GPU_EVENT_PREFIX` and the id
        .typ::<GpuMetrics>()
        // the head of what get_packed_history answers
        .typ::<PackedHistory>()
        .constant("GPU_EVENT_PREFIX", format!("{}/", Channel::Gpu.event()))
        // history has a state as its place in this list
        .constant("GPU_STATES", GpuState::ALL)
        .constant("SETTINGS", DEFINITIONS)
        .disable_serde_phases()
        // counts of bytes and milliseconds, all far below 2^53
        .dangerously_cast_bigints_to_number()
}

#[cfg(test)]
mod tests {
    use specta_typescript::Typescript;

    use super::*;

    const BINDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/bindings.ts");

    /// `make bindings` sets the variable and so writes the file; without it the file is compared.
    #[test]
    fn the_bindings_checked_in_are_current() {
        let header =
            "// Why: the typed commands and events of src-tauri/src/api.rs. Made by `make bindings`; do not edit.\n";
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("bindings.ts");
        builder().export(Typescript::default().header(header), &fresh).unwrap();
        let fresh = std::fs::read_to_string(fresh).unwrap();
        if std::env::var_os("TELLTALE_WRITE_BINDINGS").is_some() {
            std::fs::write(BINDINGS, &fresh).unwrap();
        }
        let checked_in = std::fs::read_to_string(BINDINGS).unwrap();
        assert!(checked_in == fresh, "ui/src/bindings.ts is out of date: run `make bindings`");
    }

    #[test]
    fn events_have_the_names_of_the_contract() {
        let names = [SystemAll::NAME, SystemCpu::NAME, SystemMemory::NAME, SystemDisk::NAME, SystemNetwork::NAME];
        assert_eq!(names[0], "system/all");
        let channels = [Channel::Cpu, Channel::Memory, Channel::Disk, Channel::Network];
        assert_eq!(names[1..], channels.map(Channel::event));
    }
}
