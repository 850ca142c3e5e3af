//! The question of a scenario, its author's answer, and the figures of production.

use serde::Serialize;

use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::declare::kind::Kind;
use crate::declare::values::{Text, Texts, count, positive};
use crate::declare::{Form, options};

options! {
    /// The author's words about what the scenario showed, with placeholders filled from the record.
    #[derive(Clone, Debug)]
    pub struct Answer in "answer", such as "{ text = \"...\" }" {
        /// words with figures to fill in: `{variant:measure}`
        "text" text: String as Text, required "the answer in words";
        /// the digest of the scenario the words were written for (`herdlab check` prints the present one); with another digest, or none,
        /// the words are not shown
        "digest" digest: String as Digest, otherwise "none" => Some(String::new());
        /// comparisons that must hold for the words to be true, such as
        /// `"{xfetch:db.qps.peak} < 0.5 * {ttl only:db.qps.peak}"`: a number, a placeholder or `number * placeholder` on either side of
        /// `<`, `<=`, `>` or `>=`, or `"{base:hit_ratio} in [0.79, 0.81]"`
        "claims" claims: Vec<String> as Texts, default [];
    }
}

struct Digest;

impl Form for Digest {
    type Value = String;
    type Around<'a> = ();
    const KIND: Kind = Kind::Form {
        pattern: "^[0-9a-fA-F]{64}$",
        words: "the 64 hexadecimal digits that `herdlab check` prints",
    };

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<String> {
        match node.as_str() {
            Some(digest) if digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()) => {
                Some(digest.to_owned())
            }
            _ => cx.wrong(node, "expected the 64 hexadecimal digits that `herdlab check` prints"),
        }
    }
}

options! {
    /// How narrow the interval of a measure must become, in every variant.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct Precision in "precision" (replications: u32),
        such as "{ measure = \"latency.all.p99_ms\", relative = 0.02 }" {
        /// the measure whose interval is to be narrow
        "measure" measure: String as Text, required "the measure whose interval is to be narrow";
        /// half the 95 % interval over the mean, below 1
        "relative" relative: f64 as BelowOne, required "half the 95 % interval over the mean";
        /// where it stops at the latest; at least 2
        "max_replications" replications_max: u32 as ReplicationsMax[replications],
            otherwise "`100`, or `replications` where they are more" => Some(replications.max(100));
    }
}

struct BelowOne;

impl Form for BelowOne {
    type Value = f64;
    type Around<'a> = ();
    const KIND: Kind = Kind::Positive { below: 1.0 };

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<f64> {
        match positive(cx, node)? {
            relative if relative < 1.0 => Some(relative),
            _ => cx.wrong(node, "expected a number below 1, such as 0.02 for two per cent"),
        }
    }
}

struct ReplicationsMax;

impl Form for ReplicationsMax {
    type Value = u32;
    /// The replications to start with.
    type Around<'a> = u32;
    const KIND: Kind = Kind::Whole { least: 2, most: u32::MAX as u64 };

    fn read(cx: &mut Context, node: &Node, replications: u32) -> Option<u32> {
        let most = count(2)(cx, node)?;
        if most < replications {
            let label = format!("expected at least the replications to start with, {replications}");
            return cx.wrong(node, label);
        }
        Some(most)
    }
}

/// Figures that production itself reports, to hold the model against and to fit it to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Observed {
    /// In file order, each measure once.
    pub figures: Vec<Figure>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Name in the catalogue: `tier.l2.hit_ratio`.
    pub measure: String,
    /// In the unit of the measure.
    pub value: f64,
    /// Standard deviation of the figure between periods as long as the measured part of a run, in the same unit.
    pub spread: Option<f64>,
    /// `herdlab fit` does not use it, but holds the fitted model against it.
    pub check: bool,
}
