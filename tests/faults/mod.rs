//! What real machines do to a monitor, made for real. What is promised is asserted; how long it took is printed, and asserted
//! within wide bounds at most. A file is named after its fault. The faults that have their tests elsewhere:
//!
//! | fault | where |
//! | --- | --- |
//! | an NVML call hangs; a GPU is lost or taken out; the driver is absent, not loaded, replaced; a field is not supported; a GPU sleeps | tests/gpu.rs |
//! | "not answering" within three ticks; a panic in a source or in the loop | core: collector/tests.rs |
//! | a panic in a task of the shell | src-tauri/src/tasks.rs |
//! | counters reset and wrap, cores and disks come and go | core: each source's `linux_tests.rs`, rate.rs |
//! | the wall clock jumps, suspend: what history shows of it | core: history/tests.rs, clock/mod.rs |
//! | the settings file torn at every byte | core: settings/file.rs |
//! | a page that stays blank; no tray host; ten starts at once; signals | tests/tray/ |

mod clock;
mod container;
mod crowd;
mod day;
mod drawing;
mod driver_library;
mod hang;
mod hidden_window;
mod interfaces;
mod kill;
mod no_session_bus;
mod screen;
mod settings_disk;
mod speech;
mod stderr;
mod trend;
mod unwritable_home;
mod web_process;
