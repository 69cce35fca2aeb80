//! A processor's GPU of AMD's: what it lacks, and whose memory it uses.

use std::os::unix::fs::symlink;

use serde_json::json;

use super::super::details::Inspect as _;
use super::machine::{Machine, RADEON_780M, is};
use super::*;

#[test]
fn an_amd_processors_gpu_says_which_figures_it_does_not_have() {
    let mut machine = Machine::new(&[RADEON_780M]);
    let expected = json!({
        "gpu_id": "PCI-0000:c1:00_0", "name": "AMD 15bf", "utilization": 3.0, "memory_used": 412_360_704,
        "memory_total": 536_870_912, "temperature": 44.0, "power_draw": 5.13, "sm_clock": 800.0,
        "sm_clock_max": 2_700.0,
        "memory_bandwidth": "unsupported", "power_limit": "unsupported", "fan_speed": "unsupported",
        "memory_clock": "unsupported", "pcie_generation": "unsupported", "pcie_width": "unsupported",
    });
    is(&machine.one(), &expected);
}

#[test]
fn the_memory_of_an_amd_processors_gpu_is_the_systems_beside_its_own() {
    const APU: &str = "devices/pci0000:00/0000:00:08.1/0000:c1:00.0";
    const ID: &str = "PCI-0000:c1:00_0";
    for (revision, held, total, used) in
        [(1, 2 << 20, 536_870_912, 412_360_704), (2, 11 << 20, 16_642_998_272_u64, 1_700_850_892_u64)]
    {
        let mut machine = Machine::new(&[RADEON_780M]);
        let table = machine.path(&format!("sys/{APU}/gpu_metrics"));
        fs::write(&table, [136, 0, revision, 4]).unwrap();
        let client = "drm-driver: amdgpu\ndrm-client-id: 9\ndrm-memory-vram: 2 MiB\ndrm-memory-gtt: 9 MiB\ndrm-memory-cpu: 4 MiB\n";
        machine.write("proc/20/fdinfo/3", client);
        fs::create_dir_all(machine.path("proc/20/fd")).unwrap();
        symlink("/dev/dri/renderD128", machine.path("proc/20/fd/3")).unwrap();
        let mut details = DrmDetails::new(Arc::new(Access::new(machine.path("proc"), machine.path("sys"))));
        let mut says = || {
            is(&machine.one(), &json!({"gpu_id": ID, "memory_used": used, "memory_total": total}));
            assert_eq!(details.inspect(ID).unwrap().processes.unwrap()[0].memory, Some(held), "revision {revision}");
        };
        says();
        // One that is reset gives no table.
        fs::write(&table, "").unwrap();
        says();
    }
    let mut machine = Machine::new(&[RADEON_780M]);
    fs::write(machine.path(&format!("sys/{APU}/gpu_metrics")), [136, 0, 3, 0]).unwrap();
    machine.set(APU, "mem_info_gtt_used", "");
    is(&machine.one(), &json!({"memory_used": "unsupported", "memory_total": 16_642_998_272_u64}));
}
