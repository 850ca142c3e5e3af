//! `[slo]`.

use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::Node;
use crate::declare::values::{positive_duration, positive_share};
use crate::model::Slo;

/// `has_events`: the file has something after which cells are judged.
pub(super) fn slo(cx: &mut Context, node: &Node, has_events: bool) -> Option<Slo> {
    Fields::with(cx, node, "{ latency = \"500ms\", share = \"95%\" }", |f| {
        let latency_ns =
            f.require("latency", "the latency of a good answer, such as \"500ms\"", positive_duration);
        let share = f.read("share", positive_share);
        if f.given("share") && !has_events {
            let label = "there is no [[event]] after which the requests of a cell could be good or not";
            let diagnostic = Diagnostic::new("slo.share does not apply", f.place("share"), label);
            f.cx.report(diagnostic.help("leave it out; slo.good.ratio shows what share is good"));
        }
        Some(Slo { latency_ns: latency_ns?, share: share.unwrap_or(Slo::SHARE) })
    })
}
