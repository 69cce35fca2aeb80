//! What compressed swap and disks in memory take: the third number of each `mm_stat`
//! (kernel: Documentation/admin-guide/blockdev/zram.rst).

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::entries;
use super::super::every::Every;
use super::super::proc_file::Attribute;
use crate::metrics::Reason;

/// All zram devices of this machine.
#[derive(Debug)]
pub(super) struct Zram {
    block: PathBuf,
    devices: Vec<Attribute>,
    /// Looks for devices that were added.
    look: Every,
}

impl Zram {
    pub(super) fn new(sys: &Path) -> Self {
        Self { block: sys.join("block"), devices: Vec::new(), look: Every::minute() }
    }

    /// Bytes at `now`.
    ///
    /// # Errors
    /// `Absent` without such a device.
    pub(super) fn used(&mut self, now: Duration) -> Result<u64, Reason> {
        if self.look.is_due(now) {
            self.devices = devices(&self.block);
        }
        let used = self.devices.iter_mut().filter_map(|device| device.number(2));
        used.reduce(u64::saturating_add).ok_or(Reason::Absent)
    }
}

fn devices(block: &Path) -> Vec<Attribute> {
    let zram = entries(block).filter(|entry| entry.file_name().to_string_lossy().starts_with("zram"));
    zram.map(|entry| Attribute::new(entry.path().join("mm_stat"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_devices_are_added_up_and_later_ones_found() {
        let root = tempfile::tempdir().unwrap();
        let mut zram = Zram::new(root.path());
        let minute = Duration::from_mins(1);
        assert_eq!(zram.used(Duration::ZERO), Err(Reason::Absent));
        for (name, text) in [("zram0", "9 8 700 0\n"), ("zram1", "9 8 50 0\n"), ("sda", "1 2 3\n")] {
            let folder = root.path().join("block").join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("mm_stat"), text).unwrap();
        }
        assert_eq!(zram.used(minute / 2), Err(Reason::Absent), "not looked for at every sample");
        assert_eq!(zram.used(minute), Ok(750));
        std::fs::remove_dir_all(root.path().join("block/zram0")).unwrap();
        assert_eq!(zram.used(2 * minute), Ok(50), "one that is gone is forgotten");
    }
}
