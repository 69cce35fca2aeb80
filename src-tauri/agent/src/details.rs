//! A GPU in full, in words: the few figures that people look for, and who uses it.

use telltale_core::gpu_details::{GpuDetails, GpuProcess};
use telltale_core::words::{self, Quantity};

/// The lines under a GPU's own; a figure that it does not report takes no room.
pub(crate) fn lines(details: &GpuDetails) -> Vec<String> {
    let figures: Vec<String> = [
        details.pci_address.clone(),
        cuda_index(details),
        versions(details),
        details.memory_temperature.map(|degrees| format!("memory at {}", words::celsius(degrees))),
        pair("PCIe received", details.pcie_received.map(words::rate), "sent", details.pcie_sent.map(words::rate)),
        pair("encoder", details.encoder.map(words::percent), "decoder", details.decoder.map(words::percent)),
        pair(
            "SM activity",
            details.sm_activity.map(words::percent),
            "tensor",
            details.tensor_activity.map(words::percent),
        ),
        details.energy.map(|joules| format!("{:.2} kWh since the driver was loaded", joules / 3.6e6)),
        details.ecc_uncorrected.map(|errors| format!("{errors} uncorrected memory errors")),
        details.remapped_rows_failed.filter(|failed| *failed).map(|_| "memory rows could not be remapped".into()),
        details.shared_memory.filter(|shared| *shared).map(|_| shared_memory(details)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut lines: Vec<String> = figures.chunks(3).map(|figures| figures.join(", ")).collect();
    lines.extend(details.mig_instances.iter().map(|instance| {
        let name = instance.name.as_deref().unwrap_or("MIG instance");
        let memory = words::used_of(instance.memory_used, instance.memory_total);
        format!("{}: {name}  {memory}", instance.index)
    }));
    if !details.kept_awake_by.is_empty() {
        let holders: Vec<String> = details.kept_awake_by.iter().map(ToString::to_string).collect();
        lines.push(format!("kept awake by {}", holders.join(", ")));
    }
    lines.extend(details.processes.iter().flatten().map(process));
    lines
}

fn cuda_index(details: &GpuDetails) -> Option<String> {
    let guess = if details.cuda_index_guessed { ", a guess" } else { "" };
    let by_bus = details.cuda_index_by_bus?;
    Some(match details.cuda_index {
        Some(index) => format!("CUDA {index} (by PCI bus {by_bus}{guess})"),
        None => format!("CUDA by PCI bus {by_bus}"),
    })
}

fn versions(details: &GpuDetails) -> Option<String> {
    let cuda = details.cuda_version.as_ref().map(|version| format!(", CUDA {version}")).unwrap_or_default();
    Some(format!("driver {}{cuda}", details.driver_version.as_ref()?))
}

fn shared_memory(details: &GpuDetails) -> String {
    let held = details.memory_by_processes.map(|bytes| format!("; processes hold {}", words::bytes(bytes)));
    format!("uses the system's memory{}", held.unwrap_or_default())
}

fn pair(name: &str, value: Option<Quantity>, other: &str, with: Option<Quantity>) -> Option<String> {
    Some(format!("{name} {} {other} {}", value?, with?))
}

fn process(process: &GpuProcess) -> String {
    let name = process.name.as_deref().unwrap_or("unknown");
    let user = words::or_dash(process.user.as_deref());
    let memory = words::or_dash(process.memory.map(words::bytes));
    let sm = words::or_dash(process.sm.map(words::percent));
    let container = process.container.as_ref().map(|container| format!("  in {container}")).unwrap_or_default();
    let instance = process.mig_instance.map(|index| format!("  on instance {index}")).unwrap_or_default();
    format!("{}  {name}  {user}  {memory}  {sm}{container}{instance}", process.pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_reported_takes_no_room() {
        assert_eq!(lines(&GpuDetails::default()), Vec::<String>::new());
        let process =
            GpuProcess { pid: 7, name: Some("python train.py".into()), sm: Some(84.4), ..GpuProcess::default() };
        let details = GpuDetails {
            cuda_index: Some(1),
            cuda_index_by_bus: Some(0),
            cuda_index_guessed: true,
            encoder: Some(3.0),
            decoder: Some(0.0),
            processes: Some(vec![process]),
            ..GpuDetails::default()
        };
        assert_eq!(
            lines(&details),
            ["CUDA 1 (by PCI bus 0, a guess), encoder 3 % decoder 0 %", "7  python train.py  –  –  84 %"]
        );
    }
}
