//! Keeps the library loaded: nvml-wrapper closes it after every refused `nvmlInit`, and with it would go the counts of
//! calls, what was read of the script, and the ground under a call that hangs.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
