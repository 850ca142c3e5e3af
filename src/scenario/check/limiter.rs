//! `[limiter]`: how many requests each caller may send.

use super::tier::Directory;
use super::workload::{keys, popularity};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::Node;
use crate::declare::values::{count, positive_duration, truth, word};
use crate::model::{Limiter, LimiterMode, Popularity};

const MODES: [(&str, LimiterMode); 2] = [("naive", LimiterMode::Naive), ("atomic", LimiterMode::Atomic)];

/// `Some(None)`: a limiter that is switched off.
pub(super) fn limiter(cx: &mut Context, node: &Node, directory: &Directory) -> Option<Option<Limiter>> {
    let example = "{ tier = \"l2\", limit = 100, per = \"1m\", mode = \"atomic\", callers = 1000 }";
    Fields::with(cx, node, example, |f| {
        let enabled = f.read("enabled", truth).unwrap_or(true);
        let limit = f.require("limit", "the requests of one caller that a window admits", count(1));
        let per_ns = f.require("per", "the length of a window, such as \"1m\"", positive_duration);
        let mode = f.require("mode", "\"naive\" or \"atomic\"", word(&MODES));
        let tier = f.require("tier", "the shared tier that keeps the counters", |cx, node| {
            counting_tier(cx, node, directory, enabled)
        });
        let callers = f.require("callers", "the number of callers", keys);
        let popularity = f.read("popularity", popularity).unwrap_or(Popularity::Uniform);
        let limiter = Limiter {
            limit: limit?,
            per_ns: per_ns?,
            mode: mode?,
            tier: tier?,
            callers: callers?,
            popularity,
        };
        Some(enabled.then_some(limiter))
    })
}

fn counting_tier(cx: &mut Context, node: &Node, directory: &Directory, enabled: bool) -> Option<usize> {
    let place = directory.resolve(cx, node)?;
    if !place.shared {
        let label = "a tier in the process counts for one instance only";
        let diagnostic = Diagnostic::new("a limiter counts in a shared tier", node.span, label);
        cx.report(diagnostic.help("name a tier with scope = \"shared\""));
        return None;
    }
    match place.index {
        Some(index) => Some(index),
        None if !enabled => Some(0),
        None => {
            let label = "this tier is switched off (enabled = false)";
            let diagnostic = Diagnostic::new("a limiter needs its tier", node.span, label);
            cx.report(diagnostic.help("switch the limiter off as well: limiter.enabled = false"));
            None
        }
    }
}
