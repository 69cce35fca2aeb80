//! The files of AMD's and Intel's GPUs: a card's of amdgpu, one's of i915, and a program's account of what it used of each.
#![no_main]

use std::fs;
use std::os::unix::fs::symlink;

use libfuzzer_sys::fuzz_target;
use telltale_core::source::gpu::Drm;
use telltale_fuzz::{Tree, twice};

fuzz_target!(|data: &[u8]| {
    let tree = Tree::new(&["devices/0000:03:00.0/vendor", "devices/0000:03:00.0/gpu_busy_percent", "devices/0000:03:00.0/mem_info_vram_used", "devices/0000:03:00.0/mem_info_vram_total", "devices/0000:03:00.0/pp_dpm_sclk", "devices/0000:03:00.0/hwmon/hwmon0/name", "devices/0000:03:00.0/hwmon/hwmon0/temp1_input", "devices/0000:03:00.0/hwmon/hwmon0/power1_average", "devices/0000:03:00.0/current_link_speed", "devices/0000:03:00.0/current_link_width", "1/fdinfo/3", "devices/0000:00:02.0/drm/card1/gt/gt0/rps_act_freq_mhz", "devices/0000:00:02.0/drm/card1/gt/gt0/throttle_reason_status", "devices/0000:00:02.0/hwmon/hwmon1/name", "devices/0000:00:02.0/hwmon/hwmon1/energy1_input", "1/fdinfo/4", "devices/0000:03:00.0/gpu_metrics", "devices/0000:03:00.0/mem_info_gtt_used", "devices/0000:03:00.0/mem_info_gtt_total"]);
    let root = tree.root();
    for folder in ["1/fd", "class/drm"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for (slot, card, driver, descriptor) in [("0000:03:00.0", "card0", "amdgpu", "3"), ("0000:00:02.0", "card1", "i915", "4")] {
        let device = root.join("devices").join(slot);
        fs::create_dir_all(device.join("drm").join(card)).unwrap();
        symlink(format!("../drivers/{driver}"), device.join("driver")).unwrap();
        symlink(&device, device.join("drm").join(card).join("device")).unwrap();
        symlink(device.join("drm").join(card), root.join("class/drm").join(card)).unwrap();
        symlink(format!("/dev/dri/{card}"), root.join("1/fd").join(descriptor)).unwrap();
    }
    twice(&tree, &mut Drm::new(&root, &root), data);
});
