//! The library as the core uses it: loaded by nvml-wrapper, its script changed while it runs. One test, since the
//! environment and the library's state belong to the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]

use std::ffi::CStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use nvml_sim::tables::ERRORS;
use nvml_wrapper::enum_wrappers::device::{
    Clock, ComputeMode, PcieUtilCounter, PerformanceState, TemperatureSensor, TemperatureThreshold,
};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

/// Cargo puts the library beside this test.
fn library() -> PathBuf {
    let path = std::env::current_exe().unwrap().with_file_name("libnvml_sim.so");
    assert!(path.is_file(), "{} is missing", path.display());
    path
}

const TWO: &str = "driver_version = 560.35\n[gpu]\nname = NVIDIA Test\nuuid = GPU-1\npci = 00000000:3B:00.0\n\
    memory_total = 24 GiB\nmemory_reserved = 1 GiB\nmemory_used = 6 GiB\nutilization = 42 %\nmemory_bandwidth = 7 %\n\
    temperature = 61 C\npower_draw = 123.456 W\nfan = 30 %\nsm_clock = 2310 MHz\npcie_width = 16\n[gpu]\nutilization = 5 %\n";

/// The figures that [`TWO`] leaves out.
const MORE: &str = "vbios = 95.02.3c\npower_limit = 450 W\nenergy = 2 kJ\nfans = 2\nmemory_clock = 10.5 GHz\nsm_clock_max = 3 GHz\n\
    temperature_slowdown = 90 C\npcie_generation = 4\npcie_received = 3 MiB/s\nperformance_state = 2\nthrottle_reasons = 4\n\
    encoder = 12 %\ndecoder = 13 %\nbar1_total = 256 MiB\nbar1_used = 6 MiB\npersistence_mode = 1\ncompute_mode = 3\nmig = 0\n\
    ecc = 1\nprocess = 41 compute memory 5 GiB sm 40 %\nprocess = 42 compute memory 1 GiB\nprocess = 43 graphics\n";

/// The script's file. A new one is put in the old one's place: the library must never read half a script.
struct Script(PathBuf);

impl Script {
    fn becomes(&self, text: &str) {
        let new = self.0.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.0).unwrap();
    }
}

#[test]
fn answers_as_the_drivers_library_does() {
    let folder = tempfile::tempdir().unwrap();
    let (script, calls) = (Script(folder.path().join("gpu.sim")), folder.path().join("calls"));
    // SAFETY: no other thread of this process runs yet that reads the environment.
    unsafe {
        std::env::set_var("TELLTALE_NVML_SIM", &script.0);
        std::env::set_var("TELLTALE_NVML_SIM_CALLS", &calls);
    }
    let counted = |name: &str| nvml_sim::calls::read(&calls).unwrap().get(name).copied().unwrap_or(0);
    let nvml = the_driver_answers_when_it_is_there(&script);
    assert_eq!((counted("nvmlInit_v2"), counted("nvmlShutdown")), (4, 0), "a refused one is a call, too");
    let (gpu, other) = (nvml.device_by_index(0).unwrap(), nvml.device_by_index(1).unwrap());
    figures_are_in_nvmls_units(&nvml, &gpu, &other);
    every_other_function_answers(&script, &gpu, &other);
    wrong_arguments_are_refused(&nvml, &gpu);
    each_error_is_answered(&script, &nvml, &gpu);
    a_changed_script_is_read(&script, &nvml, &gpu, &other);
    calls_are_counted(&script, &calls, &gpu, &other);
    calls_hang_until_the_script_says_otherwise(&script, &gpu);
    drop(nvml);
    assert_eq!(counted("nvmlShutdown"), 1);
}

fn init() -> Result<Nvml, NvmlError> {
    Nvml::builder().lib_path(library().as_os_str()).init()
}

fn the_driver_answers_when_it_is_there(script: &Script) -> Nvml {
    script.becomes("driver = not_loaded\n");
    assert!(matches!(init(), Err(NvmlError::DriverNotLoaded)));
    script.becomes("driver = mismatch\n");
    assert!(matches!(init(), Err(NvmlError::LibRmVersionMismatch)));
    script.becomes("driver = no_permission\n");
    assert!(matches!(init(), Err(NvmlError::NoPermission)));
    script.becomes(TWO);
    let nvml = init().unwrap();
    assert_eq!((nvml.sys_driver_version().unwrap().as_str(), nvml.device_count().unwrap()), ("560.35", 2));
    assert_eq!(nvml.sys_nvml_version().unwrap(), "12.560.35");
    assert_eq!(nvml.sys_cuda_driver_version().unwrap(), 12_040);
    nvml
}

fn figures_are_in_nvmls_units(nvml: &Nvml, gpu: &Device<'_>, other: &Device<'_>) {
    assert_eq!(
        (gpu.name().unwrap(), gpu.uuid().unwrap(), gpu.index().unwrap()),
        ("NVIDIA Test".into(), "GPU-1".into(), 0)
    );
    let pci = gpu.pci_info().unwrap();
    assert_eq!((pci.bus_id.as_str(), pci.domain, pci.bus), ("00000000:3B:00.0", 0, 0x3b));
    assert_eq!((gpu.utilization_rates().unwrap().gpu, gpu.utilization_rates().unwrap().memory), (42, 7));
    let memory = gpu.memory_info().unwrap();
    assert_eq!((memory.total, memory.used, memory.free), (24 << 30, 6 << 30, 17 << 30), "the reserve is not in use");
    assert_eq!(gpu.temperature(TemperatureSensor::Gpu).unwrap(), 61);
    assert_eq!((gpu.power_usage().unwrap(), gpu.fan_speed(0).unwrap()), (123_456, 30));
    assert_eq!((gpu.clock_info(Clock::SM).unwrap(), gpu.current_pcie_link_width().unwrap()), (2_310, 16));
    for found in [nvml.device_by_uuid("GPU-1"), nvml.device_by_pci_bus_id("0000:3b:00.0")] {
        assert_eq!(found.unwrap().index().unwrap(), 0);
    }
    assert!(matches!(nvml.device_by_uuid("GPU-2"), Err(NvmlError::NotFound)));
    assert!(matches!(nvml.device_by_pci_bus_id("0000:3c:00.0"), Err(NvmlError::NotFound)));
    assert!(matches!(nvml.device_by_index(2), Err(NvmlError::InvalidArg)));
    assert!(matches!(other.power_usage(), Err(NvmlError::NotSupported)), "a figure that is not named");
    assert_eq!(other.utilization_rates().unwrap().gpu, 5);
}

fn every_other_function_answers(script: &Script, gpu: &Device<'_>, other: &Device<'_>) {
    script.becomes(&TWO.replace("pcie_width", &format!("{MORE}pcie_width")));
    assert_eq!(gpu.vbios_version().unwrap(), "95.02.3c");
    assert_eq!((gpu.enforced_power_limit().unwrap(), gpu.power_management_limit().unwrap()), (450_000, 450_000));
    assert_eq!(gpu.total_energy_consumption().unwrap(), 2_000_000);
    assert_eq!((gpu.num_fans().unwrap(), gpu.fan_speed(1).unwrap()), (2, 30));
    assert!(matches!(gpu.fan_speed(2), Err(NvmlError::InvalidArg)));
    assert_eq!((gpu.clock_info(Clock::Memory).unwrap(), gpu.max_clock_info(Clock::SM).unwrap()), (10_500, 3_000));
    assert_eq!(gpu.temperature_threshold(TemperatureThreshold::Slowdown).unwrap(), 90);
    assert_eq!(gpu.current_pcie_link_gen().unwrap(), 4);
    let begun = Instant::now();
    assert_eq!(gpu.pcie_throughput(PcieUtilCounter::Receive).unwrap(), 3 * 1024);
    assert!(begun.elapsed() >= Duration::from_millis(20), "it measures first: {:?}", begun.elapsed());
    assert_eq!(gpu.performance_state().unwrap(), PerformanceState::Two);
    assert_eq!(gpu.current_throttle_reasons().unwrap().bits(), 4);
    assert_eq!(
        (gpu.encoder_utilization().unwrap().utilization, gpu.decoder_utilization().unwrap().utilization),
        (12, 13)
    );
    let bar1 = gpu.bar1_memory_info().unwrap();
    assert_eq!((bar1.total, bar1.free, bar1.used), (256 << 20, 250 << 20, 6 << 20));
    assert!(gpu.is_in_persistent_mode().unwrap() && gpu.is_ecc_enabled().unwrap().currently_enabled);
    assert_eq!((gpu.compute_mode().unwrap(), gpu.mig_mode().unwrap().current), (ComputeMode::ExclusiveProcess, 0));

    let computing = gpu.running_compute_processes().unwrap();
    assert_eq!(computing.iter().map(|process| process.pid).collect::<Vec<_>>(), [41, 42]);
    assert_eq!(computing[0].used_gpu_memory, UsedGpuMemory::Used(5 << 30));
    let drawing = gpu.running_graphics_processes().unwrap();
    assert_eq!((drawing[0].pid, &drawing[0].used_gpu_memory), (43, &UsedGpuMemory::Unavailable));
    let busy = gpu.process_utilization_stats(None).unwrap();
    assert_eq!((busy.len(), busy[0].pid, busy[0].sm_util), (1, 41, 40));
    assert!(matches!(gpu.process_utilization_stats(u64::MAX), Err(NvmlError::NotFound)), "none since then");
    assert!(other.running_compute_processes().unwrap().is_empty());
    assert!(matches!(other.process_utilization_stats(None), Err(NvmlError::NotFound)), "idle");
}

/// What nvml-wrapper never does, but a program in C may.
fn wrong_arguments_are_refused(nvml: &Nvml, gpu: &Device<'_>) {
    let lib = nvml.lib();
    let mut name = [1; 12]; // "NVIDIA Test" and its closing zero
    let (mut count, mut found) = (1, std::ptr::null_mut());
    // SAFETY: each pointer is null or may be written as far as the length beside it says.
    unsafe {
        let handle = gpu.handle();
        let get_name = lib.nvmlDeviceGetName.as_ref().unwrap();
        assert_eq!(get_name(handle, name.as_mut_ptr(), 11), 7, "INSUFFICIENT_SIZE");
        assert_eq!(name, [1; 12], "and nothing written");
        assert_eq!((get_name(handle, name.as_mut_ptr(), 12), name[11]), (0, 0));
        assert_eq!(get_name(handle, std::ptr::null_mut(), 12), 2, "INVALID_ARGUMENT");
        assert_eq!(get_name(std::ptr::null_mut(), name.as_mut_ptr(), 12), 2);
        assert_eq!(lib.nvmlDeviceGetTemperature.as_ref().unwrap()(handle, 0, std::ptr::null_mut()), 2);
        assert_eq!(lib.nvmlDeviceGetHandleByUUID.as_ref().unwrap()(std::ptr::null(), &raw mut found), 2);
        assert_eq!(lib.nvmlDeviceGetMemoryInfo_v2.as_ref().unwrap()(handle, std::ptr::null_mut()), 2);
        let processes = lib.nvmlDeviceGetComputeRunningProcesses_v3.as_ref().unwrap();
        assert_eq!((processes(handle, &raw mut count, std::ptr::null_mut()), count), (7, 2), "room for one of two");
        assert_eq!(processes(handle, &raw mut count, std::ptr::null_mut()), 2, "room for two, and nowhere");

        let mut memory = std::mem::zeroed();
        let memory_info_v2 = lib.nvmlDeviceGetMemoryInfo_v2.as_ref().unwrap();
        assert_eq!(memory_info_v2(handle, &raw mut memory), 25, "no version set: ARGUMENT_VERSION_MISMATCH");
        let mut memory = std::mem::zeroed();
        assert_eq!(lib.nvmlDeviceGetMemoryInfo.as_ref().unwrap()(handle, &raw mut memory), 0);
        assert_eq!((memory.used, memory.free), (7 << 30, 17 << 30), "the first version counts the reserve as used");
    }
}

fn each_error_is_answered(script: &Script, nvml: &Nvml, gpu: &Device<'_>) {
    for (name, code, words) in ERRORS {
        script.becomes(&TWO.replace("42 %", &format!("error {name}")));
        let expected = NvmlError::from(code).to_string();
        assert_eq!(gpu.utilization_rates().unwrap_err().to_string(), expected, "{name}");
        assert_eq!(gpu.temperature(TemperatureSensor::Gpu).unwrap(), 61, "the others are not touched");
        // SAFETY: NVML's texts live as long as the library.
        let said = unsafe { CStr::from_ptr(nvml.lib().nvmlErrorString.as_ref().unwrap()(code)) };
        assert_eq!(said, words);
    }
    for (state, code) in [("not_loaded", 9), ("mismatch", 18), ("no_permission", 4)] {
        script.becomes(&format!("driver = {state}\n{TWO}"));
        let expected = NvmlError::from(code).to_string();
        assert_eq!(nvml.device_count().unwrap_err().to_string(), expected, "{state} while it runs");
        assert_eq!(gpu.name().unwrap_err().to_string(), expected, "{state} while it runs");
    }
}

fn a_changed_script_is_read(script: &Script, nvml: &Nvml, gpu: &Device<'_>, other: &Device<'_>) {
    script.becomes(TWO);
    assert_eq!(gpu.utilization_rates().unwrap().gpu, 42);
    script.becomes("nonsense\n");
    assert_eq!(gpu.utilization_rates().unwrap().gpu, 42, "the script before goes on");
    script.becomes(&TWO.replace("61 C", "61 C delay 30ms"));
    let begun = Instant::now();
    assert_eq!(gpu.temperature(TemperatureSensor::Gpu).unwrap(), 61);
    assert!(begun.elapsed() >= Duration::from_millis(30), "{:?}", begun.elapsed());

    script.becomes(&format!("{TWO}state = lost\n"));
    assert!(matches!(other.utilization_rates(), Err(NvmlError::GpuLost)));
    assert_eq!((nvml.device_count().unwrap(), gpu.utilization_rates().unwrap().gpu), (2, 42), "lost, but counted");
    script.becomes(&TWO.replace("name = ", "state = gone\nname = "));
    assert_eq!(nvml.device_count().unwrap(), 1);
    let first = nvml.device_by_index(0).unwrap();
    assert_eq!((first.utilization_rates().unwrap().gpu, other.index().unwrap()), (5, 0), "the rest move up");
    assert!(matches!(gpu.name(), Err(NvmlError::GpuLost)), "a handle kept from before");
}

fn calls_are_counted(script: &Script, calls: &Path, gpu: &Device<'_>, other: &Device<'_>) {
    let counted = |name: &str| nvml_sim::calls::read(calls).unwrap().get(name).copied().unwrap_or(0);
    script.becomes(&format!("{TWO}state = suspended\n"));
    assert_eq!(counted("wakes"), 0);
    gpu.utilization_rates().unwrap();
    assert_eq!(counted("wakes"), 0, "this one is awake");
    assert_eq!(other.utilization_rates().unwrap().gpu, 5, "and this one is woken");
    assert_eq!(counted("wakes"), 1);
    let before = counted("nvmlDeviceGetPowerUsage");
    gpu.power_usage().unwrap();
    assert_eq!(counted("nvmlDeviceGetPowerUsage"), before + 1);
}

fn calls_hang_until_the_script_says_otherwise(script: &Script, gpu: &Device<'_>) {
    script.becomes(&TWO.replace("61 C", "hang"));
    std::thread::scope(|scope| {
        let (sender, answers) = channel();
        scope.spawn(move || sender.send(gpu.temperature(TemperatureSensor::Gpu).map_err(|error| error.to_string())));
        assert!(answers.recv_timeout(Duration::from_millis(100)).is_err(), "it hangs");
        assert_eq!(gpu.utilization_rates().unwrap().gpu, 42, "other calls do not");
        script.becomes(&TWO.replace("name = ", "state = hang\nname = "));
        assert!(answers.recv_timeout(Duration::from_millis(100)).is_err(), "one that hangs keeps hanging");
        script.becomes(&TWO.replace("61 C", "error TIMEOUT"));
        let answer = answers.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(answer, Err(NvmlError::Timeout.to_string()), "until the script says otherwise");
    });
    script.becomes(&TWO.replace("name = ", "state = hang\nname = "));
    std::thread::scope(|scope| {
        let (sender, answers) = channel();
        scope.spawn(move || sender.send(gpu.power_usage().map_err(|error| error.to_string())));
        assert!(answers.recv_timeout(Duration::from_millis(100)).is_err(), "the whole device hangs");
        script.becomes("driver = not_loaded\n");
        let answer = answers.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(answer, Err(NvmlError::DriverNotLoaded.to_string()), "a driver that is unloaded lets go");
    });
}
