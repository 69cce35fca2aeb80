//! The PCI Express link that a card is reached through. A card may have a switch of its own: what its GPU says of
//! itself is then the link inside the card, and the slot's is what the switch says.

use std::path::Path;

use crate::metrics::Reason;
use crate::source::sysfs;

/// GT/s of each generation of PCI Express, in `current_link_speed` and `max_link_speed` (kernel: `Documentation/ABI/testing/sysfs-bus-pci`).
const SPEEDS: [(&str, f64); 6] = [("2.5", 1.0), ("5", 2.0), ("8", 3.0), ("16", 4.0), ("32", 5.0), ("64", 6.0)];

/// Generation and lanes of the slot's link now; `unsupported` for a GPU inside the processor.
pub(super) fn generation_and_width(folder: &Path) -> [Result<f64, Reason>; 2] {
    read(slot(folder), "current")
}

/// The same at most: the generation that both the card and the port above it can have, as NVML has it too, and the card's own lanes, since
/// a slot with fewer is worth a word.
pub(super) fn most(folder: &Path) -> [Result<f64, Reason>; 2] {
    let slot = slot(folder);
    let [generation, width] = read(slot, "max");
    let port = slot.parent().and_then(|port| read(port, "max")[0].ok());
    [generation.map(|own| port.map_or(own, |port| own.min(port))), width]
}

fn read(slot: &Path, which: &str) -> [Result<f64, Reason>; 2] {
    let generation = sysfs::text(&slot.join(format!("{which}_link_speed"))).and_then(|speed| {
        let number = speed.split_ascii_whitespace().next().unwrap_or_default();
        let number = number.strip_suffix(".0").unwrap_or(number);
        let found = SPEEDS.iter().find(|(name, _)| *name == number).map(|(_, generation)| *generation);
        found.ok_or(Reason::Unsupported)
    });
    let width = sysfs::number(&slot.join(format!("{which}_link_width")), 1.0);
    // 0 lanes, or 255 from a device that does not answer, is no link.
    let width =
        width.and_then(|lanes| if (1.0..=32.0).contains(&lanes) { Ok(lanes) } else { Err(Reason::Unsupported) });
    [generation, width]
}

/// The outermost bridge of the same vendor that is not the processor's own port: the card's switch, or the GPU itself.
fn slot(folder: &Path) -> &Path {
    let vendor = |folder: &Path| sysfs::hexadecimal(&folder.join("vendor"));
    let own = vendor(folder);
    let mut slot = folder;
    while let Some(above) = slot.parent()
        && vendor(above) == own
        && above.parent().and_then(vendor).is_some()
    {
        slot = above;
    }
    slot
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn device(folder: &Path, vendor: &str, speed: &str, width: &str) {
        fs::create_dir_all(folder).unwrap();
        for (file, value) in [("vendor", vendor), ("current_link_speed", speed), ("current_link_width", width)] {
            fs::write(folder.join(file), format!("{value}\n")).unwrap();
        }
    }

    #[test]
    fn the_slots_link_counts_not_the_one_inside_the_card() {
        let root = tempfile::tempdir().unwrap();
        let port = root.path().join("pci0000:00/0000:00:01.1");
        let (up, down) = (port.join("0000:01:00.0"), port.join("0000:01:00.0/0000:02:00.0"));
        let gpu = down.join("0000:03:00.0");
        device(&port, "0x1022", "8.0 GT/s PCIe", "8");
        device(&up, "0x1002", "8.0 GT/s PCIe", "8");
        device(&down, "0x1002", "16.0 GT/s PCIe", "16");
        device(&gpu, "0x1002", "16.0 GT/s PCIe", "16");
        assert_eq!(generation_and_width(&gpu), [Ok(3.0), Ok(8.0)]);

        // Intel's card behind Intel's processor: the port is not the card's.
        device(&port, "0x8086", "32.0 GT/s PCIe", "16");
        for folder in [&up, &down, &gpu] {
            fs::write(folder.join("vendor"), "0x8086\n").unwrap();
        }
        assert_eq!(generation_and_width(&gpu), [Ok(3.0), Ok(8.0)]);
        device(&port.join("0000:04:00.0"), "0x8086", "2.5 GT/s PCIe", "1");
        assert_eq!(generation_and_width(&port.join("0000:04:00.0")), [Ok(1.0), Ok(1.0)]);
    }

    #[test]
    fn a_link_can_have_the_generation_that_both_of_its_ends_can_have() {
        let root = tempfile::tempdir().unwrap();
        let port = root.path().join("pci0000:00/0000:00:01.1");
        let gpu = port.join("0000:03:00.0");
        device(&port, "0x1022", "8.0 GT/s PCIe", "8");
        device(&gpu, "0x1002", "8.0 GT/s PCIe", "8");
        let most_of = |folder: &Path, speed: &str, width: &str| {
            fs::write(folder.join("max_link_speed"), speed).unwrap();
            fs::write(folder.join("max_link_width"), width).unwrap();
        };
        most_of(&gpu, "16.0 GT/s PCIe\n", "16\n");
        assert_eq!(most(&gpu), [Ok(4.0), Ok(16.0)], "the port does not tell");
        most_of(&port, "8.0 GT/s PCIe\n", "8\n");
        assert_eq!(most(&gpu), [Ok(3.0), Ok(16.0)]);
        most_of(&port, "32.0 GT/s PCIe\n", "16\n");
        assert_eq!(most(&gpu), [Ok(4.0), Ok(16.0)]);
    }

    #[test]
    fn a_gpu_inside_the_processor_has_none() {
        let root = tempfile::tempdir().unwrap();
        device(root.path(), "0x8086", "Unknown", "0");
        assert_eq!(generation_and_width(root.path()), [Err(Reason::Unsupported); 2]);
    }
}
