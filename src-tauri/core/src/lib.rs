//! Telltale's core: sources → collector → snapshot → (history, publishers). Nothing flows back.
//!
//! Names neither Tauri nor a web view; whatever shows or sends metrics takes them from a [`feed::Feed`].

pub mod channel;
pub mod clock;
pub mod collector;
pub mod diagnostics;
pub mod doctor;
pub mod export;
pub mod feed;
pub mod fields;
pub mod files;
pub mod gpu_details;
pub mod gpu_state;
pub mod history;
pub mod log_filter;
pub mod metrics;
pub mod open_files;
pub mod own_cost;
pub mod rate;
pub mod settings;
pub mod source;
pub mod stop;
pub mod system;
pub mod verdict;
pub mod wire;
pub mod words;
