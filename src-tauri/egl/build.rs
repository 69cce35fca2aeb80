//! Lays the description by which EGL's loader finds the library beside it: that has its path from there. (The packages take both
//! from where they are, so that it's no harm if cargo builds elsewhere.)

use std::path::Path;

const DESCRIPTION: &str = "telltale_egl.json";

fn main() {
    println!("cargo:rerun-if-changed={DESCRIPTION}");
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    let scripts = Path::new(&out).ancestors().find(|folder| folder.ends_with("build"));
    let Some(profile) = scripts.and_then(Path::parent) else { return };
    if let Err(error) = std::fs::copy(DESCRIPTION, profile.join(DESCRIPTION)) {
        println!("cargo:warning={DESCRIPTION}: {error}");
    }
}
