//! `herdlab completions` and `herdlab man`: the command as shells and manual pages need it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::output;
use super::places::require_folder;

/// Print the completions of a shell
///
/// bash: herdlab completions bash > ~/.local/share/bash-completion/completions/herdlab
/// zsh: herdlab completions zsh > _herdlab, in a folder of $fpath
/// fish: herdlab completions fish > ~/.config/fish/completions/herdlab.fish
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompletionsArgs {
    shell: Shell,
}

pub(crate) fn completions(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "herdlab", &mut text);
    Ok(output::show(&String::from_utf8(text)?).done())
}

/// Print the manual page; with --out, write a page for every command
///
/// herdlab man | man -l -
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ManArgs {
    /// Folder for herdlab.1, herdlab-run.1 and so on, such as ~/.local/share/man/man1
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn man(args: &ManArgs, command: Command) -> anyhow::Result<ExitCode> {
    let Some(folder) = &args.out else {
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text)?;
        return Ok(output::show(&String::from_utf8(text)?).done());
    };
    require_folder(folder, "--out DIR")?;
    let mut files = Vec::new();
    for page in pages(command) {
        let mut text = Vec::new();
        page.render(&mut text)?;
        files.push((folder.join(page.get_filename()), text));
    }
    output::written(herdlab::atomic::write_together(&files), "--out DIR")?;
    Ok(ExitCode::SUCCESS)
}

/// The page of the command, and one for each of its own.
fn pages(mut command: Command) -> Vec<clap_mangen::Man> {
    command.build();
    let own: Vec<Command> =
        command.get_subcommands().filter(|own| own.get_name() != "help").cloned().collect();
    std::iter::once(command).chain(own).map(clap_mangen::Man::new).collect()
}
