//! A collector over the simulated library and a /sys of the test's own, for one test in a process: the environment and the
//! library's state belong to all of it.
#![allow(dead_code, reason = "each test uses what it needs of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use telltale_core::collector::{Collector, Roots};
use telltale_core::feed::{Feed as _, Snapshot};
use telltale_core::gpu_details::GpuDetails;
use telltale_core::metrics::GpuMetrics;

pub(crate) const INTERVAL: Duration = Duration::from_millis(100);
pub(crate) const SOON: Duration = Duration::from_secs(30);
pub(crate) const A: &str = "GPU-full-0";
pub(crate) const B: &str = "GPU-full-1";
pub(crate) const C: &str = "GPU-full-2";
pub(crate) const ADDRESSES: [&str; 3] = ["0000:18:00.0", "0000:19:00.0", "000f:01:00.0"];

/// A collector over a driver and a /sys of the test's own.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
    pub(crate) collector: Collector,
}

pub(crate) fn full() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/full.sim")).unwrap()
}

impl Machine {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = std::env::current_exe().unwrap().with_file_name("libnvml_sim.so");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("gpu.sim"), full()).unwrap();
        // SAFETY: no other thread of this process runs yet that reads the environment.
        unsafe {
            std::env::set_var("TELLTALE_NVML_SIM", at("gpu.sim"));
            std::env::set_var("TELLTALE_NVML_SIM_CALLS", at("calls"));
        }
        let roots = Roots { proc: "/proc".into(), sys: at("sys"), gpus: None, nvml: Some(library.into()) };
        let (collector, run) = Collector::start(&roots, INTERVAL).unwrap();
        tokio::spawn(run);
        Self { folder, collector }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts another script in the place of the one that runs.
    pub(crate) fn becomes(&self, script: &str) {
        fs::write(self.path("new"), script).unwrap();
        fs::rename(self.path("new"), self.path("gpu.sim")).unwrap();
    }

    /// What the kernel says of a device's sleep.
    pub(crate) fn power(&self, address: &str, control: &str, status: &str) {
        let folder = self.path("sys/bus/pci/devices").join(address);
        fs::create_dir_all(folder.join("power")).unwrap();
        for (file, value) in
            [("vendor", "0x10de"), ("class", "0x030200"), ("power/control", control), ("power/runtime_status", status)]
        {
            fs::write(folder.join(file), value).unwrap();
        }
    }

    /// Takes a device off the bus.
    pub(crate) fn take_out(&self, address: &str) {
        fs::remove_dir_all(self.path("sys/bus/pci/devices").join(address)).unwrap();
    }

    /// Which driver the kernel says that a device has.
    pub(crate) fn bind(&self, address: &str, driver: &str) {
        let link = self.path("sys/bus/pci/devices").join(address).join("driver");
        let _ = fs::remove_file(&link); // of the one before
        std::os::unix::fs::symlink(format!("../../../bus/pci/drivers/{driver}"), link).unwrap();
    }

    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        nvml_sim::calls::read(&self.path("calls")).unwrap()
    }

    pub(crate) fn count(&self, function: &str) -> u64 {
        self.calls().get(function).copied().unwrap_or(0)
    }

    /// Waits until a function has been called.
    pub(crate) async fn until_called(&self, function: &str) {
        let begun = Instant::now();
        while self.count(function) == 0 {
            assert!(begun.elapsed() < SOON, "{function} was never called: {:?}", self.calls());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The first snapshot that fits, or a failure that shows the last one.
    pub(crate) async fn until(&self, what: &str, fits: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut snapshots = self.collector.subscribe();
        let waited = tokio::time::timeout(SOON, snapshots.wait_for(|snapshot| fits(snapshot))).await;
        let Ok(snapshot) = waited else { panic!("{what} never came; last: {:#?}", self.collector.current()) };
        Arc::clone(&snapshot.unwrap())
    }

    pub(crate) async fn ticks(&self, more: u64) {
        let until = self.collector.current().metrics.tick + more;
        self.until("the next ticks", |snapshot| snapshot.metrics.tick >= until).await;
    }

    pub(crate) async fn details(&self, gpu_id: &str) -> GpuDetails {
        self.collector.gpu_details(gpu_id).unwrap().await
    }

    /// The details as soon as they fit.
    pub(crate) async fn details_until(
        &self,
        gpu_id: &str,
        what: &str,
        fits: impl Fn(&GpuDetails) -> bool,
    ) -> GpuDetails {
        let begun = Instant::now();
        loop {
            let details = self.details(gpu_id).await;
            if fits(&details) {
                return details;
            }
            assert!(begun.elapsed() < SOON, "{what} never came; last: {details:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn gpu<'a>(snapshot: &'a Snapshot, gpu_id: &str) -> &'a GpuMetrics {
    snapshot.metrics.gpu.iter().find(|gpu| gpu.gpu_id == gpu_id).unwrap()
}
