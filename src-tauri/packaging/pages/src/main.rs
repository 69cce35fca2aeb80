//! Writes the man pages and shell completions of both programs, from the arguments that they really parse, and the notices of
//! what they are built with, into a tree laid out as a package's: `telltale-pages target/package`. Not part of any package itself.

#[path = "../../../agent/src/arguments.rs"]
mod agent;
#[path = "../../../src/arguments.rs"]
mod app;
mod notices;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

fn main() -> anyhow::Result<()> {
    let package: PathBuf = std::env::args_os().nth(1).context("usage: telltale-pages FOLDER")?.into();
    for program in [app::Arguments::command(), agent::Arguments::command()] {
        complete(&program, &package)?;
        let mut program = program.disable_help_subcommand(true);
        program.build(); // so that a subcommand knows which program it belongs to
        write_page(&program, &package.join("usr/share/man/man1"))?;
    }
    write(&package.join("usr/share/doc/telltale/THIRD-PARTY"), notices::notices()?.as_bytes())
}

/// Where each shell looks for what packages bring. zsh's folder has another name in each distribution: it stands apart.
fn complete(program: &Command, package: &Path) -> anyhow::Result<()> {
    let name = program.get_name();
    let files = [
        (Shell::Bash, format!("usr/share/bash-completion/completions/{name}")),
        (Shell::Fish, format!("usr/share/fish/vendor_completions.d/{name}.fish")),
        (Shell::Zsh, format!("zsh/_{name}")),
    ];
    for (shell, file) in files {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut program.clone(), name, &mut text);
        // clap_complete takes the hyphen of telltale-agent for the start of a subcommand in some of bash's lines.
        let text = String::from_utf8(text)?.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"));
        write(&package.join(file), text.as_bytes())?;
    }
    Ok(())
}

/// One page for a program or a subcommand, and one for each of its own subcommands.
fn write_page(command: &Command, folder: &Path) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .source(concat!("Telltale ", env!("CARGO_PKG_VERSION")))
        .manual("Telltale");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(more) = command.get_after_help() {
        page.extend(sections(&more.to_string()).to_roff().into_bytes());
    }
    write(&folder.join(format!("{name}.1")), &page)?;
    command.get_subcommands().try_for_each(|subcommand| write_page(subcommand, folder))
}

/// `--help` ends with paragraphs of a heading and lines of a term and its meaning: sections of a page.
fn sections(after_help: &str) -> Roff {
    let mut roff = Roff::new();
    for paragraph in after_help.split("\n\n") {
        let mut lines = paragraph.lines();
        let heading = lines.next().unwrap_or_default().trim_end_matches(':').to_uppercase();
        roff.control("SH", [heading.as_str()]);
        for line in lines {
            let (term, meaning) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
            roff.control("TP", []);
            roff.text([bold(term)]);
            roff.text([roman(meaning.trim())]);
        }
    }
    roff
}

fn write(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}
