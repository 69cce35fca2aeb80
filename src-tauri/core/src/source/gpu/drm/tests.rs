//! The kernel's files of real kinds of GPUs as trees: what is shown of them, and what is not even opened.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::time::Duration;

use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, inotify, mknodat};
use serde_json::json;

use super::super::details::Inspect as _;
use super::machine::{ARC, ARC_B580, IGPU, Machine, RX, RX_7900_XTX, UHD_770, is};
use super::*;
use crate::channel::gpu_event;
use crate::collector::{Collector, Roots};
use crate::feed::{Feed as _, Snapshot};

#[test]
fn a_discrete_amd_card_has_every_figure() {
    let mut machine = Machine::new(&[RX_7900_XTX]);
    let expected = json!({
        "gpu_id": "AMD-6c4f2b1d9a83e057", "index": 0, "name": "AMD Radeon RX 7900 XTX", "timestamp": 1_000,
        "utilization": 87.0, "memory_bandwidth": 41.0, "memory_used": 9_126_805_504_u64,
        "memory_total": 25_753_026_560_u64, "temperature": 62.0, "power_draw": 314.0, "power_limit": 339.0,
        "fan_speed": 40.0, "sm_clock": 2_371.0, "sm_clock_max": 2_526.0, "memory_clock": 1_249.0,
        "pcie_generation": 4.0, "pcie_width": 8.0,
        "performance_state": "unsupported", "clock_limits": "unsupported",
    });
    is(&machine.one(), &expected);

    // The table of revision 1.3: limited by the hot spot's temperature.
    let mut table = vec![0_u8; 120];
    (table[0], table[2], table[3], table[116]) = (120, 1, 3, 1 << 4);
    fs::write(machine.path(&format!("sys/{RX}/gpu_metrics")), table).unwrap();
    let slot = "devices/pci0000:00/0000:00:01.1/0000:01:00.0";
    machine.set(slot, "max_link_speed", "16.0 GT/s PCIe");
    machine.set(slot, "max_link_width", "16");
    machine.set(RX, "hwmon/hwmon4/power1_average", "");
    machine.set(RX, "hwmon/hwmon4/power1_input", "18500000");
    fs::remove_file(machine.path(&format!("sys/{RX}/hwmon/hwmon4/pwm1"))).unwrap();
    let expected = json!({"clock_limits": ["software_thermal"], "power_draw": 18.5, "fan_speed": 46.5,
        "pcie_width": 8.0, "pcie_generation_max": 4.0, "pcie_width_max": 16.0});
    is(&machine.one(), &expected);
}

#[test]
fn an_intel_processors_gpu_is_as_busy_as_the_programs_in_sight_keep_it() {
    let mut machine = Machine::new(&[UHD_770]);
    let program = |machine: &Machine, render: u64, video: u64| {
        let text = format!(
            "drm-driver: i915\ndrm-client-id: 7\ndrm-pdev: 0000:00:02.0\ndrm-engine-render: {render} ns\n\
             drm-engine-video: {video} ns\ndrm-engine-capacity-video: 2\n"
        );
        machine.write("proc/20/fdinfo/3", &text);
    };
    program(&machine, 1_000_000_000, 0);
    fs::create_dir_all(machine.path("proc/20/fd")).unwrap();
    symlink("/dev/dri/renderD128", machine.path("proc/20/fd/3")).unwrap();
    let first = json!({
        "gpu_id": "PCI-0000:00:02_0", "name": "Intel 4680", "utilization": "starting", "sm_clock": 1_300.0,
        "sm_clock_max": 1_550.0, "clock_limits": ["power_cap", "software_thermal"],
        "memory_used": "shared", "memory_total": "shared", "temperature": "unsupported",
        "power_draw": "unsupported", "pcie_generation": "unsupported", "fan_speed": "unsupported",
    });
    is(&machine.one(), &first);
    program(&machine, 1_250_000_000, 1_400_000_000);
    is(&machine.one(), &json!({"utilization": 70.0, "missing": machine.one().missing}));
}

#[test]
fn an_intel_card_takes_the_power_that_its_energy_grows_by() {
    let mut machine = Machine::new(&[ARC_B580]);
    machine.write("proc/20/fdinfo/3", "drm-client-id: 1\ndrm-cycles-rcs: 100\ndrm-total-cycles-rcs: 1000\n");
    fs::create_dir_all(machine.path("proc/20/fd")).unwrap();
    symlink("/dev/dri/card1", machine.path("proc/20/fd/3")).unwrap();
    let first = json!({
        "gpu_id": "PCI-0000:04:00_0", "name": "Intel Arc B580", "memory_total": 12_884_901_888_u64,
        "temperature": 58.0, "power_limit": 190.0, "sm_clock": 2_850.0, "sm_clock_max": 2_900.0,
        "clock_limits": [], "pcie_generation": 4.0, "pcie_width": 8.0,
        "power_draw": "starting", "utilization": "starting", "memory_used": "unsupported", "fan_speed": "unsupported",
    });
    is(&machine.one(), &first);
    machine.set(ARC, "hwmon/hwmon3/energy1_input", "5125500000");
    machine.write("proc/20/fdinfo/3", "drm-client-id: 1\ndrm-cycles-rcs: 850\ndrm-total-cycles-rcs: 2000\n");
    is(&machine.one(), &json!({"power_draw": 125.5, "utilization": 75.0}));
    machine.set(ARC, "hwmon/hwmon3/energy1_input", "17");
    machine.set(ARC, "hwmon/hwmon3/power1_max", "0");
    is(&machine.one(), &json!({"power_draw": "counter_reset", "power_limit": "unsupported"}));
}

#[test]
fn a_card_without_a_sensor_at_its_edge_has_the_temperature_of_its_junction() {
    let tree: String = RX_7900_XTX.split_inclusive('\n').filter(|line| !line.contains("/temp1_")).collect();
    let mut machine = Machine::new(&[&tree]);
    is(&machine.one(), &json!({"temperature": 81.0}));
    machine.set(RX, "hwmon/hwmon4/temp2_emergency", "110000");
    let mut details = DrmDetails::new(Arc::clone(&machine.drm.access));
    assert_eq!(details.inspect("AMD-6c4f2b1d9a83e057").unwrap().shutdown_temperature, Some(110.0));
}

/// As a virtual machine may put it there.
#[test]
fn an_intel_card_on_the_processors_bus_is_no_part_of_the_processor() {
    let there = "0000:00:04.0";
    let tree = ARC_B580.replace("0000:00:01.0/0000:02:00.0/0000:03:01.0/0000:04:00.0", there);
    let tree = tree.replace("0000:04:00.0", there);
    let without =
        |folder: &str| -> String { tree.split_inclusive('\n').filter(|line| !line.starts_with(folder)).collect() };
    let i915 = without("tile0/").replace("drivers/xe", "drivers/i915").replace("name = xe", "name = i915");
    let memory = json!(12_884_901_888_u64);
    for (tree, total) in [(&tree, &memory), (&without("hwmon/"), &memory), (&i915, &json!("unsupported"))] {
        let mut machine = Machine::new(&[tree]);
        let expected = json!({"gpu_id": "PCI-0000:00:04_0", "memory_total": total, "memory_used": "unsupported"});
        is(&machine.one(), &expected);
        let mut details = DrmDetails::new(Arc::new(Access::new(machine.path("proc"), machine.path("sys"))));
        assert_eq!(details.inspect("PCI-0000:00:04_0").unwrap().shared_memory, Some(false), "{tree}");
    }
}

#[test]
fn a_card_in_full_says_who_uses_it() {
    let machine = Machine::new(&[RX_7900_XTX]);
    for (file, text) in [
        ("vbios_version", "113-D70401-00"),
        ("hwmon/hwmon4/temp1_crit", "100000"),
        ("hwmon/hwmon4/temp1_emergency", "105000"),
        ("hwmon/hwmon4/power1_cap_max", "390000000"),
    ] {
        machine.set(RX, file, text);
    }
    let client = |machine: &Machine, gfx: u64, compute: u64| {
        let text = format!(
            "drm-driver: amdgpu\ndrm-client-id: 9\ndrm-memory-vram: 2048 KiB\ndrm-resident-vram: 3072 KiB\n\
             drm-resident-gtt: 9 MiB\ndrm-engine-gfx: {gfx} ns\ndrm-engine-compute: {compute} ns\ndrm-engine-enc: 0 ns\n"
        );
        machine.write("proc/20/fdinfo/3", &text);
    };
    client(&machine, 5, 0);
    machine.write("proc/20/cmdline", "/usr/bin/blender\0scene");
    fs::create_dir_all(machine.path("proc/20/fd")).unwrap();
    symlink("/dev/dri/renderD129", machine.path("proc/20/fd/3")).unwrap();
    let mut details = DrmDetails::new(Arc::new(Access::new(machine.path("proc"), machine.path("sys"))));
    let id = "AMD-6c4f2b1d9a83e057";
    let first = details.inspect(id).unwrap();
    assert_eq!((first.hotspot_temperature, first.memory_temperature), (Some(81.0), Some(74.0)));
    assert_eq!((first.slowdown_temperature, first.shutdown_temperature), (Some(100.0), Some(105.0)));
    assert_eq!((first.power_limit_max, first.missing["power_limit_min"]), (Some(390.0), Reason::Unsupported));
    assert_eq!(first.vbios_version.as_deref(), Some("113-D70401-00"));
    assert_eq!((first.sm_clock_max, first.memory_clock_max), (Some(2_526.0), Some(1_249.0)));
    assert_eq!((first.gtt_total, first.gtt_used), (Some(33_554_432_000), Some(104_857_600)));
    let uses = &first.processes.as_ref().unwrap()[0];
    assert_eq!((uses.pid, uses.name.as_deref(), uses.memory), (20, Some("blender"), Some(3 << 20)));
    assert_eq!((uses.graphics, uses.compute, uses.sm), (true, false, None), "what it did before is not known");

    client(&machine, u64::MAX, 7);
    let uses = details.inspect(id).unwrap().processes.unwrap().remove(0);
    assert_eq!((uses.sm, uses.compute, uses.encoder), (Some(100.0), true, None));
    machine.set(RX, "power/runtime_status", "suspended");
    let asleep = details.inspect(id).unwrap();
    assert_eq!((asleep.reason, asleep.hotspot_temperature), (Some(Reason::Asleep), None));
    assert_eq!(details.inspect("GPU-another"), None);
}

/// What is opened of a folder and those in it.
struct Opened(OwnedFd, Vec<(i32, String)>);

impl Opened {
    fn watch(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let inotify = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
        let watch = |folder: PathBuf| {
            let id = inotify::add_watch(&inotify, &folder, inotify::WatchFlags::OPEN).unwrap();
            (id, folder.file_name().unwrap().to_str().unwrap().to_owned())
        };
        let folders = folders.into_iter().map(watch).collect();
        Self(inotify, folders)
    }

    fn files(&self) -> BTreeSet<String> {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4_096];
        let mut reader = inotify::Reader::new(&self.0, &mut buffer);
        let mut files = BTreeSet::new();
        while let Ok(event) = reader.next() {
            let folder = self.1.iter().find(|(id, _)| *id == event.wd()).map_or("?", |(_, name)| name);
            files.insert(format!("{folder}/{}", event.file_name().map_or("", |name| name.to_str().unwrap())));
        }
        files
    }
}

#[test]
fn nothing_of_a_card_asleep_is_opened_but_its_runtime_status() {
    let mut machine = Machine::new(&[RX_7900_XTX]);
    machine.set(RX, "power/runtime_status", "suspended");
    machine.tick(); // it is found and named
    let folder = machine.path(&format!("sys/{RX}"));
    let opened = Opened::watch(["", "power", "hwmon", "hwmon/hwmon4", "drm", "drm/card1"].map(|sub| folder.join(sub)));
    for _ in 0..3 {
        let asleep = machine.one();
        assert!(asleep.missing.len() == 14 && asleep.missing.values().all(|why| *why == Reason::Asleep), "{asleep:#?}");
        assert_eq!(asleep.name, "AMD Radeon RX 7900 XTX");
    }
    assert_eq!(opened.files(), BTreeSet::from(["power/runtime_status".to_owned()]));
    machine.set(RX, "power/runtime_status", "active");
    is(&machine.one(), &json!({"utilization": 87.0, "gpu_id": "AMD-6c4f2b1d9a83e057"}));
    assert!(opened.files().contains("hwmon4/temp1_input"), "the watch sees what is read");
}

#[test]
fn a_card_that_has_nothing_to_do_is_left_alone_so_that_it_can_fall_asleep() {
    let mut machine = Machine::new(&[RX_7900_XTX]);
    machine.tick();
    let at = |machine: &mut Machine, second| machine.drm.cards[0].read(Duration::from_secs(second)).err();
    machine.set(RX, "gpu_busy_percent", "0");
    machine.set(RX, "drm/card1/card1-DP-1/enabled", "enabled");
    for second in 0..100 {
        assert_eq!(at(&mut machine, second), None, "one that shows the desktop is not");
    }
    machine.set(RX, "drm/card1/card1-DP-1/enabled", "disabled");
    let left = (100..200).find(|second| at(&mut machine, *second).is_some());
    assert_eq!(left, Some(161), "after a minute");
    assert_eq!(at(&mut machine, 162), Some(Reason::Asleep));
    assert_eq!(at(&mut machine, 180), None, "something keeps it awake");
}

/// The engines that transcode have clocks of their own: of xe as a GT of the tile, of i915 as one of the card.
#[test]
fn an_intel_gpu_that_only_transcodes_is_not_left_alone() {
    for (tree, folder, render, media) in [
        (ARC_B580, ARC, "tile0/gt0/freq0/act_freq", "tile0/gt1/freq0/act_freq"),
        (UHD_770, IGPU, "drm/card0/gt/gt0/rps_act_freq_mhz", "drm/card0/gt/gt1/rps_act_freq_mhz"),
    ] {
        let mut machine = Machine::new(&[tree]);
        machine.tick();
        let at = |machine: &mut Machine, second| machine.drm.cards[0].read(Duration::from_secs(second)).err();
        machine.set(folder, render, "0");
        machine.set(folder, media, "400");
        for second in 0..100 {
            assert_eq!(at(&mut machine, second), None, "{folder} transcodes");
        }
        machine.set(folder, media, "0");
        let left = (100..200).find(|second| at(&mut machine, *second).is_some());
        assert_eq!(left, Some(161), "{folder} a minute after that");
    }
}

#[test]
fn gpus_come_and_go_and_one_in_anothers_slot_is_another() {
    let mut machine = Machine::new(&[UHD_770, RX_7900_XTX]);
    let ids = |gpus: &[GpuMetrics]| gpus.iter().map(|gpu| (gpu.gpu_id.clone(), gpu.index)).collect::<Vec<_>>();
    let both = machine.tick();
    let rx = both.iter().position(|gpu| gpu.gpu_id == "AMD-6c4f2b1d9a83e057").unwrap();
    assert_eq!(both[rx].utilization, Some(87.0));
    for name in ["card1", "card1-DP-1", "renderD129"] {
        fs::remove_file(machine.path(&format!("sys/class/drm/{name}"))).unwrap();
    }
    fs::remove_dir_all(machine.path("sys/devices/pci0000:00/0000:00:01.1")).unwrap();
    let lost = machine.tick();
    assert_eq!(ids(&lost), ids(&both), "it is not forgotten");
    assert!(lost[rx].missing.values().all(|why| *why == Reason::Lost), "{:#?}", lost[rx]);
    assert_eq!(lost[1 - rx].sm_clock, Some(1_300.0));

    machine.plug(&[&RX_7900_XTX.replace("6c4f2b1d9a83e057", "0123456789abcdef")]);
    let other = machine.tick();
    assert_eq!(ids(&other)[2], ("AMD-0123456789abcdef".to_owned(), 2));
    assert_eq!((other[2].utilization, other[rx].utilization), (Some(87.0), None));

    fs::remove_dir_all(machine.path("sys/devices/pci0000:00/0000:00:01.1")).unwrap();
    machine.tick();
    machine.plug(&[&RX_7900_XTX.lines().filter(|line| !line.starts_with("class/")).collect::<Vec<_>>().join("\n")]);
    let back = machine.tick();
    assert_eq!((back[rx].utilization, back[2].utilization), (Some(87.0), None), "the first is back");
}

#[test]
fn one_that_is_lent_to_a_virtual_machine_is_not_lost() {
    let mut machine = Machine::new(&[UHD_770, RX_7900_XTX]);
    let mut details = DrmDetails::new(Arc::clone(&machine.drm.access));
    let rx = "AMD-6c4f2b1d9a83e057";
    let ids = |machine: &mut Machine| machine.tick().into_iter().map(|gpu| gpu.gpu_id).collect::<Vec<_>>();
    let both = ids(&mut machine);
    for name in ["card1", "card1-DP-1", "renderD129"] {
        fs::remove_file(machine.path(&format!("sys/class/drm/{name}"))).unwrap();
    }
    assert_eq!(ids(&mut machine), both, "it has no driver");
    let lost = details.inspect(rx).unwrap();
    assert_eq!((lost.reason, lost.pci_address.as_deref()), (Some(Reason::Lost), Some("0000:03:00.0")));
    assert_eq!((lost.processes, lost.name.as_str()), (None, "AMD Radeon RX 7900 XTX"));

    let link = machine.path("sys/bus/pci/devices/0000:03:00.0");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&link);
    symlink(machine.path(&format!("sys/{RX}")), link).unwrap();
    let driver = machine.path(&format!("sys/{RX}/driver"));
    fs::remove_file(&driver).unwrap();
    symlink("../../../bus/pci/drivers/vfio-pci", &driver).unwrap();
    assert_eq!(ids(&mut machine), ["PCI-0000:00:02_0"]);

    fs::remove_dir_all(machine.path("sys/devices/pci0000:00/0000:00:01.1")).unwrap();
    machine.plug(&[RX_7900_XTX]);
    assert_eq!(ids(&mut machine), both, "it is given back");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// However cards are put in and taken out, each keeps its id and its number, and has figures exactly while it is in.
    #[test]
    fn cards_that_come_and_go_stay_themselves(moves in prop::collection::vec((0..3_usize, any::<bool>()), 1..16)) {
        let mut machine = Machine::new(&[]);
        let slots: Vec<String> = (0..3).map(|slot| format!("0000:0{slot}:00.0")).collect();
        let trees: Vec<String> = (0..).zip(&slots).map(|(number, slot)| {
            let tree = RX_7900_XTX.replace("0000:03:00.0", slot).replace("card1", &format!("card{number}"));
            tree.replace("renderD129", &format!("renderD{}", 128 + number)).replace("6c4f2b1d9a83e057", &format!("{number}"))
        }).collect();
        let mut is_in = [false; 3];
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        for (slot, there) in moves {
            let folder = machine.path(&format!("sys/{}", RX.replace("0000:03:00.0", &slots[slot])));
            if there && !is_in[slot] {
                for link in [format!("card{slot}"), format!("card{slot}-DP-1"), format!("renderD{}", 128 + slot)] {
                    let _ = fs::remove_file(machine.path(&format!("sys/class/drm/{link}")));
                }
                machine.plug(&[&trees[slot]]);
            } else if !there && is_in[slot] {
                fs::remove_dir_all(folder).unwrap();
            }
            is_in[slot] = there;
            let gpus = machine.tick();
            for gpu in &gpus {
                let number: usize = gpu.gpu_id.strip_prefix("AMD-").unwrap().parse().unwrap();
                prop_assert_eq!(gpu.utilization.is_some(), is_in[number], "{}", gpu.gpu_id);
                prop_assert_eq!(*numbers.entry(gpu.gpu_id.clone()).or_insert(gpu.index), gpu.index);
            }
            let indices: Vec<u32> = gpus.iter().map(|gpu| gpu.index).collect();
            prop_assert_eq!(indices, (0..).take(numbers.len()).collect::<Vec<u32>>());
        }
    }
}

#[test]
fn nvmls_gpus_are_left_to_it_with_their_numbers_and_displays_without_a_gpu_are_none() {
    let mut machine = Machine::new(&[UHD_770]);
    for (card, driver, vendor) in [(5, "nvidia", "0x10de"), (6, "simpledrm", "0x1234"), (7, "vfio-pci", "0x10de")] {
        let folder = format!("devices/pci0000:00/0000:0{card}:00.0");
        machine.set(&folder, "vendor", vendor);
        machine.set(&folder, "class", "0x030000");
        let link = |target: &str, path: String| {
            let path = machine.path(&format!("sys/{path}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            symlink(target, path).unwrap();
        };
        link(&format!("../../../bus/pci/drivers/{driver}"), format!("{folder}/driver"));
        link(&format!("../../../0000:0{card}:00.0"), format!("{folder}/drm/card{card}/device"));
        link(&format!("../../{folder}/drm/card{card}"), format!("class/drm/card{card}"));
        link(&format!("../../../{folder}"), format!("bus/pci/devices/0000:0{card}:00.0"));
    }
    is(&machine.one(), &json!({"gpu_id": "PCI-0000:00:02_0", "index": 1}));
    assert!(Machine::new(&[]).tick().is_empty());
}

#[test]
fn a_card_that_runs_on_nouveau_says_what_it_can() {
    let nouveau = UHD_770.replace("i915", "nouveau").replace("0x8086", "0x10de");
    let mut machine = Machine::new(&[&nouveau]);
    machine.set(IGPU, "hwmon/hwmon1/name", "nouveau");
    machine.set(IGPU, "hwmon/hwmon1/temp1_input", "41000");
    is(&machine.one(), &json!({"name": "NVIDIA 4680", "temperature": 41.0, "utilization": "unsupported"}));
}

/// A file that can't be read takes only its own figure away.
#[test]
fn a_figure_that_is_missing_takes_no_other_with_it() {
    for (file, field, text, reason) in [
        ("gpu_busy_percent", "utilization", "N/A", Reason::Failed),
        ("mem_info_vram_used", "memory_used", "", Reason::Unsupported),
        ("hwmon/hwmon4/temp1_input", "temperature", "", Reason::Unsupported),
        ("hwmon/hwmon4/freq1_input", "sm_clock", "", Reason::Unsupported),
        ("gpu_busy_percent", "utilization", "65535", Reason::Failed),
        ("hwmon/hwmon4/temp1_input", "temperature", "511000", Reason::Failed),
        ("hwmon/hwmon4/power1_average", "power_draw", "-1", Reason::Failed),
        ("hwmon/hwmon4/power1_average", "power_draw", "4294967295000000", Reason::Failed),
    ] {
        let mut machine = Machine::new(&[RX_7900_XTX]);
        machine.set(RX, file, text);
        let gpu = machine.one();
        assert_eq!(gpu.missing[field], reason, "{file}");
        let others: Vec<&String> = gpu.missing.keys().filter(|name| *name != field).collect();
        assert_eq!(others, ["clock_limits", "performance_state"], "{file}");
    }
}

/// Opening a pipe that nobody writes to does not return, like a read from a driver that waits for its card.
#[tokio::test]
async fn a_card_that_hangs_leaves_the_others_alone_and_comes_back() {
    const RX_ID: &str = "AMD-6c4f2b1d9a83e057";
    const IGPU_ID: &str = "PCI-0000:00:02_0";
    let machine = Machine::new(&[UHD_770, RX_7900_XTX]);
    let nvml = Some("/nonexistent/libnvidia-ml.so.1".into());
    let roots = Roots { proc: machine.path("proc"), sys: machine.path("sys"), gpus: None, nvml };
    let (collector, run) = Collector::start(&roots, Duration::from_millis(100)).unwrap();
    tokio::spawn(run);
    let until = async |what: &str, fits: &dyn Fn(&Snapshot, [Option<Reason>; 2]) -> bool| {
        let fits = |snapshot: &Arc<Snapshot>| {
            let status = |id| snapshot.metrics.channels.iter().find(|status| status.channel == gpu_event(id));
            let [Some(rx), Some(igpu)] = [RX_ID, IGPU_ID].map(status) else { return false };
            fits(snapshot, [rx.reason, igpu.reason])
        };
        let mut snapshots = collector.subscribe();
        let found = tokio::time::timeout(Duration::from_secs(20), snapshots.wait_for(fits)).await;
        let Ok(found) = found else { panic!("{what} never came; last: {:#?}", collector.current()) };
        Arc::clone(&found.unwrap())
    };
    until("both", &|_, reasons| reasons == [None, None]).await;

    let (file, pipe) = (machine.path(&format!("sys/{RX}/gpu_busy_percent")), machine.path("pipe"));
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
    fs::rename(&pipe, &file).unwrap();
    let alone = [Some(Reason::NotAnswering), None];
    let hangs = until("it alone does not answer", &|_, reasons| reasons == alone).await;
    let igpu = |snapshot: &Snapshot| snapshot.metrics.gpu.iter().find(|gpu| gpu.gpu_id == IGPU_ID).unwrap().clone();
    let goes_on = |now: &Snapshot, reasons| reasons == alone && now.metrics.tick >= hangs.metrics.tick + 5;
    let later = until("five ticks of the other", &goes_on).await;
    assert!(igpu(&later).timestamp > igpu(&hangs).timestamp && igpu(&later).sm_clock == Some(1_300.0));
    assert_eq!(collector.gpu_details(RX_ID).unwrap().await.reason, Some(Reason::NotAnswering));
    assert_eq!(collector.gpu_details(IGPU_ID).unwrap().await.reason, None);

    fs::rename(&file, &pipe).unwrap();
    machine.set(RX, "gpu_busy_percent", "12");
    fs::write(&pipe, "87\n").unwrap(); // what it waited for
    let back = |now: &Snapshot, reasons| {
        reasons == [None, None] && now.metrics.gpu.iter().any(|gpu| gpu.utilization == Some(12.0))
    };
    until("it is back", &back).await;
}
