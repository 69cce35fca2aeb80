//! Tells tauri-build where the capabilities are and which commands are the app's own, so that each is granted one by one.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=ui/dist");
    let commands = tauri_build::AppManifest::new().commands(&[
        "get_current_metrics",
        "get_metrics_history",
        "get_packed_history",
        "get_gpu_verdict",
        "get_system_info",
        "get_diagnostics",
        "get_own_cost",
        "get_gpu_details",
        "get_settings",
        "update_settings",
        "save_view",
        "cancel_save",
        "report_page",
        "get_desktop_info",
        "quit",
    ]);
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(commands);
    if let Err(error) = tauri_build::try_build(attributes) {
        // cargo prints the whole of a build script that fails
        eprintln!("error: {error:#}");
        std::process::exit(1);
    }
}
