//! Options for what a report contains.

use clap::Args;
use herdlab::report::Contents;

use super::output;

#[derive(Debug, Args)]
pub(crate) struct ContentsArgs {
    /// Draw the charts as pictures only: a smaller page without a script
    #[arg(long = "static")]
    static_charts: bool,
    /// Write the latencies for HdrHistogram's plotter as well: hgrm/<variant>.<class>.hgrm in the folder of the report
    #[arg(long)]
    hgrm: bool,
    /// Write one page of Markdown with pictures for a ticket or a wiki as well: summary.md in the folder of the report
    #[arg(long)]
    summary: bool,
}

impl ContentsArgs {
    /// The first option that is given.
    pub fn given(&self) -> Option<&'static str> {
        let given = [("--hgrm", self.hgrm), ("--summary", self.summary), ("--static", self.static_charts)];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }

    pub fn contents(&self) -> Contents {
        Contents { charts: output::charts(self.static_charts), hgrm: self.hgrm, summary: self.summary }
    }
}
