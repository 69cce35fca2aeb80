//! The rules of ARCHITECTURE.md that a test can keep: who may name whom, how long files are, and how they begin.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{among_others, root};

/// Made by a program, for programs.
const GENERATED: &str = "ui/src/bindings.ts";
const LONGEST: usize = 450;

/// The folders of ui/src, each of which may import from those before it. What stands beside them comes last.
const LAYERS: [&str; 8] = ["base", "bindings", "text", "host", "store", "chart", "widgets", "panels"];

pub(crate) struct SourceFile {
    /// From the repository's root.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Our own files with one of these endings: neither dependencies nor what was built.
pub(crate) fn files(folder: &str, endings: &[&str]) -> Vec<SourceFile> {
    const OTHERS: [&str; 7] = ["node_modules", "dist", "target", "gen", "permissions", ".git", "out"];
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            let named = |names: &[&str]| path.file_name().is_some_and(|name| names.iter().any(|one| name == *one));
            if path.is_dir() && !named(&OTHERS) {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one)) {
                let text = fs::read_to_string(&path).unwrap();
                found.push(SourceFile { path: path.strip_prefix(root()).unwrap().to_str().unwrap().into(), text });
            }
        }
    }
    assert!(!found.is_empty(), "there is something in {folder} to look at");
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// What stands in quotes after `from`, `import` or `import(`: the modules that a TypeScript or Svelte file names.
fn imports(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in ["from", "import", "import("] {
        for (index, _) in text.match_indices(word) {
            let before = text[..index].chars().next_back();
            let rest = text[index + word.len()..].trim_start();
            let quoted = rest.strip_prefix(['"', '\'']).and_then(|rest| rest.split(['"', '\'']).next());
            if let Some(module) = quoted.filter(|_| !before.is_some_and(|c| c.is_alphanumeric() || c == '_')) {
                found.push(module);
            }
        }
    }
    found
}

/// Where in ui/src a relative import leads: `store/readings`; the file's own folder is `from`'s.
fn resolve(from: &str, module: &str) -> PathBuf {
    let mut path = Path::new(from).parent().unwrap().to_path_buf();
    for step in module.split('/') {
        match step {
            "." => {}
            ".." => assert!(path.pop(), "{module} in {from} leads out of ui/src"),
            name => path.push(name),
        }
    }
    path
}

/// How early a path below ui/src stands in [`LAYERS`].
fn layer(path: &Path) -> usize {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    let name = first.split('.').next().unwrap();
    LAYERS.iter().position(|layer| *layer == name).unwrap_or(LAYERS.len())
}

fn fail_with(what: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{what}:\n{}", offences.join("\n"));
}

#[test]
fn core_and_agent_know_neither_tauri_nor_a_web_view() {
    let _turn = among_others();
    let mut offences = Vec::new();
    for folder in ["src-tauri/core", "src-tauri/agent"] {
        for file in files(folder, &["rs", "toml"]) {
            for (number, line) in file.text.lines().enumerate() {
                let code = line.split("//").next().unwrap().to_lowercase();
                if code.starts_with("description") {
                    continue; // of the package, in words
                }
                let words = code.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
                let named = words
                    .filter(|word| ["tauri", "webkit", "wry", "tao", "gtk"].iter().any(|name| word.starts_with(name)));
                offences.extend(named.map(|word| format!("{}:{}: {word}", file.path, number + 1)));
            }
        }
    }
    fail_with("core and agent build without a window", &offences);
}

#[test]
fn only_the_host_speaks_with_tauri() {
    let _turn = among_others();
    let may = |path: &str| path.starts_with("ui/src/host/") || path == GENERATED;
    let offences: Vec<_> = files("ui/src", &["ts", "svelte"])
        .iter()
        .filter(|file| !may(&file.path) && imports(&file.text).iter().any(|module| module.starts_with("@tauri-apps")))
        .map(|file| file.path.clone())
        .collect();
    fail_with("only ui/src/host imports @tauri-apps", &offences);
}

#[test]
fn the_layers_of_the_ui_import_in_one_direction() {
    let _turn = among_others();
    let mut offences = Vec::new();
    for file in files("ui/src", &["ts", "svelte"]) {
        let from = file.path.strip_prefix("ui/src/").unwrap();
        for module in imports(&file.text).into_iter().filter(|module| module.starts_with('.')) {
            let to = resolve(from, module);
            let earlier = layer(&to) <= layer(Path::new(from));
            // base is for anyone to take away, file by file: it has no folders to reach into either
            let sibling = !from.starts_with("base/") || module.starts_with("./");
            if !earlier || !sibling {
                offences.push(format!("{from} imports {module}"));
            }
        }
    }
    fail_with(
        "base, bindings, text, host, store, chart, widgets, panels, app: later ones import earlier ones",
        &offences,
    );
}

#[test]
fn every_file_begins_by_saying_why_it_exists() {
    let _turn = among_others();
    let mut offences = Vec::new();
    for file in files("src-tauri", &["rs"]).into_iter().chain(files("tests", &["rs"])) {
        if !file.text.starts_with("//! ") && !file.text.starts_with("// ") {
            offences.push(file.path);
        }
    }
    for file in files("ui", &["ts", "svelte", "css"]) {
        if !["// ", "/* ", "/** ", "<!-- "].iter().any(|comment| file.text.starts_with(comment)) {
            offences.push(file.path);
        }
    }
    fail_with("these do not begin with a comment", &offences);
}

#[test]
fn no_file_is_too_long_to_read() {
    let _turn = among_others();
    let ours =
        ["src-tauri", "tests", "ui"].into_iter().flat_map(|folder| files(folder, &["rs", "ts", "svelte", "css"]));
    let offences: Vec<_> = ours
        .filter(|file| file.path != GENERATED && file.text.lines().count() > LONGEST)
        .map(|file| format!("{}: {} lines", file.path, file.text.lines().count()))
        .collect();
    fail_with(&format!("files have up to {LONGEST} lines"), &offences);
}

/// Names in a manifest's tables of dependencies: `[dependencies]`, `[target.….dev-dependencies]`, `[workspace.dependencies]`.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim_end_matches(']').ends_with("dependencies");
        } else if inside && let Some((name, _)) = line.split_once(['=', '.']).filter(|_| !line.starts_with('#')) {
            names.push(name.trim());
        }
    }
    names
}

#[test]
fn every_direct_dependency_is_in_the_table_with_its_reason_and_no_other() {
    let _turn = among_others();
    let ours = ["telltale-core", "nvml-sim"];
    let mut used: Vec<String> = Vec::new();
    for file in files(".", &["toml"]).iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        used.extend(dependencies(&file.text).into_iter().filter(|name| !ours.contains(name)).map(str::to_owned));
    }
    let package: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root().join("ui/package.json")).unwrap()).unwrap();
    for table in ["dependencies", "devDependencies"] {
        used.extend(package[table].as_object().unwrap().keys().cloned());
    }
    let contributing = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let table = contributing.split_once("| crate or package |").expect("the table").1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut listed: Vec<&str> = Vec::new();
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert!(cells.len() == 2 && cells[1].len() > 5, "a name and a reason: {row}");
        listed.extend(cells[0].split(", "));
    }
    used.sort();
    used.dedup();
    listed.sort_unstable();
    assert_eq!(listed, used);
}

/// Else a panic in one would leave the page waiting for ever.
#[test]
fn every_command_is_answered_through_the_one_place_that_bears_a_panic() {
    let _turn = among_others();
    let text = fs::read_to_string(root().join("src-tauri/src/commands.rs")).unwrap();
    let commands: Vec<_> = text.split("#[tauri::command]").skip(1).collect();
    assert!(commands.len() > 10, "{}", commands.len());
    let answered = |command: &&str| {
        let name = command.split_once("async fn ").and_then(|(_, rest)| rest.split_once('(')).unwrap().0;
        let body = command.split_once(" {\n").unwrap().1.trim_start();
        body.starts_with(&format!("answer(\"{name}\", async"))
    };
    let offences: Vec<_> = commands.iter().filter(|command| !answered(command)).map(|one| (*one).to_owned()).collect();
    fail_with("these commands are not answered through `answer`", &offences);
}

/// Passwords and tokens stand there.
#[test]
fn no_program_of_ours_reads_the_environment_of_another() {
    let _turn = among_others();
    let mut offences = Vec::new();
    for file in files("src-tauri", &["rs"]) {
        for (number, line) in file.text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            // sysinfo reads it where it is told to read everything
            if ["environ\"", "/environ", "environ()", "with_environ", "ProcessRefreshKind::everything"]
                .iter()
                .any(|word| code.contains(word))
            {
                offences.push(format!("{}:{}: {}", file.path, number + 1, code.trim()));
            }
        }
    }
    fail_with("processes' environments are never read", &offences);
}

#[test]
fn imports_are_found_in_all_their_forms() {
    let text = r#"
        import { a } from "./a";
        import type { B } from '../store/b';
        import "./theme.css";
        const c = await import("@tauri-apps/api/core");
        export { d } from "./d.svelte";
        const text = "no import here", reform = "x";
    "#;
    let mut found = imports(text);
    found.sort_unstable();
    assert_eq!(found, ["../store/b", "./a", "./d.svelte", "./theme.css", "@tauri-apps/api/core"]);
    assert_eq!(resolve("panels/cpu/Cpu.svelte", "../../store/b"), Path::new("store/b"));
    assert!(layer(Path::new("App.svelte")) > layer(Path::new("panels/cpu/Cpu.svelte")));
    assert!(layer(Path::new("bindings")) > layer(Path::new("base/units")));
}
