//! A machine of its own for each test, with the kernel's files of real kinds of GPUs.

#[path = "fixtures/tree.rs"]
mod tree;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Access, Drm, Reading, Reason, Sample, Source as _, Stamped};
use crate::channel::gpu_event;
use crate::clock::Stamp;
use crate::metrics::GpuMetrics;
use tree::plant;

pub(super) const RX_7900_XTX: &str = include_str!("fixtures/rx-7900-xtx.tree");
pub(super) const RADEON_780M: &str = include_str!("fixtures/radeon-780m.tree");
pub(super) const UHD_770: &str = include_str!("fixtures/uhd-770.tree");
pub(super) const ARC_B580: &str = include_str!("fixtures/arc-b580.tree");

/// Where they are.
pub(super) const RX: &str = "devices/pci0000:00/0000:00:01.1/0000:01:00.0/0000:02:00.0/0000:03:00.0";
pub(super) const IGPU: &str = "devices/pci0000:00/0000:00:02.0";
pub(super) const ARC: &str = "devices/pci0000:00/0000:00:01.0/0000:02:00.0/0000:03:01.0/0000:04:00.0";

/// A machine of its own, with GPUs plugged in and out.
pub(super) struct Machine {
    root: TempDir,
    pub(super) drm: Drm,
    /// The sample before.
    previous: Option<Stamped<Sample>>,
    seconds: u64,
}

impl Machine {
    pub(super) fn new(trees: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let drm = Drm::sharing(Arc::new(Access::with_names(at("proc"), at("sys"), at("share"))));
        let machine = Self { root, drm, previous: None, seconds: 0 };
        machine.plug(trees);
        machine.write("share/libdrm/amdgpu.ids", "744C,\tC8,\tAMD Radeon RX 7900 XTX\n");
        machine.write("share/misc/pci.ids", "8086  Intel Corporation\n\te20b  Battlemage G21 [Arc B580]\n");
        fs::create_dir_all(machine.path("proc/1/fd")).unwrap();
        machine
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Puts more GPUs in.
    pub(super) fn plug(&self, trees: &[&str]) {
        for tree in trees {
            plant(tree, &self.path("sys"));
        }
    }

    pub(super) fn set(&self, folder: &str, file: &str, text: &str) {
        self.write(&format!("sys/{folder}/{file}"), &format!("{text}\n"));
    }

    /// What the payloads are a second later.
    pub(super) fn tick(&mut self) -> Vec<GpuMetrics> {
        self.seconds += 1;
        let mono = Duration::from_secs(self.seconds);
        let stamp = Stamp { mono, boot: mono, wall: 1_000 * i64::try_from(self.seconds).unwrap() };
        let now = Stamped { stamp, sample: self.drm.read().unwrap() };
        let reading = Drm::derive(self.previous.as_ref().ok_or(Reason::Starting), &now);
        self.previous = Some(now);
        let Reading::Gpu(reading) = reading else { panic!("{reading:?}") };
        assert_eq!(reading.problem.is_some(), reading.devices.is_empty());
        reading.devices
    }

    pub(super) fn one(&mut self) -> GpuMetrics {
        let gpus = self.tick();
        let [gpu] = gpus.as_slice() else { panic!("{gpus:#?}") };
        gpu.clone()
    }
}

/// Each field that is expected is so; each figure that is `null` has its reason.
pub(super) fn is(gpu: &GpuMetrics, expected: &Value) {
    assert_eq!(
        gpu_event(&gpu.gpu_id),
        format!("system/gpu/{}", gpu.gpu_id),
        "the event's name is made of the id as it is"
    );
    let mut payload = serde_json::to_value(gpu).unwrap();
    for (unsent, value) in [
        ("sm_clock_max", gpu.sm_clock_max),
        ("pcie_generation_max", gpu.pcie_generation_max),
        ("pcie_width_max", gpu.pcie_width_max),
    ] {
        payload[unsent] = json!(value);
    }
    for (field, value) in expected.as_object().unwrap() {
        let reason = value.as_str().filter(|_| payload[field].is_null());
        let shown = if reason.is_some() { &payload["missing"][field] } else { &payload[field] };
        assert_eq!(shown, value, "{field} of {payload:#}");
    }
    for name in gpu.missing.keys() {
        assert!(payload[name].is_null(), "{name} is not missing: {payload:#}");
    }
}
