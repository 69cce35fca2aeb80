//! What a PCI device is called: the lists of ids that distributions install for lspci and libdrm.

use std::fs;
use std::path::Path;

use crate::source::sysfs;

/// The vendors whose GPUs are named here, with their brands.
const BRANDS: [(u32, &str); 3] = [(0x1002, "AMD"), (0x8086, "Intel"), (0x10de, "NVIDIA")];

/// Lists of ids under `/usr/share`: libdrm's has the products' names by revision, the others those of chips.
const AMDGPU_IDS: &str = "libdrm/amdgpu.ids";
const PCI_IDS: [&str; 2] = ["misc/pci.ids", "hwdata/pci.ids"];

/// The name of the device at `folder` (`AMD Radeon RX 7900 XTX`), by the lists under `share`; its vendor and number
/// (`AMD 744c`) where none has it.
pub(super) fn name(folder: &Path, share: &Path) -> String {
    let id = |file: &str| sysfs::hexadecimal(&folder.join(file)).unwrap_or_default();
    let (vendor, device, revision) = (id("vendor"), id("device"), id("revision"));
    let product = || {
        let own = sysfs::text(&folder.join("product_name")).ok();
        own.filter(|name| !name.is_empty())
    };
    let read = |file: &str| fs::read_to_string(share.join(file)).ok();
    let brand = BRANDS.iter().find(|(id, _)| *id == vendor).map_or("GPU", |(_, brand)| *brand);
    let by_chip = || {
        let chip = PCI_IDS.iter().find_map(|file| chip(&read(file)?, vendor, device))?;
        Some(format!("{brand} {chip}"))
    };
    product()
        .or_else(|| read(AMDGPU_IDS).filter(|_| brand == "AMD").and_then(|ids| amd(&ids, device, revision)))
        .or_else(by_chip)
        .unwrap_or_else(|| format!("{brand} {device:04x}"))
}

/// A line of amdgpu.ids: `744C, C8, AMD Radeon RX 7900 XTX`, where tabs stand after the commas.
fn amd(ids: &str, device: u32, revision: u32) -> Option<String> {
    let hexadecimal = |text: &str| u32::from_str_radix(text.trim(), 16).ok();
    ids.lines().find_map(|line| {
        let mut fields = line.splitn(3, ',');
        let found = hexadecimal(fields.next()?)? == device && hexadecimal(fields.next()?)? == revision;
        fields.next().map(|name| name.trim().to_owned()).filter(|name| found && !name.is_empty())
    })
}

/// The name in pci.ids(5), where a vendor's devices follow it, each after a tab. What stands in brackets is the
/// product's name (`Navi 31 [Radeon RX 7900 XT]`).
fn chip(ids: &str, vendor: u32, device: u32) -> Option<String> {
    let (vendor, device) = (format!("{vendor:04x}  "), format!("\t{device:04x}  "));
    let mut lines = ids.lines().skip_while(|line| !line.starts_with(&vendor)).skip(1);
    let mut devices =
        lines.by_ref().take_while(|line| line.starts_with('\t') || line.starts_with('#') || line.is_empty());
    let name = devices.find_map(|line| line.strip_prefix(&device))?.trim();
    let product = name.rsplit_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(product, _)| product.trim());
    Some(product.filter(|product| !product.is_empty()).unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PCI: &str = "# comment\n1002  Advanced Micro Devices, Inc. [AMD/ATI]\n\t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX]\n\
        \t\t1002 0e3b  a board\n\t15bf  Phoenix1\n8086  Intel Corporation\n\t5690  DG2 [Arc A770M]\n\t744c  another's\n\
        C 03  Display controller\n";

    #[test]
    fn a_chip_by_its_vendor_and_number() {
        assert_eq!(chip(PCI, 0x1002, 0x744c).as_deref(), Some("Radeon RX 7900 XT/7900 XTX"));
        assert_eq!(chip(PCI, 0x1002, 0x15bf).as_deref(), Some("Phoenix1"));
        assert_eq!(chip(PCI, 0x8086, 0x5690).as_deref(), Some("Arc A770M"));
        assert_eq!(chip(PCI, 0x1002, 0x5690), None, "that is another vendor's");
        assert_eq!(chip(PCI, 0x10de, 0x744c), None);
    }

    #[test]
    fn a_product_by_its_revision() {
        const IDS: &str =
            "# List\n\n1.0.0\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n744C,\tCC,\tAMD Radeon RX 7900 XT\n15BF,\tC1\n";
        assert_eq!(amd(IDS, 0x744c, 0xcc).as_deref(), Some("AMD Radeon RX 7900 XT"));
        assert_eq!(amd(IDS, 0x744c, 0xff), None);
        assert_eq!(amd(IDS, 0x15bf, 0xc1), None);
    }
}
