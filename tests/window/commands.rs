//! The commands as a page calls them: what they answer, and how they refuse.

use std::fs;

use serde_json::{Value, json};

use super::SOON;
use super::app::{App, Gpus, Home};
use crate::common::screen::Screen;
use crate::common::until::until;

#[test]
fn every_command_answers_in_the_shape_of_the_contract() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        let settings = json!({
            "interval": 2.0, "theme": "system", "temperature_unit": "celsius", "network_unit": "bytes",
            "tray_lines": ["gpu", "cpu", "memory", "disk", "network"], "close_to_tray": true, "start_at_login": false,
            "sleeping_gpus": "leave",
            "drawing": "auto",
        });
        same(&app.ask("get_settings").await, &settings);
        metrics(&app).await;
        history(&app).await;
        packed(&app).await;
        diagnostics(&app).await;

        system_info(&app).await;
        own_cost(&app).await;
        assert_eq!(app.ask("get_desktop_info").await, json!({ "tray": false }), "there is no panel on this screen");
        assert_eq!(app.ask("cancel_save").await, json!(null), "nothing is being saved");
        let view = json!({ "view": { "page": "cpu", "range": 900 }, "rows": 1234 });
        assert_eq!(app.call("report_page", view).await, Ok(json!(null)));
        until("the log has it", SOON, async || {
            let said = home.said();
            if said.contains("the page is there page=cpu range=900 rows=1234") { Ok(()) } else { Err(said) }
        })
        .await;

        let changed = app.call("update_settings", json!({ "patch": { "interval": 0.5, "theme": "dark" } })).await;
        let mut expected = settings;
        (expected["interval"], expected["theme"]) = (json!(0.5), json!("dark"));
        same(&changed.unwrap(), &expected);
        same(&app.ask("get_settings").await, &expected);
        until("the collector has the interval too", SOON, async || {
            let interval = app.ask("get_current_metrics").await["interval"].as_f64();
            if interval == Some(0.5) { Ok(()) } else { Err(interval) }
        })
        .await;
        app.quit().await;
    });
}

/// The driver turns 2.0 into 2, which `==` between JSON values tells apart.
fn same(one: &Value, other: &Value) {
    let plain = |value: &Value| {
        let number = |value: &Value| value.as_f64().map_or_else(|| value.clone(), Value::from);
        let fields = value.as_object().unwrap().iter();
        fields.map(|(key, value)| (key.clone(), number(value))).collect::<Vec<_>>()
    };
    assert_eq!(plain(one), plain(other));
}

async fn metrics(app: &App) {
    let metrics = until("every channel has a second sample", SOON, async || {
        let metrics = app.ask("get_current_metrics").await;
        // A tick may be published before all its samples are in.
        let has_rate = metrics["cpu"]["utilization"].is_number();
        let all = ["memory", "disk", "network"].iter().all(|channel| metrics[channel].is_object());
        if metrics["tick"].as_u64() >= Some(2) && has_rate && all { Ok(metrics) } else { Err(metrics) }
    })
    .await;
    for path in ["/memory/ram_total", "/interval"] {
        assert!(metrics.pointer(path).is_some_and(Value::is_number), "{path} in {metrics:#}");
    }
    for channel in ["cpu", "memory", "disk", "network"] {
        assert!(metrics[channel]["timestamp"].is_i64(), "{channel} in {metrics:#}");
    }
    assert_eq!(metrics["gpu"], json!([]));
}

async fn history(app: &App) {
    let whole = app.call("get_metrics_history", json!({})).await.unwrap();
    let times: Vec<_> = whole["timestamps"].as_array().unwrap().iter().map(|time| time.as_i64().unwrap()).collect();
    assert!(times.len() >= 2 && times.is_sorted_by(|one, next| one < next), "{times:?}");
    let series = whole["series"].as_array().unwrap();
    assert!(series.iter().any(|one| one["channel"] == "system/cpu" && one["field"] == "per_core/0"), "{series:#?}");
    assert!(series.iter().all(|one| one["values"].as_array().unwrap().len() == times.len() && one["min"].is_null()));

    let query = json!({ "query": { "channels": ["cpu", "system/memory"], "until": times[1], "max_points": 1 } });
    let part = app.call("get_metrics_history", query).await.unwrap();
    assert_eq!(part["timestamps"].as_array().unwrap().len(), 1);
    for one in part["series"].as_array().unwrap() {
        assert!(["system/cpu", "system/memory"].contains(&one["channel"].as_str().unwrap()), "{one}");
        let [min, value, max] = ["min", "values", "max"].map(|column| one[column][0].as_f64());
        assert!(min <= value && value <= max, "{one}");
    }
}

/// The packed history says what the other says.
async fn packed(app: &App) {
    const ASK: &str = "const [query, done] = arguments;
        window.__TAURI_INTERNALS__.invoke('get_packed_history', { query }).then((bytes) => {
            const length = new DataView(bytes).getUint32(0, true);
            const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
            done([head, [...new Uint8Array(bytes, 4 + length)]]);
        });";
    let last = app.ask("get_current_metrics").await["timestamp"].clone();
    for points in [json!(null), json!(1)] {
        let query = json!({ "until": last, "max_points": points });
        // What is late is filled in later: the history before and after is the same where nothing was.
        let (head, numbers, history) = until("nothing is filled in between", SOON, async || {
            let ask = async || app.call("get_metrics_history", json!({ "query": query })).await.unwrap();
            let before = ask().await;
            let answer = app.client.execute_async(ASK, vec![query.clone()]).await.unwrap();
            let (head, numbers): (Value, Vec<u8>) = serde_json::from_value(answer).unwrap();
            let history = ask().await;
            if before == history { Ok((head, numbers, history)) } else { Err(before) }
        })
        .await;
        assert_eq!((&head["timestamps"], &head["gaps"]), (&history["timestamps"], &history["gaps"]));
        let (rows, mut rest) = (head["timestamps"].as_array().unwrap().len(), &numbers[..]);
        for (head, series) in head["series"].as_array().unwrap().iter().zip(history["series"].as_array().unwrap()) {
            assert_eq!((&head["field"], &head["unit"]), (&series["field"], &series["unit"]));
            for list in ["values", "min", "max"] {
                let Some(form) = head[list].as_str() else {
                    assert!(series[list].is_null(), "{head} {series}");
                    continue;
                };
                let (size, count) = match form {
                    "same" => (8, 1),
                    "double" => (8, rows),
                    "single" => (4, rows),
                    "small" => (1, rows),
                    _ => (2, rows),
                };
                let (these, others) = rest.split_at((size * count).next_multiple_of(8));
                rest = others;
                for (row, expected) in series[list].as_array().unwrap().iter().enumerate() {
                    let bytes = &these[size * (row % count)..][..size];
                    let value = match form {
                        "small" => bytes[0].into(),
                        "whole" => f64::from(u16::from_le_bytes(bytes.try_into().unwrap())),
                        "hundredths" => f64::from(u16::from_le_bytes(bytes.try_into().unwrap())) / 100.0,
                        "single" => f32::from_le_bytes(bytes.try_into().unwrap()).into(),
                        _ => f64::from_le_bytes(bytes.try_into().unwrap()),
                    };
                    let near = |expected: f64| (value - expected).abs() <= expected.abs() * 1e-7;
                    let same = expected.as_f64().map_or(value.is_nan() || bytes.iter().all(|byte| *byte == 0xff), near);
                    assert!(same, "row {row}: {value} in {head} for {series}");
                }
            }
        }
        assert_eq!(rest, b"");
    }
}

/// What the kernel and /etc/os-release say of this machine.
async fn system_info(app: &App) {
    let info = app.ask("get_system_info").await;
    let read = |file: &str| fs::read_to_string(file).unwrap().trim().to_owned();
    let value = |file: &str, name: &str, separator: char| {
        let text = read(file);
        let mut pairs = text.lines().filter_map(|line| line.split_once(separator));
        pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let number = |file: &str, name: &str, separator: char| -> u64 {
        value(file, name, separator).unwrap().trim_end_matches(" kB").parse().unwrap()
    };
    let release = |name: &str| value("/etc/os-release", name, '=');
    let os = [release("NAME"), release("VERSION_ID")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let threads =
        read("/proc/stat").lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count();
    for (field, expected) in [
        ("host_name", json!(read("/proc/sys/kernel/hostname"))),
        ("os", json!(os)),
        ("kernel", json!(read("/proc/sys/kernel/osrelease"))),
        ("cpu_threads", json!(threads)),
        ("memory_total", json!(number("/proc/meminfo", "MemTotal", ':') * 1024)),
        ("boot_time", json!(number("/proc/stat", "btime", ' ') * 1000)),
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("gpus", json!([])),
        ("notices", json!([])),
    ] {
        assert_eq!(info[field], expected, "{field} of {info:#}");
    }
    // ARM's kernel has numbers for it and no name.
    if let Some(model) = value("/proc/cpuinfo", "model name", ':') {
        assert_eq!(info["cpu_model"], model);
    }
    assert!(
        info["cpu_cores"].as_u64() > Some(0) && info["cpu_cores"].as_u64() <= info["cpu_threads"].as_u64(),
        "{info:#}"
    );
    let why = &info["gpu_missing"];
    assert_eq!(why["reason"], "absent", "{info:#}");
    assert!(why["detail"].as_str().unwrap().contains("/nonexistent/libnvidia-ml.so.1"), "{info:#}");
}

/// That they are those of pidstat is in `own_cost.rs`.
async fn own_cost(app: &App) {
    let cost = app.ask("get_own_cost").await;
    assert!(cost["cpu_seconds"].as_f64() > Some(0.0) && cost["memory"].as_u64() > Some(10 << 20), "{cost}");
    assert!(cost["processes"].as_u64() >= Some(2), "the app and its web process: {cost}");
    assert!(cost["cpu"].is_number() || cost["cpu"].is_null(), "{cost}");
}

async fn diagnostics(app: &App) {
    let report = app.ask("get_diagnostics").await;
    let sources = report["sources"].as_array().unwrap();
    let named =
        |name: &str| sources.iter().find(|one| one["source"] == name).unwrap_or_else(|| panic!("{name} in {report:#}"));
    let (gpu, cpu) = (named("nvml"), named("cpu"));
    assert_eq!((gpu["channel"].as_str(), cpu["channel"].as_str()), (Some("system/gpu"), Some("system/cpu")));
    assert_eq!((gpu["reason"].as_str(), cpu["reason"].as_str()), (Some("absent"), None), "{report:#}");
    assert!(cpu["successes"].as_u64() >= Some(2) && cpu["duration"].as_f64() > Some(0.0), "{cpu:#}");
    assert!(report["ticks"]["done"].as_u64() >= Some(2) && report["history"]["bytes"].as_u64() > Some(0), "{report:#}");
    assert!(report["window"]["events_sent"].as_u64() >= Some(5), "{report:#}");
    let tasks: Vec<_> = report["tasks"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert!(tasks.starts_with(&[&json!("collector"), &json!("events")]), "{tasks:?}");
}

#[test]
fn bad_input_is_refused_with_the_field_and_changes_nothing() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        let before = app.ask("get_settings").await;
        // NaN and infinity become null on their way: JSON has no other way to say them.
        for interval in [json!(0), json!(-1), json!(1e9), json!(60.1), json!("x"), json!(null), json!([1])] {
            let patch = json!({ "patch": { "theme": "dark", "interval": interval } });
            refused(&app, "update_settings", patch, "invalid_setting", "interval", "0.5 to 60 s").await;
        }
        let settings = [
            (json!({ "theme": "pink" }), "theme", "system, light, dark"),
            (json!({ "volume": 11 }), "volume", "interval, theme"),
            (json!("dark"), "settings", "object"),
            (json!({ "theme": null }), "theme", "system, light, dark"),
        ];
        for (patch, field, allowed) in settings {
            refused(&app, "update_settings", json!({ "patch": patch }), "invalid_setting", field, allowed).await;
        }
        // Undefined does not get through at all.
        refused(&app, "update_settings", json!({}), "invalid_setting", "settings", "object").await;
        refused(&app, "get_gpu_details", json!({}), "invalid_query", "gpu_id", "a string").await;
        refused(&app, "get_gpu_details", json!({ "gpuId": "GPU-9" }), "unknown_gpu", "gpu_id", "there is none").await;
        refused(&app, "get_gpu_verdict", json!({}), "invalid_query", "query", "query").await;
        let page = |page: Value, range: Value| json!({ "view": { "page": page, "range": range }, "rows": 1 });
        for (arguments, field, allowed) in [
            (json!({}), "view", "object"),
            (json!({ "view": ["cpu", 60], "rows": 1 }), "view", "object"),
            (page(json!("cpu"), json!(-1)), "range", "u32"),
            (page(json!("cpu"), json!(0)), "range", "1 to 86400"),
            (page(json!(""), json!(60)), "page", "1 to 200"),
            (json!({ "view": { "page": "cpu", "range": 60 }, "rows": "x" }), "rows", "u32"),
        ] {
            refused(&app, "report_page", arguments, "invalid_query", field, allowed).await;
        }
        let image = json!({ "query": {}, "image": "x" });
        refused(&app, "save_view", image, "invalid_query", "image", "sequence").await;
        let image = json!({ "query": {}, "image": [300] });
        refused(&app, "save_view", image, "invalid_query", "image[0]", "u8").await;
        assert_eq!(app.ask("get_settings").await, before);
        assert!(!home.settings_file().exists(), "nothing was written");

        let queries = [
            (json!({ "channels": ["cpu", "sound"] }), "channels", "memory, disk and network"),
            (json!({ "since": 2_000, "until": 1_000 }), "since", "until"),
            (json!({ "max_points": 0 }), "max_points", "1 to 10000"),
            (json!({ "max_points": 1_000_000 }), "max_points", "1 to 10000"),
            (json!({ "max_points": -1 }), "max_points", "1 to 10000"),
            (json!(5), "query", "object"),
            (json!([]), "query", "object"),
            (json!([1_700_000_000_000_u64]), "query", "object"),
            (json!({ "since": "yesterday" }), "since", "yesterday"),
            (json!({ "sinse": 1 }), "sinse", "since"),
        ];
        for (query, field, allowed) in queries {
            refused(&app, "get_metrics_history", json!({ "query": query }), "invalid_query", field, allowed).await;
        }
        let queries = [
            (json!({ "gpu_id": 9 }), "gpu_id", "a string"),
            (json!({ "gpu_id": "GPU-9", "since": "yesterday" }), "since", "yesterday"),
            (json!({ "gpu_id": "GPU-9", "range": 60 }), "range", "since"),
        ];
        for (query, field, allowed) in queries {
            refused(&app, "get_gpu_verdict", json!({ "query": query }), "invalid_query", field, allowed).await;
        }
        for query in [json!({ "gpu_id": "GPU-9" }), json!({})] {
            let arguments = json!({ "query": query });
            refused(&app, "get_gpu_verdict", arguments, "unknown_gpu", "gpu_id", "there is none").await;
        }
        let answer = app.call("get_metrics_history", json!({ "query": null })).await.unwrap();
        assert!(answer["timestamps"].is_array(), "and the next query is answered: {answer}");
        app.close().await;
    });
}

async fn refused(app: &App, command: &str, arguments: Value, kind: &str, field: &str, says: &str) {
    let said = format!("{command} {arguments}");
    let error = app.call(command, arguments).await.expect_err(&said);
    assert_eq!((error["kind"].as_str(), error["field"].as_str()), (Some(kind), Some(field)), "{said}: {error}");
    assert!(error["message"].as_str().unwrap().contains(says), "{said}: {error}");
}
