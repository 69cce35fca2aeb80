//! Display devices on the PCI bus, and whose they are (kernel: `Documentation/ABI/testing/sysfs-bus-pci`). Where there is no
//! such tree there are none.

use std::fs;
use std::path::{Path, PathBuf};

use crate::source::entries;

/// NVIDIA's number in the PCI vendor list.
const NVIDIA: &str = "0x10de";

/// The driver that NVML asks, in `/sys/bus/pci/drivers`.
pub(super) const NVIDIA_DRIVER: &str = "nvidia";

/// Drivers that hand a device on, to a virtual machine for the most part, beside those named after VFIO (kernel:
/// `Documentation/driver-api/vfio.rst`).
const LENDERS: [&str; 2] = ["pci-stub", "pciback"];

/// The folder of all devices, by address, under `sys` (normally `/sys`).
pub(super) fn devices(sys: &Path) -> PathBuf {
    sys.join("bus/pci/devices")
}

/// Whether the device at `folder` is one that displays, or computes as one that displays does.
pub(super) fn is_display(folder: &Path) -> bool {
    text(folder, "class").starts_with("0x03")
}

/// Whether it is such a one of NVIDIA's, whichever driver it has.
pub(super) fn is_nvidias(folder: &Path) -> bool {
    text(folder, "vendor") == NVIDIA && is_display(folder)
}

/// Whether there is such a one, which is not lent.
pub(crate) fn has_nvidias(sys: &Path) -> bool {
    let is_here = |folder: &Path| is_nvidias(folder) && !lends(driver(folder).as_deref());
    entries(&devices(sys)).any(|entry| is_here(&entry.path()))
}

/// The name of the driver of the device at `folder`, if it has one.
pub(super) fn driver(folder: &Path) -> Option<String> {
    Some(fs::read_link(folder.join("driver")).ok()?.file_name()?.to_str()?.to_owned())
}

/// Whether this driver hands a device on: nothing is wrong with it, and it is not this machine's for now.
pub(super) fn lends(driver: Option<&str>) -> bool {
    driver.is_some_and(|driver| driver.contains("vfio") || LENDERS.contains(&driver))
}

/// Whether the device at an address is there, and lent.
pub(super) fn is_lent(sys: &Path, address: Option<&str>) -> bool {
    address.is_some_and(|address| lends(driver(&devices(sys).join(address)).as_deref()))
}

/// The text of a file of the device at `folder`; none where there is no such file.
pub(super) fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_default().trim().to_owned()
}
