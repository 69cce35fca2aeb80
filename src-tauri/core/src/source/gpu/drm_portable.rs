//! Windows and macOS: GPUs of AMD and Intel are not read there. An empty reading leaves all words to NVML.

use std::path::Path;

use super::super::{GpuReading, Previous, Reading, Source, SourceError, Stamped};
use super::details::Inspect;
use crate::gpu_details::GpuDetails;

/// No GPUs.
#[derive(Debug)]
pub struct Drm;

impl Drm {
    /// The roots are Linux's; they have no meaning here.
    pub fn new(_proc: &Path, _sys: &Path) -> Self {
        Self
    }
}

impl Source for Drm {
    type Sample = ();

    fn read(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    fn derive(_previous: Previous<'_, ()>, _now: &Stamped<()>) -> Reading {
        Reading::Gpu(GpuReading::default())
    }
}

/// Nothing in full either.
#[derive(Debug)]
pub(crate) struct DrmDetails;

impl DrmDetails {
    /// The roots are Linux's; they have no meaning here.
    pub(crate) fn new(_proc: &Path, _sys: &Path) -> Self {
        Self
    }
}

impl Inspect for DrmDetails {
    fn inspect(&mut self, _gpu_id: &str) -> Option<GpuDetails> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::metrics::Reason;

    #[test]
    fn it_has_nothing_to_say() {
        Drm::new(Path::new(""), Path::new("")).read().unwrap();
        let now = Stamped { stamp: clock::now(), sample: () };
        assert_eq!(DrmDetails::new(Path::new(""), Path::new("")).inspect("PCI-0000:00:02.0"), None);
        assert_eq!(Drm::derive(Err(Reason::Starting), &now), Reading::Gpu(GpuReading::default()));
    }
}
