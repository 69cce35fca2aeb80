//! What the shipped configuration allows the page: parsed as Tauri parses it, and held to the list word for word. That the
//! real web view refuses the rest is in window/refused.rs.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::common::{among_others, root};
use crate::tidy::files;

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn parsed(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every key at any depth with its value.
fn keys(value: &Value) -> Vec<(&str, &Value)> {
    match value {
        Value::Object(map) => {
            map.iter().flat_map(|(key, inner)| [(key.as_str(), inner)].into_iter().chain(keys(inner))).collect()
        }
        Value::Array(list) => list.iter().flat_map(keys).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// What stands in double quotes between two words of a source file.
fn quoted_between(text: &str, from: &str, to: &str) -> BTreeSet<String> {
    let part = text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map(|(part, _)| part);
    let part = part.unwrap_or_else(|| panic!("{from} … {to}"));
    part.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_content_security_policy_is_the_one_promised_and_nothing_is_unsafe() {
    let _turn = among_others();
    let config = parsed("tauri.conf.json");
    let security = &config["app"]["security"];
    assert_eq!(
        security["csp"],
        json!({
            "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'",
            "font-src": "'self'", "connect-src": "ipc: http://ipc.localhost",
            // default-src does not stand in for these two
            "base-uri": "'none'", "form-action": "'none'",
        })
    );
    let dev = security["devCsp"].as_object().unwrap();
    assert!(!dev["script-src"].as_str().unwrap().contains("unsafe"), "not even while it is developed: {dev:?}");
    assert_eq!(security["freezePrototype"], true);
    for key in [
        "dangerousDisableAssetCspModification",
        "assetProtocol",
        "dangerousUseHttpScheme",
        "dangerousRemoteDomainIpcAccess",
    ] {
        assert!(security[key].is_null(), "{key}: {}", security[key]);
    }
    assert!(config["app"]["withGlobalTauri"].is_null(), "the page gets no window.__TAURI__");
    assert_eq!(config["build"]["frontendDist"], "ui/dist", "the page is shipped, not fetched");
    assert_eq!(config["app"]["windows"], json!([]), "the one window is built in code, where its navigation is held");
}

#[test]
fn the_page_may_hear_events_and_call_each_command_by_name_and_nothing_else() {
    let _turn = among_others();
    let config = parsed("tauri.conf.json");
    let files: Vec<_> =
        fs::read_dir(root().join("src-tauri/capabilities")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), config["app"]["security"]["capabilities"].as_array().unwrap().len(), "{files:?}");
    let capability = parsed("src-tauri/capabilities/main.json");
    assert_eq!(capability["windows"], json!(["main"]));
    for (key, value) in keys(&capability) {
        assert!(!["remote", "urls", "webviews", "scope"].contains(&key), "{key}: {value}");
    }

    let granted: BTreeSet<_> = capability["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().expect("no scopes").to_owned())
        .collect();
    let declared = quoted_between(&read("src-tauri/build.rs"), ".commands(&[", "]);");
    let api = read("src-tauri/src/api.rs");
    let listed = api.split_once("collect_commands![").unwrap().1.split_once(']').unwrap().0;
    let served: BTreeSet<_> =
        listed.split(',').filter_map(|one| one.trim().strip_prefix("commands::")).map(str::to_owned).collect();
    assert!(served.len() >= 8, "{served:?}");
    assert_eq!(served, declared, "what is served is declared, and the other way round");
    let mut allowed: BTreeSet<_> =
        declared.iter().map(|command| format!("allow-{}", command.replace('_', "-"))).collect();
    allowed.extend(["core:event:allow-listen", "core:event:allow-unlisten"].map(str::to_owned));
    assert_eq!(granted, allowed);
}

#[test]
fn no_plugin_that_reaches_files_programs_or_the_network_and_no_devtools_in_a_release() {
    let _turn = among_others();
    let manifest = read("Cargo.toml");
    for plugin in ["shell", "fs", "http", "upload", "websocket", "process", "opener", "localhost", "sql", "updater"] {
        assert!(!manifest.contains(&format!("tauri-plugin-{plugin} ")), "{plugin}");
    }
    let sources: String = files("src-tauri/src", &["rs"]).into_iter().map(|file| file.text).collect();
    for plugin in ["tauri_plugin_fs", "tauri_plugin_shell", "tauri_plugin_http"] {
        assert!(!sources.contains(plugin), "the dialog's dependency {plugin} is not served");
    }
    let tauri = manifest.lines().find(|line| line.starts_with("tauri = ")).unwrap();
    assert!(!tauri.contains("devtools"), "Tauri has them in debug builds by itself: {tauri}");
    assert!(!sources.contains("devtools("), "nothing turns them on");
    assert!(sources.contains(".on_new_window(|_, _| NewWindowResponse::Deny)"), "no page opens another");
}
