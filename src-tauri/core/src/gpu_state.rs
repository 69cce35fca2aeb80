//! What a GPU does at one moment, in one word: idle, running free, or held back by something. One rule for all vendors.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::metrics::{ClockLimit, GpuMetrics, Reason};

/// What a GPU does at one moment. The driver may name several limits at once; [`GpuState::of`] says which one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum GpuState {
    /// Nothing runs on it.
    Idle,
    /// Something runs, and nothing holds the clocks back.
    RunningFree,
    /// Held at what the display needs.
    DisplayClocks,
    /// Held at clocks that the user set (application or locked clocks).
    ApplicationClocks,
    /// Held equal with the slowest of a group of devices.
    SyncBoost,
    /// Held under the power limit.
    PowerCap,
    /// Slowed for heat, by the driver.
    SoftwareThermal,
    /// Slowed by the hardware to half or less, without saying why.
    HardwareSlowdown,
    /// Slowed by the hardware to half or less, as the power supply asked for.
    PowerBrake,
    /// Slowed by the hardware to half or less, for heat.
    HardwareThermal,
}

impl GpuState {
    /// All states; the place of each is its [`code`](Self::code). New ones go to the end: codes are kept.
    pub const ALL: [Self; 10] = [
        Self::Idle,
        Self::RunningFree,
        Self::DisplayClocks,
        Self::ApplicationClocks,
        Self::SyncBoost,
        Self::PowerCap,
        Self::SoftwareThermal,
        Self::HardwareSlowdown,
        Self::PowerBrake,
        Self::HardwareThermal,
    ];

    /// The state of a device at the moment of a sample, from `clock_limits` and `utilization`; the first that holds:
    ///
    /// | # | state | when |
    /// | --- | --- | --- |
    /// | 1 | `hardware_thermal` | that limit is named |
    /// | 2 | `power_brake` | that limit is named |
    /// | 3 | `idle` | the limit `idle` is named, or utilization is 0 % |
    /// | 4 | `hardware_slowdown` | that limit is named |
    /// | 5 | `software_thermal` | that limit is named |
    /// | 6 | `power_cap` | that limit is named |
    /// | 7 | `sync_boost` | that limit is named |
    /// | 8 | `application_clocks` | that limit is named |
    /// | 9 | `display_clocks` | that limit is named |
    /// | 10 | `running_free` | the device names its limits, and there is none |
    ///
    /// What the board itself asserts comes before idle: it tells of a fault whether something runs or not. The other
    /// limits slow nothing where nothing runs, and NVML may report a hardware slowdown of no named cause while an idle
    /// device changes its clocks. Neither power nor clocks decide: a power near the limit is not yet a limit in force,
    /// and clocks below their maximum are normal.
    ///
    /// # Errors
    /// Why it can't be told: the device does not name its limits, and is not known to be idle.
    pub fn of(metrics: &GpuMetrics) -> Result<Self, Reason> {
        let idle = metrics.utilization == Some(0.0);
        let Some(limits) = &metrics.clock_limits else {
            let reason = metrics.missing.get("clock_limits").copied().unwrap_or(Reason::Unsupported);
            return if idle { Ok(Self::Idle) } else { Err(reason) };
        };
        let first = [
            (ClockLimit::HardwareThermal, Self::HardwareThermal),
            (ClockLimit::PowerBrake, Self::PowerBrake),
            (ClockLimit::Idle, Self::Idle),
            (ClockLimit::HardwareSlowdown, Self::HardwareSlowdown),
            (ClockLimit::SoftwareThermal, Self::SoftwareThermal),
            (ClockLimit::PowerCap, Self::PowerCap),
            (ClockLimit::SyncBoost, Self::SyncBoost),
            (ClockLimit::ApplicationClocks, Self::ApplicationClocks),
            (ClockLimit::DisplayClocks, Self::DisplayClocks),
        ]
        .into_iter()
        .find(|(limit, _)| limits.contains(limit) || (idle && *limit == ClockLimit::Idle));
        Ok(first.map_or(Self::RunningFree, |(_, state)| state))
    }

    /// Notes the state of a device in its sample, or why there is none.
    pub fn tell(metrics: &mut GpuMetrics) {
        match Self::of(metrics) {
            Ok(state) => metrics.state = Some(state),
            Err(reason) => {
                metrics.state = None;
                metrics.missing.insert("state".into(), reason);
            }
        }
    }

    /// Its number in history.
    pub fn code(self) -> f64 {
        f64::from(self as u8)
    }

    /// The state of a code.
    pub(crate) fn from_code(code: f64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code().total_cmp(&code).is_eq())
    }

    /// Its name as payloads have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::RunningFree => "running_free",
            Self::DisplayClocks => "display_clocks",
            Self::ApplicationClocks => "application_clocks",
            Self::SyncBoost => "sync_boost",
            Self::PowerCap => "power_cap",
            Self::SoftwareThermal => "software_thermal",
            Self::HardwareSlowdown => "hardware_slowdown",
            Self::PowerBrake => "power_brake",
            Self::HardwareThermal => "hardware_thermal",
        }
    }

    /// Whether something keeps the device from running as fast as it could.
    pub(crate) fn holds_back(self) -> bool {
        !matches!(self, Self::Idle | Self::RunningFree)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use ClockLimit as L;

    fn state(limits: Option<&[ClockLimit]>, utilization: Option<f64>) -> Result<GpuState, Reason> {
        let clock_limits = limits.map(<[_]>::to_vec);
        GpuState::of(&GpuMetrics { utilization, clock_limits, ..GpuMetrics::default() })
    }

    #[test]
    fn each_limit_by_itself_and_none() {
        for (limits, utilization, expected) in [
            (&[][..], 50.0, GpuState::RunningFree),
            (&[], 0.5, GpuState::RunningFree),
            (&[], 0.0, GpuState::Idle),
            (&[L::Idle], 0.0, GpuState::Idle),
            (&[L::Idle], 30.0, GpuState::Idle),
            (&[L::ApplicationClocks], 50.0, GpuState::ApplicationClocks),
            (&[L::PowerCap], 99.0, GpuState::PowerCap),
            (&[L::HardwareSlowdown], 99.0, GpuState::HardwareSlowdown),
            (&[L::SyncBoost], 99.0, GpuState::SyncBoost),
            (&[L::SoftwareThermal], 99.0, GpuState::SoftwareThermal),
            (&[L::HardwareThermal], 99.0, GpuState::HardwareThermal),
            (&[L::PowerBrake], 99.0, GpuState::PowerBrake),
            (&[L::DisplayClocks], 99.0, GpuState::DisplayClocks),
        ] {
            assert_eq!(state(Some(limits), Some(utilization)), Ok(expected), "{limits:?} at {utilization} %");
        }
    }

    #[test]
    fn of_several_the_one_that_counts() {
        for (limits, utilization, expected) in [
            (&[L::HardwareSlowdown, L::HardwareThermal][..], 99.0, GpuState::HardwareThermal),
            (&[L::HardwareSlowdown, L::PowerBrake], 99.0, GpuState::PowerBrake),
            (&[L::HardwareThermal, L::PowerBrake], 99.0, GpuState::HardwareThermal),
            (&[L::PowerCap, L::SoftwareThermal], 99.0, GpuState::SoftwareThermal),
            (&[L::PowerCap, L::SyncBoost, L::ApplicationClocks], 99.0, GpuState::PowerCap),
            (&[L::ApplicationClocks, L::DisplayClocks], 99.0, GpuState::ApplicationClocks),
            // without work nothing is slowed, unless the board itself says so
            (&[L::Idle, L::ApplicationClocks, L::PowerCap, L::SoftwareThermal], 0.0, GpuState::Idle),
            (&[L::PowerCap], 0.0, GpuState::Idle),
            (&[L::HardwareSlowdown], 0.0, GpuState::Idle),
            (&[L::Idle, L::HardwareSlowdown, L::PowerBrake], 0.0, GpuState::PowerBrake),
            (&[L::Idle, L::HardwareThermal], 0.0, GpuState::HardwareThermal),
        ] {
            assert_eq!(state(Some(limits), Some(utilization)), Ok(expected), "{limits:?} at {utilization} %");
        }
    }

    #[test]
    fn a_device_that_does_not_tell_is_unknown_with_its_reason_unless_it_is_idle() {
        assert_eq!(state(None, Some(80.0)), Err(Reason::Unsupported));
        assert_eq!(state(None, None), Err(Reason::Unsupported));
        assert_eq!(state(None, Some(0.0)), Ok(GpuState::Idle));
        assert_eq!(state(Some(&[]), None), Ok(GpuState::RunningFree), "MIG: no utilization, but limits are named");
        let missing = [("clock_limits".to_owned(), Reason::Lost)].into();
        let mut lost = GpuMetrics { missing, ..GpuMetrics::default() };
        GpuState::tell(&mut lost);
        assert_eq!((lost.state, lost.missing.get("state")), (None, Some(&Reason::Lost)));
    }

    #[test]
    fn codes_and_names_are_those_of_the_payload() {
        for (place, state) in GpuState::ALL.into_iter().enumerate() {
            assert_eq!(state.code().to_string(), place.to_string());
            assert_eq!(GpuState::from_code(state.code()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        for no_code in [-1.0, 0.5, 10.0, f64::NAN] {
            assert_eq!(GpuState::from_code(no_code), None);
        }
    }

    proptest! {
        /// Whatever is named and in whichever order: there is a state, and it is one that was named.
        #[test]
        fn the_state_is_one_of_those_named(
            limits in prop::sample::subsequence(vec![
                L::Idle, L::ApplicationClocks, L::PowerCap, L::HardwareSlowdown, L::SyncBoost,
                L::SoftwareThermal, L::HardwareThermal, L::PowerBrake, L::DisplayClocks,
            ], 0..9).prop_shuffle(),
            utilization in prop::option::of(0.0..100.0f64),
        ) {
            let found = state(Some(&limits), utilization).unwrap();
            let named = |state: GpuState| limits.iter().any(|limit| serde_json::to_value(limit).unwrap() == state.name());
            let not_busy = found == GpuState::Idle && utilization == Some(0.0);
            let nothing = found == GpuState::RunningFree && limits.is_empty();
            prop_assert!(named(found) || not_busy || nothing, "{:?} of {:?}", found, limits);
        }
    }
}
