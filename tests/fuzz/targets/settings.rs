//! A settings file with any bytes, and a change of any shape: there are settings afterwards, inside their bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telltale_core::settings::{Settings, file};

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = folder.path().join("settings.json");
    std::fs::write(&path, data).unwrap();
    let loaded = file::load(&path);
    assert!((0.5..=60.0).contains(&loaded.settings.interval), "{loaded:?}");
    if let Ok(patch) = serde_json::from_slice(data)
        && let Ok(patched) = Settings::default().patched(&patch)
    {
        assert!((0.5..=60.0).contains(&patched.interval), "{patched:?}");
    }
});
