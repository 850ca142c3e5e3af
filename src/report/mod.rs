//! From a record to a reader: table, files, charts and the HTML report.
//!
//! Everything here is a pure function of the record, so a report can be drawn again from `results.json`
//! alone, on another machine, next year. The words and the JSON need neither files nor pictures (feature `pages`).

#[cfg(feature = "pages")]
pub mod against;
#[cfg(feature = "pages")]
pub mod axis;
#[cfg(feature = "pages")]
mod backing;
#[cfg(feature = "pages")]
pub mod canvas;
#[cfg(feature = "pages")]
pub mod charts;
#[cfg(feature = "pages")]
pub mod claims;
#[cfg(feature = "pages")]
pub mod clip;
#[cfg(feature = "pages")]
mod coarse;
#[cfg(feature = "pages")]
pub mod compared;
mod consistency;
#[cfg(feature = "pages")]
pub mod csv;
#[cfg(feature = "pages")]
pub mod difference;
#[cfg(feature = "pages")]
pub mod draw;
#[cfg(feature = "pages")]
pub mod drawing;
#[cfg(feature = "pages")]
mod escape;
#[cfg(feature = "pages")]
pub mod events;
#[cfg(feature = "pages")]
pub mod figure;
#[cfg(feature = "pages")]
mod files;
#[cfg(feature = "pages")]
pub mod fit;
pub mod format;
#[cfg(feature = "pages")]
pub mod glance;
#[cfg(feature = "pages")]
pub mod headroom;
#[cfg(feature = "pages")]
pub mod hgrm;
#[cfg(feature = "pages")]
pub mod html;
#[cfg(feature = "pages")]
pub mod interactive;
pub mod interface;
pub mod json;
#[cfg(feature = "pages")]
pub mod junit;
#[cfg(feature = "pages")]
mod kind;
#[cfg(feature = "pages")]
mod labels;
#[cfg(feature = "pages")]
mod lines;
#[cfg(feature = "pages")]
pub mod markdown;
#[cfg(feature = "pages")]
pub mod mrc;
#[cfg(feature = "pages")]
pub mod observed;
#[cfg(feature = "pages")]
pub mod over;
#[cfg(feature = "pages")]
pub mod png;
#[cfg(feature = "pages")]
mod quantiles;
#[cfg(feature = "pages")]
pub mod recommend;
#[cfg(feature = "pages")]
pub mod remarks;
#[cfg(feature = "pages")]
pub mod review;
#[cfg(feature = "pages")]
pub mod room;
#[cfg(feature = "pages")]
pub mod sparkline;
#[cfg(feature = "pages")]
pub mod style;
#[cfg(feature = "pages")]
pub mod summary;
#[cfg(feature = "pages")]
pub mod sure;
#[cfg(feature = "pages")]
pub mod survey;
#[cfg(feature = "pages")]
pub mod sweep;
#[cfg(feature = "pages")]
pub mod table;
#[cfg(feature = "pages")]
mod terminal;
#[cfg(feature = "pages")]
pub mod theory;
#[cfg(feature = "pages")]
pub mod thresholds;
#[cfg(feature = "pages")]
pub mod validation;
#[cfg(feature = "pages")]
pub mod versus;
#[cfg(feature = "pages")]
pub mod versus_data;
#[cfg(feature = "pages")]
pub mod why;
#[cfg(feature = "pages")]
pub mod why_versus;

use std::path::PathBuf;

#[cfg(feature = "pages")]
use files::File;
#[cfg(feature = "pages")]
pub use files::{Contents, redraw, redraw_over, write_all};
#[cfg(feature = "pages")]
pub use kind::{
    Kind, holds_another_comparison, holds_another_headroom, holds_another_recommendation,
    holds_another_replay, holds_another_run, holds_another_sweep,
};

/// Why a report could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("cannot {action} {}: {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[cfg(feature = "pages")]
    #[error(transparent)]
    Write(#[from] crate::atomic::WriteError),
    #[error("{} is not a record of herdlab: {problem}", path.display())]
    Damaged { path: PathBuf, problem: String },
    #[error(
        "{} has schema {found}; this herdlab reads {expected} (the file was written by herdlab {writer})",
        path.display()
    )]
    Schema { path: PathBuf, found: u64, expected: String, writer: String },
    #[error("cannot make {what}: {problem}")]
    Make { what: String, problem: String },
}
