//! The files of AMD's and Intel's GPUs: a card's of amdgpu, and a program's account of what it used.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telltale_core::source::gpu::Drm;
use telltale_fuzz::{Tree, twice};

fuzz_target!(|data: &[u8]| {
    let tree = Tree::new(&["class/drm/card0/device/vendor", "class/drm/card0/device/uevent", "class/drm/card0/device/gpu_busy_percent", "class/drm/card0/device/mem_info_vram_used", "class/drm/card0/device/mem_info_vram_total", "class/drm/card0/device/pp_dpm_sclk", "class/drm/card0/device/hwmon/hwmon0/name", "class/drm/card0/device/hwmon/hwmon0/temp1_input", "class/drm/card0/device/hwmon/hwmon0/power1_average", "class/drm/card0/device/current_link_speed", "class/drm/card0/device/current_link_width", "1/fdinfo/3"]);
    twice(&tree, &mut Drm::new(&tree.root(), &tree.root()), data);
});
