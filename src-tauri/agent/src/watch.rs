//! `watch`: one line per channel per tick. A channel that was not sampled anew has no line.

use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;
use telltale_core::channel::{Channel, Selector, gpu_event};
use telltale_core::clock::rfc3339;
use telltale_core::collector::{Collector, FIRST_ANSWER, Roots};
use telltale_core::feed::{Feed as _, Snapshot};
use telltale_core::metrics::{ChannelStatus, Reason};
use tracing_appender::non_blocking::NonBlocking;

use crate::{end, out};

/// A line: the payload as its event carries it, with the channel and a time that people can read.
#[derive(Serialize)]
struct Line<'a, T> {
    channel: &'a str,
    time: String,
    #[serde(flatten)]
    payload: &'a T,
}

/// Prints until `count` ticks are done or the program is asked to end. Ticks go on while there is no line because what is wanted
/// has not answered yet, for as long as [`FIRST_ANSWER`]: starting NVML may take longer than a few short ticks. What else is to be
/// said goes to `stderr`, which waits for nobody.
///
/// # Errors
/// If the collector can't be started or a line can't be written.
pub(crate) async fn print(
    interval: Duration,
    count: Option<u64>,
    only: Option<Vec<Selector>>,
    stderr: NonBlocking,
) -> anyhow::Result<()> {
    let (collector, collecting) =
        Collector::start(&Roots::default(), interval).context("could not start the collector")?;
    let mut snapshots = collector.subscribe();
    let (mut last, mut waited, begun) = (count, false, Instant::now());
    let mut lines = Lines { only, printed: HashMap::new(), said: None, stderr };
    let print = async {
        while snapshots.changed().await.is_ok() {
            let snapshot = snapshots.borrow_and_update().clone();
            let tick = snapshot.metrics.tick;
            let first_to_come = begun.elapsed() < FIRST_ANSWER && lines.has_none_yet(&snapshot);
            // Where it was to come before, this may be the first snapshot that has it, in whichever tick.
            if first_to_come | std::mem::replace(&mut waited, first_to_come) {
                last = last.map(|last| last.max(tick));
            }
            if last.is_some_and(|last| tick > last) {
                break; // the last tick's time is over
            }
            lines.print(&snapshot, &mut out::stdout())?;
            if !first_to_come && last.is_some_and(|last| tick >= last) && lines.has_all(&snapshot) {
                break;
            }
        }
        Ok(())
    };
    tokio::select! {
        () = collecting => Ok(()),
        asked = end::asked() => asked.context("could not listen for signals"),
        printed = print => printed,
    }
}

struct Lines {
    only: Option<Vec<Selector>>,
    /// The timestamp of the sample printed last, by channel.
    printed: HashMap<String, i64>,
    /// What was said last about GPUs that are not there.
    said: Option<String>,
    stderr: NonBlocking,
}

impl Lines {
    fn print(&mut self, snapshot: &Snapshot, out: &mut impl Write) -> anyhow::Result<()> {
        let metrics = &snapshot.metrics;
        self.say_why_no_gpu(snapshot);
        for gpu in &metrics.gpu {
            self.line(&gpu_event(&gpu.gpu_id), gpu.timestamp, gpu, out)?;
        }
        if let Some(cpu) = &metrics.cpu {
            self.line(Channel::Cpu.event(), cpu.timestamp, cpu, out)?;
        }
        if let Some(memory) = &metrics.memory {
            self.line(Channel::Memory.event(), memory.timestamp, memory, out)?;
        }
        if let Some(disk) = &metrics.disk {
            self.line(Channel::Disk.event(), disk.timestamp, disk, out)?;
        }
        if let Some(network) = &metrics.network {
            self.line(Channel::Network.event(), network.timestamp, network, out)?;
        }
        Ok(out.flush()?)
    }

    fn line<T: Serialize>(
        &mut self,
        channel: &str,
        timestamp: i64,
        payload: &T,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        if !self.wants(channel) || self.printed.get(channel) == Some(&timestamp) {
            return Ok(());
        }
        serde_json::to_writer(&mut *out, &Line { channel, time: rfc3339(timestamp), payload })?;
        out.write_all(b"\n")?;
        self.printed.insert(channel.into(), timestamp);
        Ok(())
    }

    /// While no GPU is known, the word for all of them is about each.
    fn wants(&self, channel: &str) -> bool {
        let gpus = channel == Channel::Gpu.event();
        let wanted = |one: &Selector| one.selects(channel) || (gpus && matches!(one, Selector::Gpu(_)));
        self.only.as_ref().is_none_or(|only| only.iter().any(wanted))
    }

    /// Whether nothing wanted is still to come in this tick: a source that takes long may answer after the others.
    fn has_all(&self, snapshot: &Snapshot) -> bool {
        let starts = |status: &&ChannelStatus| status.reason == Some(Reason::Starting);
        let to_come = snapshot.metrics.channels.iter().filter(starts).map(|status| &status.channel);
        to_come.chain(&snapshot.awaited).all(|channel| !self.wants(channel))
    }

    /// Whether there has been no line, and the first is still to come.
    fn has_none_yet(&self, snapshot: &Snapshot) -> bool {
        let to_come = |status: &ChannelStatus| matches!(status.reason, Some(Reason::Starting | Reason::NotAnswering));
        let mut channels = snapshot.metrics.channels.iter();
        self.printed.is_empty() && channels.any(|status| to_come(status) && self.wants(&status.channel))
    }

    /// Once per reason, on stderr, where GPUs are wanted and none is there.
    fn say_why_no_gpu(&mut self, snapshot: &Snapshot) {
        let why = snapshot.gpu_problem.as_ref().map(|problem| problem.detail.clone()).filter(|why| !why.is_empty());
        if why != self.said && self.wants(Channel::Gpu.event()) {
            if let Some(why) = &why {
                let _ = self.stderr.write_all(format!("telltale-agent: {}: {why}\n", Channel::Gpu).as_bytes());
            }
            self.said = why;
        }
    }
}
