//! How long the service objective was broken.

use super::recorder::Recorder;
use super::recovery::{Group, groups};
use crate::model::Model;

/// Seconds of the measured part in cells of which less than the share of the objective was good: answered within it, without an
/// error. Cells, what is turned away and what is still under way at the end count as after events. `None`: there is no
/// objective, or there are no cells.
pub fn broken_s(model: &Model, recorder: &Recorder) -> Option<f64> {
    let (slo, cells) = (model.slo?, recorder.cells.as_ref()?);
    let is_broken = |group: &&Group| {
        let overdue = group.unfinished.above(slo.latency_ns);
        let all = group.requests - (group.unfinished.count() - overdue);
        let bad = group.errors + group.late + overdue;
        ((all - bad) as f64) < slo.share * all as f64
    };
    let measured = cells.all().iter().filter(|cell| cell.from_ns >= model.warmup_ns);
    Some(groups(measured).iter().filter(is_broken).map(Group::seconds).sum())
}
