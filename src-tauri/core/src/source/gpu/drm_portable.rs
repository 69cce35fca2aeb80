//! Windows and macOS: GPUs of AMD and Intel are not read there. An empty reading leaves all words to NVML.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::{GpuReading, Previous, Reading, Source, SourceError, Stamped};
use super::details::Inspect;
use crate::gpu_details::GpuDetails;

/// Nothing to share.
#[derive(Debug)]
pub struct Access;

impl Access {
    /// The roots are Linux's; they have no meaning here.
    pub fn new(_proc: PathBuf, _sys: PathBuf) -> Self {
        Self
    }

    /// Nothing that could hang.
    #[expect(clippy::unused_self, reason = "there is something on Linux")]
    pub fn hangs_in_one_of_several(&self) -> bool {
        false
    }
}

/// No GPUs.
#[derive(Debug)]
pub struct Drm;

impl Drm {
    /// No reader of anything.
    pub fn sharing(_access: Arc<Access>) -> Self {
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
    pub(crate) fn new(_access: Arc<Access>) -> Self {
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
        let access = Arc::new(Access::new(PathBuf::new(), PathBuf::new()));
        assert!(!access.hangs_in_one_of_several());
        Drm::sharing(Arc::clone(&access)).read().unwrap();
        let now = Stamped { stamp: clock::now(), sample: () };
        assert_eq!(DrmDetails::new(access).inspect("PCI-0000:00:02_0"), None);
        assert_eq!(Drm::derive(Err(Reason::Starting), &now), Reading::Gpu(GpuReading::default()));
    }
}
