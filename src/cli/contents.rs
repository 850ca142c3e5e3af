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
    pub hgrm: bool,
    /// Write one page of Markdown with pictures for a ticket or a wiki as well: summary.md in the folder of the report
    #[arg(long)]
    pub summary: bool,
}

impl ContentsArgs {
    pub fn contents(&self) -> Contents {
        Contents { charts: output::charts(self.static_charts), hgrm: self.hgrm, summary: self.summary }
    }
}
