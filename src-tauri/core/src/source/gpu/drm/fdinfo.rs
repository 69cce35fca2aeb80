//! How busy a GPU is by what the kernel says of each program that has it open: `/proc/PID/fdinfo/FD` (kernel:
//! `Documentation/gpu/drm-usage-stats.rst`). It is the one source of utilization that i915 and xe give without privilege.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::metrics::Reason;

/// One program's use of one GPU. A program that opened it twice counts as two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Client {
    /// Unique on its device (`drm-client-id`); descriptors that were passed on or duplicated share it.
    pub(super) id: u64,
    /// The process whose descriptor was found first.
    pub(super) process: u32,
    /// Bytes of device memory that it holds, buffers that it shares with others included.
    pub(super) memory: Option<u64>,
    /// Bytes of the system's memory that it holds for the device (amdgpu: GTT).
    pub(super) system_memory: Option<u64>,
    pub(super) engines: BTreeMap<String, Engine>,
}

impl Client {
    /// Whether any of these engines ever worked for it.
    pub(super) fn has_used(&self, engines: &[&str]) -> bool {
        engines.iter().any(|name| self.engines.get(*name).is_some_and(|engine| engine.busy > 0))
    }
}

/// A client's time on one kind of engine since it opened the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Engine {
    pub(super) busy: u64,
    /// What `busy` is a part of, in the GPU's own cycles; `None` where it is nanoseconds of time.
    total: Option<u64>,
    /// How many engines of this kind there are.
    capacity: u64,
}

/// The text of a GPU's fdinfo; `None` where it is something else's.
pub(super) fn parse(text: &str) -> Option<Client> {
    let mut client = Client::default();
    let mut id = None;
    let (mut times, mut cycles, mut totals, mut capacities) =
        (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut memory = BTreeMap::new();
    let of_device = |region: &str| region.starts_with("vram") || region.starts_with("local");
    for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let Some(key) = key.strip_prefix("drm-") else { continue };
        let mut words = value.split_ascii_whitespace();
        let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
        if key == "client-id" {
            id = Some(number);
        } else if let Some(engine) = key.strip_prefix("engine-capacity-") {
            capacities.insert(engine, number);
        } else if let Some(engine) = key.strip_prefix("engine-").filter(|_| words.next() == Some("ns")) {
            times.insert(engine, number);
        } else if let Some(engine) = key.strip_prefix("total-cycles-") {
            totals.insert(engine, number);
        } else if let Some(engine) = key.strip_prefix("cycles-") {
            cycles.insert(engine, number);
        } else if let Some(region) = key.strip_prefix("resident-") {
            memory.insert(region, bytes(number, words.next()));
        } else if let Some(region) = key.strip_prefix("memory-") {
            // The older name of the same.
            memory.entry(region).or_insert(bytes(number, words.next()));
        }
    }
    client.id = id?;
    let held = |counts: &dyn Fn(&str) -> bool| {
        memory.iter().filter(|(region, _)| counts(region)).map(|(_, bytes)| *bytes).reduce(u64::saturating_add)
    };
    (client.memory, client.system_memory) = (held(&of_device), held(&|region| region == "gtt"));
    let capacity = |engine: &str| capacities.get(engine).copied().unwrap_or(1).max(1);
    for (engine, busy) in &cycles {
        if let Some(total) = totals.get(engine) {
            let engine_now = Engine { busy: *busy, total: Some(*total), capacity: capacity(engine) };
            client.engines.insert((*engine).into(), engine_now);
        }
    }
    for (engine, busy) in &times {
        client.engines.insert((*engine).into(), Engine { busy: *busy, total: None, capacity: capacity(engine) });
    }
    Some(client)
}

/// A number with its unit.
fn bytes(number: u64, unit: Option<&str>) -> u64 {
    let unit = match unit {
        Some("KiB") => 1 << 10,
        Some("MiB") => 1 << 20,
        Some(_) | None => 1,
    };
    number.saturating_mul(unit)
}

/// Percent of the time between two samples in which the busiest kind of engine worked for these clients. Without
/// clients it is 0.
///
/// # Errors
/// `starting` if all clients are new, as what they did before is not known; `unsupported` if the driver tells no times.
pub(super) fn busy(before: &[Client], now: &[impl Borrow<Client>], elapsed: Duration) -> Result<f64, Reason> {
    busy_with(|_| true, before, now, elapsed)
}

/// The same of some engines alone, by their names.
pub(super) fn busy_with(
    is_counted: impl Fn(&str) -> bool,
    before: &[Client],
    now: &[impl Borrow<Client>],
    elapsed: Duration,
) -> Result<f64, Reason> {
    if now.is_empty() {
        return Ok(0.0);
    }
    let now = now.iter().map(Borrow::<Client>::borrow);
    let counted = |client: &'_ Client| client.engines.keys().any(|name| is_counted(name));
    if !now.clone().any(counted) {
        return Err(Reason::Unsupported);
    }
    let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
    let mut known = false;
    for client in now {
        let Some(earlier) = before.iter().find(|earlier| earlier.id == client.id) else { continue };
        known = true;
        for (name, engine) in client.engines.iter().filter(|(name, _)| is_counted(name)) {
            let share = earlier.engines.get(name).map_or(0.0, |then| engine.share_since(then, elapsed));
            *shares.entry(name).or_default() += share;
        }
    }
    let busiest = shares.into_values().fold(0.0, f64::max);
    if known { Ok((busiest * 100.0).min(100.0)) } else { Err(Reason::Starting) }
}

impl Engine {
    /// The part of the time since `then` that it was busy, 0 to 1.
    fn share_since(&self, then: &Self, elapsed: Duration) -> f64 {
        let busy = self.busy.saturating_sub(then.busy) as f64;
        let whole = match (self.total, then.total) {
            (Some(total), Some(earlier)) => total.saturating_sub(earlier) as f64,
            (None, None) => elapsed.as_nanos() as f64,
            (Some(_), None) | (None, Some(_)) => 0.0,
        };
        if whole > 0.0 { busy / whole / self.capacity as f64 } else { 0.0 }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) const I915: &str = "pos:\t0\nflags:\t02100002\nmnt_id:\t24\nino:\t1094\ndrm-driver:\ti915\ndrm-client-id:\t7\n\
        drm-pdev:\t0000:00:02.0\ndrm-total-system0:\t76808 KiB\ndrm-engine-render:\t2000000000 ns\n\
        drm-engine-copy:\t0 ns\ndrm-engine-video:\t500 ns\ndrm-engine-capacity-video:\t2\n";
    pub(in super::super) const XE: &str = "drm-driver:\txe\ndrm-client-id:\t42\ndrm-pdev:\t0000:03:00.0\ndrm-resident-vram0:\t300 MiB\n\
        drm-cycles-rcs:\t28257900\ndrm-total-cycles-rcs:\t7655183225\ndrm-cycles-vcs:\t10\ndrm-total-cycles-vcs:\t7655183225\n\
        drm-engine-capacity-vcs:\t2\ndrm-cycles-ccs:\t5\n";

    fn engine(busy: u64, total: Option<u64>, capacity: u64) -> Engine {
        Engine { busy, total, capacity }
    }

    fn client(id: u64, engines: &[(&str, Engine)]) -> Client {
        let engines = engines.iter().map(|(name, engine)| ((*name).to_owned(), *engine)).collect();
        Client { id, engines, ..Client::default() }
    }

    #[test]
    fn i915_tells_times_and_xe_tells_cycles() {
        let render = ("render", engine(2_000_000_000, None, 1));
        let i915 = client(7, &[render, ("copy", engine(0, None, 1)), ("video", engine(500, None, 2))]);
        assert_eq!(parse(I915), Some(i915));
        let total = Some(7_655_183_225);
        let xe = client(42, &[("rcs", engine(28_257_900, total, 1)), ("vcs", engine(10, total, 2))]);
        let xe = Client { memory: Some(300 << 20), ..xe };
        assert_eq!(parse(XE), Some(xe), "cycles without a total are no share");
        assert_eq!(parse("pos:\t0\nflags:\t02\nmnt_id:\t9\n"), None, "an ordinary file");
        let odd = "drm-client-id: 1\ndrm-engine-capacity-render: 0\ndrm-engine-render: 5 ns\ndrm-engine-copy: 5 s\n";
        assert_eq!(parse(odd), Some(client(1, &[("render", engine(5, None, 1))])));
    }

    #[test]
    fn the_busiest_kind_of_engine_counts_over_all_clients() {
        let second = Duration::from_secs(1);
        let at = |render: u64, video: u64| {
            [
                client(1, &[("render", engine(render, None, 1)), ("video", engine(video, None, 2))]),
                client(2, &[("render", engine(render / 2, None, 1))]),
            ]
        };
        assert_eq!(busy(&at(0, 0), &at(500_000_000, 900_000_000), second), Ok(75.0));
        assert_eq!(busy(&at(0, 0), &at(0, 1_000_000_000), second), Ok(50.0), "of two engines");
        assert_eq!(busy(&at(100, 100), &at(0, 0), second), Ok(0.0), "never negative");
        assert_eq!(busy(&at(0, 0), &at(u64::MAX, 0), second), Ok(100.0));
        assert_eq!(
            busy_with(|name| name == "video", &at(0, 0), &at(500, 1_000_000_000), second),
            Ok(50.0),
            "of one kind"
        );
        assert_eq!(busy_with(|name| name == "copy", &at(0, 0), &at(5, 5), second), Err(Reason::Unsupported));
        let cycles = |busy, total| [client(1, &[("rcs", engine(busy, Some(total), 1))])];
        assert_eq!(busy(&cycles(10, 1_000), &cycles(260, 2_000), second), Ok(25.0));
        assert_eq!(busy(&cycles(10, 1_000), &cycles(10, 1_000), second), Ok(0.0));
    }

    #[test]
    fn what_a_new_client_did_before_is_not_known() {
        let (old, new) =
            (client(1, &[("render", engine(5, None, 1))]), client(2, &[("render", engine(1 << 40, None, 1))]));
        let second = Duration::from_secs(1);
        assert_eq!(busy(&[], std::slice::from_ref(&new), second), Err(Reason::Starting));
        assert_eq!(busy(std::slice::from_ref(&old), &[old.clone(), new], second), Ok(0.0));
        assert_eq!(busy(&[old], &[] as &[Client], second), Ok(0.0), "nobody uses it");
        assert_eq!(busy(&[], &[client(1, &[])], second), Err(Reason::Unsupported));
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC*") {
            parse(&text);
        }

        #[test]
        fn no_line_is_too_odd(lines in prop::collection::vec("drm-(client-id|engine-|engine-capacity-|cycles-|total-cycles-)[a-z]{0,3}:[ \t]?[0-9]{0,22}( ns| KiB)?", 0..12)) {
            let text = format!("drm-client-id:\t1\n{}", lines.join("\n"));
            if let Some(client) = parse(&text) {
                prop_assert!(client.engines.values().all(|engine| engine.capacity > 0));
            }
        }

        #[test]
        fn a_share_is_a_percentage(times in prop::collection::vec((any::<u64>(), any::<u64>(), 1u64..5), 1..5), nanos: u64) {
            let clients = |pick: fn(&(u64, u64, u64)) -> u64| -> Vec<Client> {
                let one = |(id, time): (u64, &(u64, u64, u64))| client(id, &[("render", engine(pick(time), None, time.2))]);
                (0..).zip(&times).map(one).collect()
            };
            let share = busy(&clients(|time| time.0), &clients(|time| time.1), Duration::from_nanos(nanos)).unwrap();
            prop_assert!((0.0..=100.0).contains(&share), "{share}");
        }
    }
}
