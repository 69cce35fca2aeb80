//! One GPU in sysfs: which driver it has, whether it sleeps, and then what that driver says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::Identity;
use super::super::sleep::{self, Power, Sleep};
use super::figures::Figures;
use super::hwmon::{DEGREES, WATTS, sensor};
use super::{amdgpu, intel, link};
use crate::metrics::Reason;
use crate::source::{entries, sysfs};

/// The kernel drivers whose GPUs are read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Driver {
    Amdgpu,
    I915,
    Xe,
    Nouveau,
}

impl Driver {
    /// By its folder's name in `/sys/bus/pci/drivers`, which is also its hwmon's.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Amdgpu, Self::I915, Self::Xe, Self::Nouveau].into_iter().find(|driver| driver.name() == name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Amdgpu => "amdgpu",
            Self::I915 => "i915",
            Self::Xe => "xe",
            Self::Nouveau => "nouveau",
        }
    }
}

/// A GPU that is there.
#[derive(Debug)]
pub(super) struct Card {
    /// Its PCI device's own folder.
    pub(super) folder: PathBuf,
    pub(super) driver: Driver,
    pub(super) identity: Identity,
    /// Its device nodes, such as `card0` and `renderD128`.
    pub(super) nodes: Vec<String>,
    sleep: Sleep,
    limits: amdgpu::Limits,
}

impl Card {
    pub(super) fn new(folder: PathBuf, driver: Driver, identity: Identity, nodes: Vec<String>) -> Self {
        Self { folder, driver, identity, nodes, sleep: Sleep::default(), limits: amdgpu::Limits::default() }
    }

    /// Its figures, unless it sleeps or is left alone so that it can.
    pub(super) fn read(&mut self, now: Duration) -> Result<Figures, Reason> {
        let power = self.power();
        if !self.sleep.may_ask(power, now) {
            return Err(Reason::Asleep);
        }
        let hwmon = self.hwmon();
        let hwmon = hwmon.as_deref();
        let mut figures = match self.driver {
            Driver::Amdgpu => amdgpu::read(&self.folder, hwmon, &mut self.limits),
            Driver::I915 => intel::read_i915(&self.node(), hwmon),
            Driver::Xe => intel::read_xe(&self.folder, hwmon),
            Driver::Nouveau => nouveau(hwmon),
        };
        if self.is_in_the_processor() {
            figures.memory_used = Err(Reason::Shared);
            figures.memory_total = Err(Reason::Shared);
        }
        let [generation, width] = link::generation_and_width(&self.folder);
        figures.put("pcie_generation", generation);
        figures.put("pcie_width", width);
        let [generation, width] = link::most(&self.folder);
        figures.put("pcie_generation_max", generation);
        figures.put("pcie_width_max", width);
        let idle = figures.is_idle() && !self.shows_a_picture();
        // Nothing is held open: to let go of it is to leave it alone for a while.
        self.sleep.lets_go(power, idle, now);
        Ok(figures)
    }

    /// MHz that its clocks can reach, of what computes and of the memory.
    pub(super) fn clocks_at_most(&mut self) -> [Result<f64, Reason>; 2] {
        let none = Err(Reason::Unsupported);
        match self.driver {
            Driver::Amdgpu => amdgpu::clocks_at_most(&self.folder, &mut self.limits),
            Driver::I915 => [intel::i915_clock_at_most(&self.node()), none],
            Driver::Xe => [intel::xe_clock_at_most(&self.folder), none],
            Driver::Nouveau => [none; 2],
        }
    }

    /// What runtime power management says of it (kernel: `Documentation/ABI/testing/sysfs-devices-power`).
    pub(super) fn power(&self) -> Power {
        sleep::power(&self.folder)
    }

    /// Whether it is a part of Intel's processor, on its own bus, without memory of its own. AMD's have some. In a virtual machine
    /// a card may be on that bus too: it has sensors, or tells its memory (a virtual function), which only cards do.
    pub(super) fn is_in_the_processor(&self) -> bool {
        let bridge = || self.folder.parent().and_then(|above| sysfs::hexadecimal(&above.join("vendor")));
        let on_its_bus = matches!(self.driver, Driver::I915 | Driver::Xe) && bridge().is_none();
        let has_memory = || intel::xe_memory(&self.folder).is_ok_and(|bytes| bytes > 0);
        on_its_bus && self.hwmon().is_none() && !has_memory()
    }

    /// Whether its memory is a part of the system's beside its own: of a processor's GPU of AMD's.
    pub(super) fn uses_system_memory(&mut self) -> bool {
        self.driver == Driver::Amdgpu && amdgpu::uses_system_memory(&self.folder, &mut self.limits)
    }

    /// Its node for displays: the folder of what belongs to the GPU rather than to the PCI device.
    fn node(&self) -> PathBuf {
        let card = self.nodes.iter().find(|node| node.starts_with("card")).map_or("card0", String::as_str);
        self.folder.join("drm").join(card)
    }

    /// Whether a monitor is lit by it; it does not fall asleep then.
    pub(super) fn shows_a_picture(&self) -> bool {
        let mut connectors = entries(&self.node()).map(|entry| entry.path().join("enabled"));
        connectors.any(|file| sysfs::text(&file).is_ok_and(|is| is == "enabled"))
    }

    pub(super) fn hwmon(&self) -> Option<PathBuf> {
        let of_driver =
            |folder: &PathBuf| sysfs::text(&folder.join("name")).is_ok_and(|name| name == self.driver.name());
        sysfs::numbered(&self.folder.join("hwmon"), "hwmon").into_iter().find(of_driver)
    }
}

/// nouveau tells how warm a card is, and of some how much power it takes (kernel: `Documentation/gpu/nouveau.rst`).
fn nouveau(hwmon: Option<&Path>) -> Figures {
    let mut figures = Figures::default();
    figures.put("temperature", sensor(hwmon, "temp1_input", DEGREES));
    figures.put("power_draw", sensor(hwmon, "power1_input", WATTS));
    figures
}
