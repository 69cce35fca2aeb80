//! The window asks the network for nothing, could not if it wanted to, and is small enough to load at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;

use super::app::{App, Gpus, Home};
use crate::common::among_others;
use crate::common::root;
use crate::common::screen::Screen;

/// Keeps a log of everything that the page asks for from now on, whatever way it asks.
const LISTEN: &str = "
    window.asked = [];
    const { fetch } = window;
    window.fetch = (to, how) => { window.asked.push(String(to?.url ?? to)); return fetch(to, how); };
    const { open } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.open = function (how, to, ...more) { window.asked.push(String(to)); return open.call(this, how, to, ...more); };
    for (const name of ['WebSocket', 'EventSource', 'Worker', 'SharedWorker']) {
        const plain = window[name];
        if (plain) window[name] = function (to, ...more) { window.asked.push(String(to)); return new plain(to, ...more); };
    }";

/// The log, with every address that the document and its style sheets name, its own first.
const REQUESTS: &str = "
    const named = Array.from(document.querySelectorAll('[src], link[href], [srcset], [data]:not(:defined)'), one => one.src || one.href || one.srcset);
    const sheets = Array.from(document.styleSheets, sheet => Array.from(sheet.cssRules, rule => rule.cssText).join());
    const urls = sheets.join().match(/url\\([^)]*\\)|@import[^;]*|@font-face/g) ?? [];
    const loaded = performance.getEntriesByType('resource').map(entry => entry.name);
    return [location.href, ...named.filter(Boolean), ...urls, ...loaded, ...window.asked];";

/// The internet sockets of the app's processes, in the kernel's notation, but for those through which the driver drives.
fn sockets(app: &App) -> Vec<String> {
    let mut remote = BTreeMap::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        for line in fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default().lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            remote.insert(format!("socket:[{}]", fields[9]), format!("{table} {} to {}", fields[1], fields[2]));
        }
    }
    let mut found = Vec::new();
    let mut views = 0;
    let family = app.family();
    // Who drives says so to the app: WEBKIT_INSPECTOR_SERVER=127.0.0.1:51859.
    let driven: BTreeSet<String> = family
        .iter()
        .flat_map(|process| {
            fs::read(process.join("environ"))
                .unwrap_or_default()
                .split(|byte| *byte == 0)
                .map(<[u8]>::to_vec)
                .collect::<Vec<_>>()
        })
        .filter_map(|entry| {
            let port = String::from_utf8(entry)
                .ok()?
                .strip_prefix("WEBKIT_INSPECTOR_SERVER=127.0.0.1:")?
                .parse::<u16>()
                .ok()?;
            Some(format!(" 0100007F:{port:04X}"))
        })
        .collect();
    assert!(driven.len() <= 1, "{driven:?}");
    for process in family {
        let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
        let web = name.starts_with("WebKitNetwork") || name.starts_with("WebKitWebProces");
        views += usize::from(web);
        if !web && !name.starts_with("telltale") {
            continue; // the driver
        }
        for descriptor in fs::read_dir(process.join("fd")).into_iter().flatten().flatten() {
            let target = fs::read_link(descriptor.path()).unwrap_or_default();
            let Some(socket) = remote.get(&*target.to_string_lossy()) else { continue };
            if !driven.iter().any(|port| socket.contains(port)) || name.starts_with("WebKitNetwork") {
                found.push(format!("{} {socket}", name.trim()));
            }
        }
    }
    assert!(views >= 2, "the web view's processes are seen, the one for the network among them");
    found
}

#[test]
fn the_page_asks_for_its_own_files_only() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::Simulated("one")).await;
        app.run(LISTEN).await;
        let mut tick = app.later_tick(0).await;
        let mut opened = sockets(&app);
        for page in ["gpu/", "cpu", "memory", "disk/", "network/", "settings", "overview"] {
            app.open(page).await;
            tick = app.later_tick(tick).await;
            opened.extend(sockets(&app));
        }
        app.call("update_settings", json!({ "patch": { "theme": "light" } })).await.unwrap();
        let requests = app.run(REQUESTS).await;
        let requests: Vec<_> = requests.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        assert!(requests.iter().any(|one| one.contains("/assets/")), "the page's scripts are among them: {requests:?}");
        assert!(requests.iter().any(|one| one.contains("update_settings")), "and what it asks the core: {requests:?}");
        let own = |one: &str| one.starts_with("tauri://localhost") || one.starts_with("ipc://localhost");
        let others: Vec<_> = requests.iter().filter(|one| !own(one)).collect();
        assert!(others.is_empty(), "{others:?}");
        assert_eq!(app.run("return document.fonts.size").await, 0, "no web font");
        assert!(opened.is_empty(), "the web view has no connection: {opened:?}");
        app.close().await;
    });
}

/// Gzipped as small as it gets.
fn gzipped(file: &PathBuf) -> usize {
    let mut gzip = Command::new("gzip").arg("-9c").arg(file).stdout(Stdio::piped()).spawn().unwrap();
    let mut bytes = Vec::new();
    gzip.stdout.take().unwrap().read_to_end(&mut bytes).unwrap();
    assert!(gzip.wait().unwrap().success(), "gzip {}", file.display());
    bytes.len()
}

#[test]
fn scripts_and_styles_are_under_150_kilobytes_gzipped() {
    let _turn = among_others();
    let mut files = Vec::new();
    let mut folders = vec![root().join("ui/dist")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let ending =
        |file: &PathBuf| file.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    let loaded: Vec<_> = files
        .iter()
        .filter(|file| ["js", "css"].contains(&ending(file).as_str()))
        .map(|file| (file, gzipped(file)))
        .collect();
    let sum: usize = loaded.iter().map(|(_, size)| size).sum();
    assert!(sum > 20_000, "the files are there: {loaded:?}");
    assert!(sum < 150_000, "{sum} bytes: {loaded:#?}");
    let others: Vec<_> = files.iter().filter(|file| !["js", "css", "html"].contains(&ending(file).as_str())).collect();
    assert!(others.is_empty(), "no fonts, no pictures: {others:?}");
    // What the page's larger part is called is known once it is built: `ui/vite.config.ts` names it.
    let page = fs::read_to_string(root().join("ui/dist/index.html")).unwrap();
    let preloaded = page.split('<').filter(|tag| tag.contains("modulepreload") && tag.contains("/assets/App-"));
    assert_eq!(preloaded.count(), 1, "its larger part is asked for with its first one: {page}");
}
