//! What others wrote that is built into the programs, with their licences: those ask for it. The crates are what cargo
//! resolves, the page's packages what npm locked; the texts are what came with each.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

/// What the page is built with; what these need comes along.
const PAGE: [&str; 3] = ["@tauri-apps/api", "svelte", "uplot"];

/// Names that licences, and notices to be passed on, have in archives.
const NAMES: [&str; 6] = ["licence", "license", "copying", "copyright", "notice", "unlicense"];

/// One crate or package.
struct Work {
    name: String,
    version: String,
    licence: String,
    authors: String,
    /// Where its source is.
    source: String,
    folder: PathBuf,
}

/// The whole text. Run from the repository's root, where everything is there that the programs were built from.
///
/// # Errors
/// If cargo or a file is missing, or a licence is not told.
pub(crate) fn notices() -> anyhow::Result<String> {
    let mut works = crates()?;
    works.extend(packages()?);
    works.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    let mut list = String::from(
        "Telltale is built with the work of others, and with the Rust standard library (MIT OR Apache-2.0,\n\
         https://github.com/rust-lang/rust). Each is named with its version, its licence, where its source is, and which of\n\
         the texts below came with it.\n\n",
    );
    let mut texts: Vec<String> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for work in works {
        let mut numbers: Vec<String> = Vec::new();
        for text in texts_in(&work.folder)? {
            // The same words are the same text, however they are broken into lines.
            let unbroken = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let number = *known.entry(unbroken).or_insert_with(|| {
                texts.push(text);
                texts.len()
            });
            numbers.push(format!("[{number}]"));
        }
        if numbers.is_empty() {
            let authors = if work.authors.is_empty() { "authors that it does not name" } else { &work.authors };
            numbers.push(format!("no text came with it; by {authors}"));
        }
        let Work { name, version, licence, source, .. } = work;
        writeln!(list, "{name} {version}\n  {licence}\n  {source}\n  {}", numbers.join(" "))?;
    }
    for (index, text) in texts.iter().enumerate() {
        write!(list, "\n{} [{}]\n\n{}\n", "=".repeat(72), index + 1, text.trim_end())?;
    }
    Ok(list)
}

/// Every crate of others under the two programs, but for those that only build or test them.
fn crates() -> anyhow::Result<Vec<Work>> {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let asked = ["metadata", "--format-version=1", "--locked", "--filter-platform", &platform];
    let cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into())).args(asked).output();
    let cargo = cargo.context("cargo")?;
    anyhow::ensure!(cargo.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout)?;
    let by_id = |list: &'static str, rows: &Value| -> BTreeMap<String, Value> {
        let rows = rows[list].as_array().into_iter().flatten();
        rows.map(|row| (words(&row["id"]), row.clone())).collect()
    };
    let (packages, nodes) = (by_id("packages", &metadata), by_id("nodes", &metadata["resolve"]));
    let ours =
        packages.iter().filter(|(_, package)| ["telltale", "telltale-agent"].contains(&&*words(&package["name"])));
    let mut open: Vec<String> = ours.map(|(id, _)| id.clone()).collect();
    let mut found = BTreeMap::new();
    while let Some(id) = open.pop() {
        let (Some(package), Some(node)) = (packages.get(&id), nodes.get(&id)) else { continue };
        if found.insert(id, package).is_some() {
            continue;
        }
        for needed in node["deps"].as_array().into_iter().flatten() {
            let built_in = |kind: &Value| kind["kind"].is_null();
            if needed["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(built_in)) {
                open.push(words(&needed["pkg"]));
            }
        }
    }
    let others = found.into_values().filter(|package| !package["source"].is_null());
    others
        .map(|package| {
            let (name, version) = (words(&package["name"]), words(&package["version"]));
            let licence = package["license"].as_str().with_context(|| format!("{name} names no licence"))?;
            Ok(Work {
                licence: licence.into(),
                authors: list(&package["authors"]),
                source: format!("https://crates.io/crates/{name}/{version}"),
                folder: Path::new(&words(&package["manifest_path"])).parent().unwrap_or(Path::new("")).into(),
                name,
                version,
            })
        })
        .collect()
}

/// The page's packages, with those that they need.
fn packages() -> anyhow::Result<Vec<Work>> {
    let lock: Value =
        serde_json::from_str(&fs::read_to_string("ui/package-lock.json").context("ui/package-lock.json")?)?;
    let mut open: Vec<String> = PAGE.map(str::to_owned).into();
    let mut found = BTreeMap::new();
    while let Some(name) = open.pop() {
        let path = format!("node_modules/{name}");
        let package = &lock["packages"][&path];
        let licence = package["license"].as_str().with_context(|| format!("{name} names no licence"))?;
        let needed = package["dependencies"].as_object().into_iter().flatten().map(|(name, _)| name);
        open.extend(needed.filter(|name| !found.contains_key(*name)).cloned());
        let version = words(&package["version"]);
        let source = format!("https://www.npmjs.com/package/{name}/v/{version}");
        let folder = Path::new("ui").join(path);
        let work =
            Work { name: name.clone(), version, licence: licence.into(), authors: String::new(), source, folder };
        found.insert(name, work);
    }
    Ok(found.into_values().collect())
}

/// The texts that stand in a folder, or in one of its own that has such a name.
fn texts_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if NAMES.iter().any(|start| name.starts_with(start)) {
            files.extend(if path.is_dir() { entries(&path)? } else { vec![path] });
        }
    }
    let read = |path: &PathBuf| fs::read(path).with_context(|| path.display().to_string());
    files.iter().map(|path| Ok(String::from_utf8_lossy(&read(path)?).replace('\r', ""))).collect()
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> String {
    value.as_array().into_iter().flatten().map(words).collect::<Vec<_>>().join(", ")
}
