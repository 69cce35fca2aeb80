//! One look at everything, for programs that do not go on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::{Collector, Roots};
use crate::feed::{Feed as _, Snapshot};
use crate::metrics::Reason;

/// Between the two reads. Shorter, and the kernel's 10 ms ticks make percentages coarse.
const BETWEEN: Duration = Duration::from_millis(500);

/// The first NVML initialization takes up to 10 s on a machine with many GPUs.
const LONGEST: Duration = Duration::from_secs(15);

/// Starts the sources and reads each twice, so that rates are real. What has not answered by then says so.
///
/// # Errors
/// If the system refuses a thread.
pub async fn once(roots: &Roots) -> io::Result<(Collector, Arc<Snapshot>)> {
    let (collector, collecting) = Collector::start(roots, BETWEEN)?;
    let mut snapshots = collector.subscribe();
    let complete = snapshots.wait_for(|snapshot| is_complete(snapshot));
    // Neither the end of the loop nor that of our patience matters: what is in by then is what there is.
    tokio::select! {
        () = collecting => {}
        _ = tokio::time::timeout(LONGEST, complete) => {}
    }
    let snapshot = collector.current();
    Ok((collector, snapshot))
}

/// Two reads are done, no answer of the second is still to come, and every channel has answered, or has a reason not to.
fn is_complete(Snapshot { metrics, awaited, .. }: &Snapshot) -> bool {
    let settled = |reason: Option<Reason>| !matches!(reason, Some(Reason::Starting | Reason::NotAnswering));
    metrics.tick >= 2 && awaited.is_empty() && metrics.channels.iter().all(|status| settled(status.reason))
}
