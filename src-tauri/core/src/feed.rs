//! The one seam through which everything outside takes metrics: today the collector in this process stands behind it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use crate::diagnostics::Diagnostics;
use crate::gpu_details::{AwakeHolder, GpuDetails, UnknownGpu};
use crate::history::{HistoryQuery, MetricsHistory, QueryError};
use crate::metrics::CurrentMetrics;
use crate::source::Problem;
use crate::verdict::{GpuVerdict, VerdictError, VerdictQuery};

/// The newest sample of every channel, as published.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// What is sent.
    pub metrics: CurrentMetrics,
    /// Version of the NVIDIA driver, once it answered.
    pub gpu_driver: Option<String>,
    /// The kernel driver of each GPU that is not NVML's, by its id.
    pub gpu_drivers: BTreeMap<String, &'static str>,
    /// Why there is no GPU figure at all, or none of one source.
    pub gpu_problem: Option<Problem>,
    /// What keeps each GPU awake that could sleep and does not, by its id.
    pub gpu_awake: BTreeMap<String, Vec<AwakeHolder>>,
    /// The channels whose samples of this tick are still to come, by their events' names.
    pub awaited: Vec<String>,
}

/// An answer that comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where snapshots and history come from. Who holds one can't tell what stands behind it.
pub trait Feed: Send + Sync {
    /// The newest snapshot, and word of each newer one. A slow reader skips some; nothing queues.
    fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>>;

    /// The newest snapshot now. Before the first tick it is empty, with every channel `starting`.
    fn current(&self) -> Arc<Snapshot>;

    /// The last hour, or a part of it.
    ///
    /// # Errors
    /// [`QueryError`] names the field that can't be and what is allowed.
    fn query(&self, query: &HistoryQuery) -> Result<MetricsHistory, QueryError>;

    /// How whatever collects does itself.
    fn diagnostics(&self) -> Diagnostics;

    /// What holds a GPU back over the last hour, or a part of it.
    ///
    /// # Errors
    /// [`VerdictError`] names the field that can't be and what is allowed.
    fn verdict(&self, query: &VerdictQuery) -> Result<GpuVerdict, VerdictError>;

    /// One GPU in full. What costs too much for every tick is read for this alone, so it takes some tenths of a second;
    /// where the driver does not answer, what is known comes within seconds, with the reason.
    ///
    /// # Errors
    /// [`UnknownGpu`] where no GPU has that id.
    fn gpu_details(&self, gpu_id: &str) -> Result<Later<GpuDetails>, UnknownGpu>;
}
