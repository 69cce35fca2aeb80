//! The library without a script to answer from: it says so, and makes up no device. Each case runs in a process of
//! its own, since the environment is read once in each.
#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::process::Command;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

#[test]
#[ignore = "the tests below run it, each with its environment"]
fn init_fails() {
    let library = std::env::current_exe().unwrap().with_file_name("libnvml_sim.so");
    let init = || Nvml::builder().lib_path(library.as_os_str()).init();
    assert!(matches!(init(), Err(NvmlError::Unknown)));
    assert!(matches!(init(), Err(NvmlError::Unknown)), "and again");
}

/// What the library says on stderr.
fn said(script: Option<&str>) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "init_fails", "--nocapture"]).env_remove("TELLTALE_NVML_SIM");
    let output = command.envs(script.map(|script| ("TELLTALE_NVML_SIM", script))).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    text.lines().filter(|line| line.starts_with("nvml-sim:")).map(Into::into).collect()
}

#[test]
fn the_variable_is_named_where_it_is_not_set() {
    assert_eq!(said(None), ["nvml-sim: TELLTALE_NVML_SIM names no script"]);
}

#[test]
fn the_file_is_named_where_it_cannot_be_read() {
    let said = said(Some("/nonexistent/gpu.sim"));
    assert!(said.len() == 1 && said[0].contains("/nonexistent/gpu.sim"), "once: {said:?}");
}

#[test]
fn the_line_is_named_where_it_cannot_be_taken() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("gpu.sim");
    std::fs::write(&script, "driver = ok\nspeed = 5\n").unwrap();
    let said = said(Some(script.to_str().unwrap()));
    assert!(said.len() == 1 && said[0].contains("line 2: speed"), "once: {said:?}");
}
