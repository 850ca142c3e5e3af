//! Where a command may write: neither over what it reads nor twice to one place. All of it is known, and refused with exit
//! code 2, before anything is computed.

use std::io;
use std::path::{Path, PathBuf};

use herdlab::atomic::{self, Identity, Target, identity, resolved};
use herdlab::report::Kind;
use herdlab::scenario::Diagnostics;

use super::output::tell;

/// The inputs and outputs of a command, each by the option that sets it.
#[derive(Default)]
pub(crate) struct Places<'a> {
    inputs: Vec<PathBuf>,
    files: Vec<(&'a Path, &'static str)>,
    folder: Option<(&'a Path, &'static str, Kind)>,
}

impl<'a> Places<'a> {
    /// A file that is read; a name that is none of a file counts for nothing.
    pub fn input(mut self, path: impl AsRef<Path>) -> Self {
        self.inputs.push(path.as_ref().to_path_buf());
        self
    }

    /// Files that are read.
    pub fn inputs(mut self, paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        self.inputs.extend(paths.into_iter().map(|path| path.as_ref().to_path_buf()));
        self
    }

    /// A file to write, if one is requested: `("--junit FILE", path)`.
    pub fn file(mut self, option: &'static str, path: Option<&'a PathBuf>) -> Self {
        self.files.extend(path.map(|path| (path.as_path(), option)));
        self
    }

    /// The folder of a report.
    pub fn folder(mut self, option: &'static str, path: &'a Path, kind: Kind) -> Self {
        self.folder = Some((path, option, kind));
        self
    }

    /// # Errors
    /// A place that cannot be written, that is read as well, or that something else is written to.
    pub fn check(&self) -> Result<(), Diagnostics> {
        if let Some((folder, option, _)) = self.folder {
            require_folder(folder, option)?;
        }
        for (index, &(path, option)) in self.files.iter().enumerate() {
            if path.as_os_str() == "-" {
                let title = format!("{option}: `-` is no file");
                let help = "standard output is /dev/stdout, and ./- a file of that name".to_owned();
                return Err(Diagnostics::general(title, vec![help]));
            }
            if !require_file(path, option)? {
                continue;
            }
            let place = identity(path);
            if let Some(input) = self.inputs.iter().find(|input| input.exists() && identity(input) == place) {
                let title =
                    format!("{option}: {} would overwrite {}, which is read", shown(path), shown(input));
                return Err(elsewhere(title, option));
            }
            if let Some((_, other)) = self.files[..index].iter().find(|(other, _)| identity(other) == place) {
                let title = format!("{option}: {} is written by {other} as well", shown(path));
                return Err(elsewhere(title, option));
            }
            if streams().contains(&Some(place)) {
                let title =
                    format!("{option}: standard output or standard error goes to {} as well", shown(path));
                return Err(elsewhere(title, option));
            }
            if let Some((folder, other, kind)) = self.folder
                && is_of_report(path, folder, kind)
            {
                let title = format!("{option}: {} is a file of the report in {}", shown(path), shown(folder));
                return Err(elsewhere(title, &format!("{option} or {other}")));
            }
        }
        let Some((folder, option, kind)) = self.folder else { return Ok(()) };
        match self.inputs.iter().find(|input| input.exists() && is_of_report(input, folder, kind)) {
            Some(input) => {
                let title = format!(
                    "the report in {} would overwrite {}, which is read",
                    shown(folder),
                    shown(input)
                );
                Err(elsewhere(title, option))
            }
            None => Ok(()),
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn elsewhere(title: String, option: &str) -> Diagnostics {
    Diagnostics::general(title, vec![format!("choose another place with {option}")])
}

/// Makes sure that the folder of a report can be written before minutes are spent on computing it; `option` is the one
/// that sets its place.
pub(crate) fn require_folder(folder: &Path, option: &str) -> Result<(), Diagnostics> {
    atomic::try_folder(folder).map_err(|error| elsewhere(error.to_string(), option))
}

/// The same for a single file. Whether there is a file, or will be one: devices may be written to by many.
fn require_file(file: &Path, option: &str) -> Result<bool, Diagnostics> {
    let refused = |error: &io::Error| format!("cannot write {}: {error}", shown(file));
    match Target::of(file) {
        Ok(Target::File(end)) => require_folder(atomic::folder_of(&end), option).map(|()| true),
        Ok(Target::Through(end)) => Ok(is_fifo(&end)),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            let title = format!("cannot write {}: it is a folder", shown(file));
            Err(Diagnostics::general(title, vec![format!("name a file in it with {option}")]))
        }
        Err(error) => Err(elsewhere(refused(&error), option)),
    }
}

#[cfg(unix)]
fn is_fifo(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_fifo(_: &Path) -> bool {
    false
}

/// The files that standard output and standard error go to.
fn streams() -> [Option<Identity>; 2] {
    ["/dev/stdout", "/dev/stderr"].map(|stream| {
        let path = Path::new(stream);
        path.is_file().then(|| identity(path))
    })
}

/// Whether a path leads to a file that a report in this folder has, or will have.
fn is_of_report(path: &Path, folder: &Path, kind: Kind) -> bool {
    if resolved(path).strip_prefix(resolved(folder)).is_ok_and(|inside| kind.owns(inside)) {
        return true;
    }
    let place = identity(path);
    path.exists() && kind.files_in(folder).iter().any(|file| identity(file) == place)
}

/// Leaves a file alone that is there; `help` is the way out.
///
/// # Errors
/// There is such a file, and no option allows to replace it.
pub(crate) fn refuse_to_replace(file: &Path, force: bool, help: &str) -> Result<(), Diagnostics> {
    if force || !(file.is_file() || resolved(file).is_file()) {
        return Ok(());
    }
    let title = format!("{} is there already", file.display());
    Err(Diagnostics::general(title, vec![help.to_owned()]))
}

/// Leaves the report of something else alone; `option` is the one that names the folder.
///
/// # Errors
/// The folder holds such a report, and no option allows to replace it.
pub(crate) fn refuse_anothers(
    folder: &Path,
    option: &str,
    force: bool,
    is_anothers: &dyn Fn(&Path) -> bool,
) -> Result<(), Diagnostics> {
    if force || !is_anothers(folder) {
        return Ok(());
    }
    let title = format!("{} holds the report of another scenario, seed or setting", shown(folder));
    let help = ["--force replaces it".to_owned(), format!("choose another folder with {option}")];
    Err(Diagnostics::general(title, help.into()))
}

/// The folder of a report: as asked, or `reports/<name>`. The report of something else stays where it is: without
/// `--out`, the next free folder (`reports/<name>-2`) is taken instead, which standard error names.
///
/// # Errors
/// The requested folder holds something else's report, and no option allows to replace it.
pub(crate) fn report_folder(
    asked: Option<&Path>,
    name: &str,
    force: bool,
    is_anothers: &dyn Fn(&Path) -> bool,
) -> Result<PathBuf, Diagnostics> {
    if let Some(folder) = asked {
        refuse_anothers(folder, "--out DIR", force, is_anothers)?;
        return Ok(folder.to_path_buf());
    }
    let first = Path::new("reports").join(name);
    if force || !is_anothers(&first) {
        return Ok(first);
    }
    let numbered = (2u64..).map(|number| Path::new("reports").join(format!("{name}-{number}")));
    let free = numbered.into_iter().find(|folder| !is_anothers(folder)).unwrap_or_else(|| first.clone());
    tell!(
        "{} holds the report of another scenario, seed or setting, which stays (--force replaces it): this one goes to {}",
        shown(&first),
        shown(&free)
    );
    Ok(free)
}
