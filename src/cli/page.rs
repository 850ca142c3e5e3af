//! The page that a command leaves behind.

use std::path::{Path, PathBuf};

use clap::Args;
use herdlab::scenario::Diagnostics;

use super::output::tell;

/// Whether a page is opened.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct OpenArgs {
    /// Open the page of the report in the browser
    #[arg(long)]
    open: bool,
}

/// The message for an option of a report where none is written.
pub(crate) fn without_report(option: &str) -> Diagnostics {
    let title = format!("{option} is about a report, and none is written");
    Diagnostics::general(title, vec!["--report DIR writes one".to_owned()])
}

impl OpenArgs {
    pub fn is_given(self) -> bool {
        self.open
    }

    /// Announces the page in the folder of a report, and opens it where that is asked for.
    pub fn announce(&self, folder: &Path, quiet: bool) {
        let page = folder.join("index.html");
        if !quiet {
            tell!("report: {}", page.display());
        }
        self.page(&page);
    }

    /// Opens a page where that is asked for. A report is no worse for a machine without a browser.
    pub fn page(&self, page: &Path) {
        if self.open
            && let Err(error) = open::that_detached(page)
        {
            tell!("note: --open: no program to show {}: {error}", page.display());
        }
    }

    /// # Errors
    /// There is a page to open only where a report is written.
    pub fn check(&self, report: Option<&PathBuf>) -> Result<(), Diagnostics> {
        match report {
            None if self.open => Err(without_report("--open")),
            _ => Ok(()),
        }
    }
}
