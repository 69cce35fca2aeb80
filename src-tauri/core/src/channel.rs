//! The channels by name: one definition for events, history queries and the agent's `--channels`.

use std::fmt;

/// One kind of source. The GPU channel stands for all GPUs; each has an event of its own below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// `system/gpu/{gpu_id}`.
    Gpu,
    /// `system/cpu`.
    Cpu,
    /// `system/memory`.
    Memory,
    /// `system/disk`.
    Disk,
    /// `system/network`.
    Network,
}

impl Channel {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Gpu, Self::Cpu, Self::Memory, Self::Disk, Self::Network];

    /// The event's name; for GPUs what all their names begin with, less the slash.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Gpu => "system/gpu",
            Self::Cpu => "system/cpu",
            Self::Memory => "system/memory",
            Self::Disk => "system/disk",
            Self::Network => "system/network",
        }
    }

    /// The short name: the event's without `system/`.
    pub fn short(self) -> &'static str {
        self.event().trim_start_matches("system/")
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.event())
    }
}

/// The event of one GPU. Its id is a part of the name as it is; another text, such as a user's, becomes one that could be.
pub fn gpu_event(gpu_id: &str) -> String {
    format!("{}/{}", Channel::Gpu.event(), event_safe(gpu_id))
}

/// What can stand in the name of an event: Tauri's take letters, digits and `-/:_`; anything else becomes `_`.
pub(crate) fn event_safe(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | ':' | '_') { c } else { '_' };
    text.chars().map(allowed).collect()
}

/// What a caller may name: a channel by its event or its short name, or one GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The channel, with all its devices.
    Channel(Channel),
    /// One GPU by its event's name.
    Gpu(String),
}

impl Selector {
    /// Parses `cpu`, `system/cpu`, `gpu` or `system/gpu` (all GPUs), `gpu/GPU-…` or `system/gpu/GPU-…`.
    ///
    /// # Errors
    /// [`UnknownChannel`], which names what is allowed.
    pub fn parse(name: &str) -> Result<Self, UnknownChannel> {
        let short = name.strip_prefix("system/").unwrap_or(name);
        if let Some(id) = short.strip_prefix("gpu/").filter(|id| !id.is_empty()) {
            return Ok(Self::Gpu(gpu_event(id)));
        }
        let channel = Channel::ALL.into_iter().find(|channel| channel.short() == short);
        channel.map(Self::Channel).ok_or_else(|| UnknownChannel(name.into()))
    }

    /// Whether this selects the channel of that event.
    pub fn selects(&self, event: &str) -> bool {
        match self {
            Self::Channel(Channel::Gpu) => {
                event.strip_prefix(Channel::Gpu.event()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Self::Channel(channel @ (Channel::Cpu | Channel::Memory | Channel::Disk | Channel::Network)) => {
                event == channel.event()
            }
            Self::Gpu(name) => event == name,
        }
    }
}

/// A name that no channel has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown channel {0:?}: allowed are gpu, gpu/{{gpu_id}}, cpu, memory, disk and network, each also with system/ before it"
)]
pub struct UnknownChannel(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_long_and_short() {
        for channel in Channel::ALL {
            assert_eq!(Selector::parse(channel.event()), Ok(Selector::Channel(channel)));
            assert_eq!(Selector::parse(channel.short()), Ok(Selector::Channel(channel)));
            assert!(Selector::Channel(channel).selects(channel.event()));
        }
        let one = Selector::parse("gpu/GPU-1").unwrap();
        assert!(one.selects("system/gpu/GPU-1") && !one.selects("system/gpu/GPU-2"));
        assert!(Selector::Channel(Channel::Gpu).selects("system/gpu/GPU-2"));
        for wrong in ["", "gpus", "system/", "gpu/", "CPU", "system/all"] {
            assert!(Selector::parse(wrong).unwrap_err().to_string().contains("allowed are gpu"), "{wrong:?}");
        }
    }

    #[test]
    fn a_gpu_event_is_a_name_that_tauri_accepts() {
        assert_eq!(gpu_event("GPU-5f1e 0.1"), "system/gpu/GPU-5f1e_0_1");
    }
}
