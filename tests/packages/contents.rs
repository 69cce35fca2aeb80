//! What is in the packages, and what each system's own tools say of it.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{package, unpacked};
use crate::common::process::output;
use crate::common::{among_others, root};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// In both packages, with the pages and completions of both programs beside them.
const FILES: [&str; 18] = [
    "/usr/bin/telltale",
    "/usr/bin/telltale-agent",
    "/usr/lib/systemd/user/telltale-agent.service",
    "/usr/lib/telltale/libtelltale_egl.so",
    "/usr/lib/telltale/libtelltale_speech.so",
    "/usr/lib/telltale/telltale_egl.json",
    "/usr/share/applications/telltale.desktop",
    "/usr/share/bash-completion/completions/telltale",
    "/usr/share/bash-completion/completions/telltale-agent",
    "/usr/share/doc/telltale/THIRD-PARTY.gz",
    "/usr/share/doc/telltale/copyright",
    "/usr/share/fish/vendor_completions.d/telltale.fish",
    "/usr/share/fish/vendor_completions.d/telltale-agent.fish",
    "/usr/share/icons/hicolor/scalable/apps/telltale.svg",
    "/usr/share/icons/hicolor/symbolic/apps/telltale-symbolic.svg",
    "/usr/share/man/man1/telltale.1.gz",
    "/usr/share/man/man1/telltale-agent.1.gz",
    "/usr/share/metainfo/dev.telltale.desktop.metainfo.xml",
];

/// Pixels a side.
const ICONS: [u32; 9] = [16, 22, 24, 32, 48, 64, 128, 256, 512];

/// A file of the package, which must be there.
fn file(path: &str) -> PathBuf {
    let file = unpacked().join(path.trim_start_matches('/'));
    assert!(file.is_file(), "the package has no {path}");
    file
}

fn all_below(folder: &Path) -> Vec<PathBuf> {
    let entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.iter().flat_map(|path| if path.is_dir() { all_below(path) } else { vec![path.clone()] }).collect()
}

/// Runs a checker that says nothing of what is well.
fn says_nothing(program: &str, arguments: &[&str]) {
    // Else it may say that the user's locale is not there.
    let ran = Command::new(program).args(arguments).env("LC_ALL", "C.UTF-8").output();
    let ran = ran.unwrap_or_else(|error| panic!("{program}: {error}; `make test-packages` installs it"));
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && said.trim().is_empty(), "{program} {arguments:?}: {}: {said}", ran.status);
}

#[test]
fn the_deb_says_what_it_is_and_what_it_needs() {
    let _turn = among_others();
    let deb = package("deb");
    let field = |name| output("dpkg-deb", &["--field", deb.to_str().unwrap(), name]).trim().to_owned();
    assert_eq!((field("Package").as_str(), field("Version").as_str()), ("telltale", VERSION));
    assert!(field("Maintainer").contains('@') && field("Homepage").starts_with("https://"));
    let depends = field("Depends");
    for library in ["libwebkit2gtk-4.1-0", "libgtk-3-0", "libc6"] {
        assert!(depends.split(", ").any(|one| one.split(' ').next() == Some(library)), "{library} in {depends}");
    }
    let versioned = |one: &str| one == "libwebkit2gtk-4.1-0 (>= 2.46)";
    assert!(depends.split(", ").any(versioned), "the page is built for that version: {depends}");
    assert!(!depends.contains("appindicator"), "the tray needs no library: {depends}");
    let description = field("Description");
    assert!(description.lines().count() > 3 && description.lines().all(|line| line.len() <= 80), "{description}");
}

#[test]
fn the_rpm_holds_the_same_and_says_its_licence() {
    let _turn = among_others();
    let rpm = package("rpm");
    let ask = |what: &[&str]| output("rpm", &[&["--query", "--package"], what, &[rpm.to_str().unwrap()]].concat());
    let said = ask(&["--queryformat", "%{NAME} %{VERSION} %{LICENSE}"]);
    assert_eq!(said, format!("telltale {VERSION} MIT OR Apache-2.0"));
    let requires = ask(&["--requires"]);
    assert!(requires.contains("libwebkit2gtk-4.1.so.0") && requires.contains("libgtk-3.so.0"), "{requires}");

    // zsh's folder has another name there, and the changelog is Debian's custom.
    let listed = ask(&["--list"]).replace("/zsh/site-functions/", "/zsh/vendor-completions/");
    let mut theirs: Vec<_> = listed.lines().map(PathBuf::from).collect();
    let ours = all_below(unpacked());
    let ours = ours.iter().map(|file| Path::new("/").join(file.strip_prefix(unpacked()).unwrap()));
    let mut ours: Vec<_> = ours.filter(|file| !file.ends_with("changelog.gz")).collect();
    theirs.sort();
    ours.sort();
    assert_eq!(theirs, ours);
}

#[test]
fn everything_is_there_and_may_be_read() {
    let _turn = among_others();
    for path in FILES {
        file(path);
    }
    let listed = output("dpkg-deb", &["--contents", package("deb").to_str().unwrap()]);
    for line in listed.lines() {
        let wanted = match line.split_whitespace().last().unwrap() {
            path if line.starts_with('d') || path.starts_with("usr/bin/") => "rwxr-xr-x",
            _ => "rw-r--r--",
        };
        assert!(line[1..].starts_with(&format!("{wanted} 0/0 ")), "{line}");
    }
}

#[test]
fn every_icon_has_the_size_of_its_folder() {
    let _turn = among_others();
    for side in ICONS {
        let icon = file(&format!("/usr/share/icons/hicolor/{side}x{side}/apps/telltale.png"));
        let found = output("identify", &["-format", "%w %h %[opaque]", icon.to_str().unwrap()]);
        assert_eq!(found.to_lowercase(), format!("{side} {side} false"));
    }
    let symbolic = fs::read_to_string(file("/usr/share/icons/hicolor/symbolic/apps/telltale-symbolic.svg")).unwrap();
    assert!(!symbolic.contains("stroke="), "desktops recolour fills alone");
    assert_eq!(symbolic.matches("fill=").count(), 1, "one colour");
}

#[test]
fn the_menu_entry_and_its_metadata_are_valid_and_agree() {
    let _turn = among_others();
    let desktop = file("/usr/share/applications/telltale.desktop");
    says_nothing("desktop-file-validate", &[desktop.to_str().unwrap()]);
    let metainfo = file("/usr/share/metainfo/dev.telltale.desktop.metainfo.xml");
    output("appstreamcli", &["validate", "--no-net", "--pedantic", metainfo.to_str().unwrap()]);

    let desktop = fs::read_to_string(desktop).unwrap();
    assert!(desktop.contains("Actions=open;tray;"), "{desktop}");
    for (program, arguments) in desktop
        .lines()
        .filter_map(|line| line.strip_prefix("Exec="))
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
    {
        file(&format!("/usr/bin/{program}"));
        assert!(["", "--hidden"].contains(&arguments), "{arguments}");
    }
    let metainfo = fs::read_to_string(metainfo).unwrap();
    assert!(metainfo.contains(r#"<launchable type="desktop-id">telltale.desktop</launchable>"#));
    assert!(metainfo.contains(&format!(r#"<release version="{VERSION}""#)), "the newest release is described");
}

#[test]
fn every_program_and_subcommand_has_a_page_that_man_can_set_and_find() {
    let _turn = among_others();
    let pages = all_below(&unpacked().join("usr/share/man/man1"));
    assert!(pages.len() >= 4, "{pages:?}");
    for page in pages {
        let page = page.to_str().unwrap();
        let mut set = Command::new("man");
        set.args(["--warnings", "-E", "UTF-8", "-Tutf8", "-l", page]).env("LC_ALL", "C.UTF-8");
        let set = set.output().unwrap();
        assert!(set.status.success() && set.stderr.is_empty(), "{page}: {}", String::from_utf8_lossy(&set.stderr));
        output("lexgrog", &[page]);
    }
    let page = file("/usr/share/man/man1/telltale-agent.1.gz");
    let page = output("man", &["-E", "UTF-8", "-Tascii", "-l", page.to_str().unwrap()]);
    // Bold is a letter printed over itself.
    let page: String = page.split('\u{8}').map(|struck| struck.strip_suffix(|_| true).unwrap_or("")).collect();
    for part in ["telltale-agent-watch(1)", "ENVIRONMENT", "TELLTALE_NVML_LIB", "EXIT STATUS"] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn everything_of_others_that_is_built_in_is_named_with_its_licence() {
    let _turn = among_others();
    let notices = output("zcat", &[file("/usr/share/doc/telltale/THIRD-PARTY.gz").to_str().unwrap()]);
    let (list, texts) = notices.split_once("\n====").unwrap();
    let lines: Vec<&str> = list.split_once("\n\n").unwrap().1.lines().collect();
    let works: HashMap<&str, &[&str]> = lines.chunks(4).map(|work| (work[0], &work[1..])).collect();
    let manifest = root().join("Cargo.toml");
    let asked = ["tree", "--locked", "--offline", "--edges=normal", "--prefix=none", "--format={p}", "--manifest-path"];
    let programs = ["--package=telltale", "--package=telltale-agent"];
    let tree = output("cargo", &[&asked[..], &[manifest.to_str().unwrap()], &programs].concat());
    let crates = tree.lines().filter(|line| !line.is_empty() && !line.contains("(/"));
    let crates: BTreeSet<_> =
        crates.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ").replace(" v", " ")).collect();
    let missing: Vec<_> = crates.iter().filter(|name| !works.contains_key(name.as_str())).collect();
    assert!(crates.len() > 200 && missing.is_empty(), "{missing:?} of {}", crates.len());
    for package in ["@tauri-apps/api ", "svelte ", "uplot "] {
        assert!(works.keys().any(|work| work.starts_with(package)), "{package} of the page");
    }
    for (name, said) in &works {
        let [licence, source, which] = **said else { panic!("{name}: {said:?}") };
        assert!(licence.trim().len() > 2 && source.trim().starts_with("https://"), "{name}: {said:?}");
        let numbers = which.split_whitespace().filter(|word| word.starts_with('['));
        assert!(which.contains("no text came with it; by ") || numbers.count() > 0, "{name}: {which}");
    }
    for words in ["Permission is hereby granted", "Apache License", "Mozilla Public License", "UNICODE LICENSE V3"] {
        assert!(texts.contains(words), "{words}");
    }
}

#[test]
fn completions_complete() {
    let _turn = among_others();
    for program in ["telltale", "telltale-agent"] {
        let bash = file(&format!("/usr/share/bash-completion/completions/{program}"));
        says_nothing("bash", &["-n", bash.to_str().unwrap()]);
        says_nothing("zsh", &["-n", file(&format!("/usr/share/zsh/vendor-completions/_{program}")).to_str().unwrap()]);
        let fish = file(&format!("/usr/share/fish/vendor_completions.d/{program}.fish"));
        says_nothing("fish", &["--no-execute", fish.to_str().unwrap()]);
    }
    let bash = file("/usr/share/bash-completion/completions/telltale-agent");
    for (typed, completed) in [("telltale-agent wa", "watch"), ("telltale-agent watch --int", "--interval")] {
        let (before, word) = typed.rsplit_once(' ').unwrap();
        let (words, previous) = (typed.split(' ').count(), before.split(' ').next_back().unwrap());
        let asked = format!(
            "source \"$0\"; COMP_WORDS=({typed}); COMP_CWORD={}; $(complete -p telltale-agent | sed 's/.*-F //; s/ .*//') \
             telltale-agent {word} {previous}; echo ${{COMPREPLY[*]}}",
            words - 1,
        );
        assert_eq!(output("bash", &["-c", &asked, bash.to_str().unwrap()]).trim(), completed, "{typed}");
    }
    let fish = file("/usr/share/fish/vendor_completions.d/telltale-agent.fish");
    let typed = "source $argv[1]; complete --do-complete 'telltale-agent watch --int'";
    assert!(output("fish", &["--no-config", "-c", typed, fish.to_str().unwrap()]).starts_with("--interval"));
}

#[test]
fn the_user_service_is_off_and_hardened() {
    let _turn = among_others();
    let folder = tempfile::tempdir().unwrap();
    let unit = fs::read_to_string(file("/usr/lib/systemd/user/telltale-agent.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/bin/telltale-agent watch"), "{unit}");
    // The checker wants the program to be there, and a user's manager its folder. In quotes, as there may be spaces in its path.
    let copy = folder.path().join("telltale-agent.service");
    let program = format!("\"{}\"", file("/usr/bin/telltale-agent").display());
    fs::write(&copy, unit.replace("/usr/bin/telltale-agent", &program)).unwrap();
    let runtime = format!("XDG_RUNTIME_DIR={}", folder.path().display());
    let copy = copy.to_str().unwrap();
    says_nothing("env", &[&runtime, "systemd-analyze", "verify", "--user", "--man=no", copy]);
    for restriction in
        ["NoNewPrivileges=yes", "SystemCallFilter=", "RestrictAddressFamilies=", "RestrictNamespaces=yes"]
    {
        assert!(unit.lines().any(|line| line.starts_with(restriction)), "{restriction} in {unit}");
    }
    let enabled: Vec<_> =
        all_below(unpacked()).into_iter().filter(|path| path.to_string_lossy().contains(".wants/")).collect();
    assert!(enabled.is_empty(), "{enabled:?}");
}
