//! One look at everything, for programs that do not go on.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::{Collector, Roots};
use crate::feed::{Feed as _, Snapshot};
use crate::metrics::{ChannelStatus, Reason};

/// Between the two reads. Shorter, and the kernel's 10 ms ticks make percentages coarse.
const BETWEEN: Duration = Duration::from_millis(500);

/// How long the first answer of a source is waited for: NVML's takes up to 10 s on a machine with many GPUs.
pub const FIRST_ANSWER: Duration = Duration::from_secs(15);

/// Starts the sources and reads each twice, or until all that takes longer is there too, so that rates are real. A source that has not
/// answered within [`FIRST_ANSWER`] says so.
///
/// # Errors
/// If the system refuses a thread.
pub async fn once(roots: &Roots) -> io::Result<(Collector, Arc<Snapshot>)> {
    let (collector, collecting) = Collector::start(roots, BETWEEN)?;
    let mut snapshots = collector.subscribe();
    let mut firsts = BTreeMap::new();
    let complete = snapshots.wait_for(|snapshot| is_complete(snapshot, &mut firsts));
    // Neither the end of the loop nor that of our patience matters: what is in by then is what there is.
    tokio::select! {
        () = collecting => {}
        _ = tokio::time::timeout(FIRST_ANSWER, complete) => {}
    }
    let snapshot = collector.current();
    Ok((collector, snapshot))
}

/// No answer of the newest read is still to come, and every channel has a second sample, or a reason to have none. One whose first
/// read took longer than a tick has a single one by the second tick; and how busy a GPU is can take more, where programs have to be
/// looked through. `firsts` are the times of the first ones.
fn is_complete(Snapshot { metrics, awaited, .. }: &Snapshot, firsts: &mut BTreeMap<String, i64>) -> bool {
    let mut settled = awaited.is_empty() && !metrics.channels.is_empty();
    settled &= !metrics.gpu.iter().any(|gpu| gpu.missing.values().any(|reason| *reason == Reason::Starting));
    for ChannelStatus { channel, timestamp, reason, .. } in &metrics.channels {
        settled &= match (reason, timestamp) {
            (Some(reason), _) => !matches!(reason, Reason::Starting | Reason::NotAnswering),
            (None, Some(timestamp)) => firsts.entry(channel.clone()).or_insert(*timestamp) != timestamp,
            (None, None) => false,
        };
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{CurrentMetrics, GpuMetrics};

    #[test]
    fn every_channel_has_two_samples_or_a_reason() {
        let mut firsts = BTreeMap::new();
        let mut complete = |cpu: (Option<i64>, Option<Reason>), memory: i64, awaited: &[&str]| {
            let status = |channel: &str, (timestamp, reason)| ChannelStatus {
                channel: channel.into(),
                timestamp,
                age: None,
                reason,
                detail: None,
            };
            let asleep = status("system/gpu/0", (None, Some(Reason::Asleep)));
            let channels = vec![asleep, status("system/cpu", cpu), status("system/memory", (Some(memory), None))];
            let metrics = CurrentMetrics { channels, ..CurrentMetrics::default() };
            let awaited = awaited.iter().map(ToString::to_string).collect();
            is_complete(&Snapshot { metrics, awaited, ..Snapshot::default() }, &mut firsts)
        };
        assert!(!complete((None, Some(Reason::Starting)), 1, &["system/cpu"]), "the first tick");
        assert!(!complete((None, Some(Reason::NotAnswering)), 2, &[]), "the second, and the first read still lasts");
        assert!(!complete((Some(1), None), 2, &[]), "it is done: there is no rate yet");
        assert!(!complete((Some(1), None), 3, &["system/cpu"]), "the third tick");
        assert!(!complete((Some(1), Some(Reason::Failed)), 3, &["system/cpu"]), "it may do better this time");
        assert!(complete((Some(3), None), 3, &[]));
        assert!(complete((Some(3), Some(Reason::Failed)), 3, &[]), "one that fails is not waited for");
        for (reason, settled) in [(Reason::Starting, false), (Reason::Unsupported, true)] {
            let status = ChannelStatus {
                channel: "system/gpu/0".into(),
                timestamp: Some(2),
                age: None,
                reason: None,
                detail: None,
            };
            let gpu = GpuMetrics { missing: [("utilization".into(), reason)].into(), ..GpuMetrics::default() };
            let metrics = CurrentMetrics { gpu: vec![gpu], channels: vec![status], ..CurrentMetrics::default() };
            let mut firsts = [("system/gpu/0".to_owned(), 1)].into();
            assert_eq!(is_complete(&Snapshot { metrics, ..Snapshot::default() }, &mut firsts), settled, "{reason:?}");
        }
    }
}
