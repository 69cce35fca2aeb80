//! What NVML's errors mean to a user: the reason of one figure, and the words for the whole source.

use std::ffi::OsStr;

use nvml_wrapper::error::NvmlError;

use crate::metrics::Reason;
use crate::source::Problem;

/// Why a call on one device gave no figure.
pub(super) fn reason(error: &NvmlError) -> Reason {
    use NvmlError as E;
    #[expect(clippy::wildcard_enum_match_arm, reason = "NVML's enum, not ours: new errors are plain failures")]
    match error {
        E::NotSupported | E::FunctionNotFound | E::FailedToLoadSymbol(_) => Reason::Unsupported,
        E::NoPermission => Reason::NoPermission,
        E::GpuLost | E::ResetRequired => Reason::Lost,
        E::Timeout => Reason::NotAnswering,
        E::LibloadingError(_) | E::LibraryNotFound | E::DriverNotLoaded => Reason::Absent,
        _ => Reason::Failed,
    }
}

/// What is to be done about a device that no figure can be had of, where its reason does not tell.
pub(super) fn words(error: &NvmlError) -> Option<&'static str> {
    const RESET: &str =
        "The GPU needs a reset. End what uses it, Telltale too, and then reset it with: sudo nvidia-smi --gpu-reset";
    matches!(error, NvmlError::ResetRequired).then_some(RESET)
}

/// Whether after this error on a device the session is of no use and NVML must be initialized anew: the driver
/// went away or was replaced underneath it.
pub(super) fn ends_session(error: &NvmlError) -> bool {
    use NvmlError as E;
    matches!(error, E::Uninitialized | E::DriverNotLoaded | E::LibRmVersionMismatch)
}

/// Why the source as a whole has no figures, and what to do about it.
pub(super) fn problem(error: &NvmlError, library: &OsStr) -> Problem {
    use NvmlError as E;
    let library = library.to_string_lossy();
    #[expect(clippy::wildcard_enum_match_arm, reason = "NVML's enum, not ours: new errors are plain failures")]
    let detail = match error {
        E::LibloadingError(_) | E::LibraryNotFound => format!("No NVIDIA driver found: {library} is not installed."),
        E::DriverNotLoaded => "The NVIDIA driver is installed but not loaded. Load it with: sudo modprobe nvidia".into(),
        E::LibRmVersionMismatch => "The NVIDIA driver was replaced while it ran: its library and its kernel module differ. Restart the computer, or reload the module.".into(),
        E::NoPermission => "This user may not ask the NVIDIA driver (/dev/nvidia* refused).".into(),
        other => words(other).map_or_else(|| format!("The NVIDIA driver answers with an error: {other}."), Into::into),
    };
    Problem { reason: reason(error), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_of_the_driver_has_its_words() {
        let words = |error| problem(&error, OsStr::new("libnvidia-ml.so.1"));
        assert_eq!(
            words(NvmlError::LibraryNotFound).detail,
            "No NVIDIA driver found: libnvidia-ml.so.1 is not installed."
        );
        assert_eq!(words(NvmlError::DriverNotLoaded).reason, Reason::Absent);
        assert!(words(NvmlError::LibRmVersionMismatch).detail.contains("Restart the computer"));
        assert_eq!(words(NvmlError::NoPermission).reason, Reason::NoPermission);
        assert!(words(NvmlError::CorruptedInfoROM).detail.contains("infoROM"));
        let reset = words(NvmlError::ResetRequired);
        assert!(reset.reason == Reason::Lost && reset.detail.contains("Telltale too"), "{reset:?}");
    }
}
