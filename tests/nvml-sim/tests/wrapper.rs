//! The library as the core uses it: loaded by nvml-wrapper, its script changed while it runs. One test, since the
//! environment and the library's state belong to the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::error::NvmlError;

/// Cargo puts the library beside this test.
fn library() -> PathBuf {
    let path = std::env::current_exe().unwrap().with_file_name("libnvml_sim.so");
    assert!(path.is_file(), "{} is missing", path.display());
    path
}

const TWO: &str = "driver_version = 560.35\n[gpu]\nname = NVIDIA Test\nuuid = GPU-1\npci = 00000000:3B:00.0\n\
    memory_total = 24 GiB\nmemory_reserved = 1 GiB\nmemory_used = 6 GiB\nutilization = 42 %\nmemory_bandwidth = 7 %\n\
    temperature = 61 C\npower_draw = 123.456 W\nfan = 30 %\nsm_clock = 2310 MHz\npcie_width = 16\n[gpu]\nutilization = 5 %\n";

#[test]
fn answers_as_the_drivers_library_does() {
    let folder = tempfile::tempdir().unwrap();
    let (script, calls) = (folder.path().join("gpu.sim"), folder.path().join("calls"));
    // A new file in the old one's place: the library must never read half a script.
    let write = |text: &str| {
        fs::write(folder.path().join("new"), text).unwrap();
        fs::rename(folder.path().join("new"), &script).unwrap();
    };
    write("driver = not_loaded\n");
    // SAFETY: no other thread of this process runs yet that reads the environment.
    unsafe {
        std::env::set_var("TELLTALE_NVML_SIM", &script);
        std::env::set_var("TELLTALE_NVML_SIM_CALLS", &calls);
    }
    let init = || Nvml::builder().lib_path(library().as_os_str()).init();
    assert!(matches!(init(), Err(NvmlError::DriverNotLoaded)));
    write("driver = mismatch\n");
    assert!(matches!(init(), Err(NvmlError::LibRmVersionMismatch)));

    write(TWO);
    let nvml = init().unwrap();
    assert_eq!((nvml.sys_driver_version().unwrap().as_str(), nvml.device_count().unwrap()), ("560.35", 2));
    let gpu = nvml.device_by_index(0).unwrap();
    assert_eq!(
        (gpu.name().unwrap(), gpu.uuid().unwrap(), gpu.index().unwrap()),
        ("NVIDIA Test".into(), "GPU-1".into(), 0)
    );
    assert_eq!(gpu.pci_info().unwrap().bus_id, "00000000:3B:00.0");
    assert_eq!((gpu.utilization_rates().unwrap().gpu, gpu.utilization_rates().unwrap().memory), (42, 7));
    let memory = gpu.memory_info().unwrap();
    assert_eq!((memory.total, memory.used, memory.free), (24 << 30, 6 << 30, 17 << 30), "the reserve is not in use");
    assert_eq!(gpu.temperature(TemperatureSensor::Gpu).unwrap(), 61);
    assert_eq!((gpu.power_usage().unwrap(), gpu.fan_speed(0).unwrap()), (123_456, 30));
    assert_eq!((gpu.clock_info(Clock::SM).unwrap(), gpu.current_pcie_link_width().unwrap()), (2_310, 16));
    assert_eq!(nvml.device_by_uuid("GPU-1").unwrap().index().unwrap(), 0);
    assert!(matches!(nvml.device_by_index(2), Err(NvmlError::InvalidArg)));

    let other = nvml.device_by_index(1).unwrap();
    assert!(matches!(other.power_usage(), Err(NvmlError::NotSupported)), "a figure that is not named");
    assert_eq!(other.utilization_rates().unwrap().gpu, 5);

    write(&TWO.replace("42 %", "error NO_PERMISSION"));
    assert!(matches!(gpu.utilization_rates(), Err(NvmlError::NoPermission)));
    assert_eq!(gpu.temperature(TemperatureSensor::Gpu).unwrap(), 61, "the others are not touched");
    write("nonsense\n");
    assert_eq!(gpu.temperature(TemperatureSensor::Gpu).unwrap(), 61, "the script before goes on");
    write(&format!("{TWO}state = lost\n"));
    assert!(matches!(other.utilization_rates(), Err(NvmlError::GpuLost)));
    assert_eq!(nvml.device_count().unwrap(), 2, "a lost device is still counted");
    write(&format!("{TWO}state = gone\n"));
    assert_eq!(nvml.device_count().unwrap(), 1);

    let counted = |name: &str| nvml_sim::calls::read(&calls).unwrap().get(name).copied().unwrap_or(0);
    assert_eq!(counted("wakes"), 0);
    write(&format!("{TWO}state = suspended\n"));
    assert_eq!(other.utilization_rates().unwrap().gpu, 5);
    assert_eq!(counted("wakes"), 1);
    let before = counted("nvmlDeviceGetPowerUsage");
    gpu.power_usage().unwrap();
    assert_eq!(counted("nvmlDeviceGetPowerUsage"), before + 1);

    write(&TWO.replace("61 C", "hang"));
    std::thread::scope(|scope| {
        let (sender, answers) = channel();
        let gpu = &gpu;
        scope.spawn(move || sender.send(gpu.temperature(TemperatureSensor::Gpu).unwrap()));
        assert!(answers.recv_timeout(Duration::from_millis(100)).is_err(), "it hangs");
        assert_eq!(gpu.utilization_rates().unwrap().gpu, 42, "other calls do not");
        write(TWO);
        assert_eq!(answers.recv_timeout(Duration::from_secs(10)), Ok(61), "until the script says otherwise");
    });
    drop(nvml);
    assert_eq!(counted("nvmlShutdown"), 1);
}
