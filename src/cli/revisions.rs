//! A scenario file as it was at a git revision.

use std::path::Path;
use std::process::Command;

use herdlab::scenario::Diagnostics;

use super::input::Found;

/// The file at a revision; what it names itself (traces, tables) is read from the working tree.
///
/// # Errors
/// There is no git, no repository, no such revision or no such file in it.
pub(crate) fn find(revision: &str, file: &str) -> Result<Found, Diagnostics> {
    let refused = |problem: &str, help: &str| {
        Diagnostics::general(format!("{file} at {revision}: {problem}"), vec![help.to_owned()])
    };
    let path = Path::new(file);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Err(refused("not the name of a file", "name a scenario file"));
    };
    if revision.is_empty() || revision.starts_with('-') {
        return Err(refused("not a revision", "for example --revisions main~3,main"));
    }
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["show", "--no-textconv"])
        // `./`: from this folder, not from the top of the repository.
        .arg(format!("{revision}:./{name}"))
        .output()
        .map_err(|error| {
            let help = "--revisions reads files through git; without it, compare two files";
            refused(&format!("cannot run git: {error}"), help)
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned();
        let help = "`git log --oneline -- FILE` lists the revisions of a file";
        return Err(refused(&said, help));
    }
    let source = String::from_utf8(output.stdout)
        .map_err(|_| refused("not text", "a scenario is a TOML file in UTF-8"))?;
    Ok(Found {
        source: source.into(),
        path: format!("{file} at {revision}"),
        base_dir: path.parent().unwrap_or(Path::new("")).to_owned(),
    })
}
