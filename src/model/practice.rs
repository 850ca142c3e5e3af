//! Claims of practitioners about caches, and the findings of a scenario.

use crate::declare::diagnostic::{Diagnostic, suggestion};
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::declare::kind::Kind;
use crate::declare::values::{Text, texts};
use crate::declare::{Form, keywords, options};

options! {
    /// One claim of the practice and the author's finding about it.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Practice in "practice", such as "[[practice]]" {
        /// the pattern it is about: `"P1"` to `"P16"` or `"cluster"`, as [claims.md](claims.md) names them
        "row" row: PracticeRow, required "the pattern it is about, \"P1\" to \"P16\" or \"cluster\"";
        /// the claim in one sentence, as practitioners make it
        "claim" claim: String as Text, required "the claim of practitioners, in one sentence";
        /// `"holds"`, `"holds only if"` or `"does not hold"`
        "verdict" verdict: Finding, required "\"holds\", \"holds only if\" or \"does not hold\"";
        /// the finding with its condition and its figures, `{variant:measure}`; filled with mean ± half the 95 % interval
        "text" text: String as Text, required "the finding with its figures, as {variant:measure}";
        /// comparisons as in `claims` above, at least one; unless all hold, the verdict is not shown and `herdlab claims` ends with exit
        /// code 1
        "tests" tests: Vec<String> as Tests,
            required "comparisons that bear it out, such as [\"{cache:hit_ratio} > 0.8\"]";
    }
}

keywords! {
    /// Whether a claim of the practice is true.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Finding {
        "holds" Holds,
        "holds only if" HoldsOnlyIf,
        "does not hold" DoesNotHold,
    }
}

/// Comparisons, at least one.
struct Tests;

impl Form for Tests {
    type Value = Vec<String>;
    type Around<'a> = ();
    const KIND: Kind = Kind::List(&Kind::Text);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Vec<String>> {
        match texts(cx, node)? {
            tests if tests.is_empty() => {
                cx.wrong(node, "expected at least one comparison: a finding is measured")
            }
            tests => Some(tests),
        }
    }
}

impl Form for PracticeRow {
    type Value = PracticeRow;
    type Around<'a> = ();
    const KIND: Kind = Kind::WordsOf(|| PracticeRow::all().map(PracticeRow::name).collect());

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<PracticeRow> {
        let Some(name) = node.as_str() else {
            return cx.wrong(node, format!("expected a row such as \"P4\", found {}", node.kind()));
        };
        PracticeRow::named(name).or_else(|| {
            let names: Vec<&str> = PracticeRow::all().map(PracticeRow::name).collect();
            let label = suggestion(name, names.iter().copied(), "unknown row");
            let title = format!("the practice has no row \"{name}\"");
            cx.report(Diagnostic::new(title, node.span, label).help(format!("rows: {}", names.join(", "))));
            None
        })
    }
}

/// A pattern of the production practice: index into [`PracticeRow::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PracticeRow(usize);

/// Name in scenario files, pattern, and the pattern as practised.
type RowWords = (&'static str, &'static str, &'static str);

impl PracticeRow {
    /// The patterns that backend teams choose between, in the order of the page.
    pub const ALL: &[RowWords] = &[
        ("P1", "lookup", "GET; on a miss fetch, answer the caller, SETEX without waiting for it"),
        ("P2", "existence check", "EXISTS where only presence matters: rate limits, jobs already queued"),
        ("P3", "cache-aside", "the application fills on demand; the default"),
        ("P4", "singleflight", "one fetch per process and key; everybody who waits shares its result"),
        ("P5", "TTL jitter", "5 minutes and up to 30 seconds more"),
        ("P6", "write-through", "the database first, then the cache, only after the commit"),
        ("P7", "write-back", "acknowledged from the cache; a worker flushes dirty keys in batches"),
        ("P8", "read-through, write-around, refresh-ahead", "the remaining strategies of the textbooks"),
        ("P9", "invalidation", "TTL as the safety net, explicit delete, change data capture"),
        ("P10", "XFetch", "refresh early, with a probability set by the last fetch time and beta = 1"),
        ("P11", "two tiers", "500 entries for 5 seconds in the process, a Redis for 5 minutes behind it"),
        ("P12", "negative caching", "a sentinel with a short TTL for ids that do not exist"),
        ("P13", "metrics", "below 80 % of hits something is wrong, above 95 % is the target"),
        ("P14", "pitfalls", "no TTL, large values, too small a pool, too small a memory"),
        ("P15", "headline claims", "what talks and blog posts promise"),
        ("P16", "comparison at a glance", "which strategy to use when"),
        (
            "cluster",
            "what clusters add",
            "replicas with lag, multi-get, a hot key on one node, hedging, adaptive limits",
        ),
    ];

    /// Finds a row by its name in scenario files.
    ///
    /// ```
    /// use herdlab::model::PracticeRow;
    /// assert_eq!(PracticeRow::named("P4").unwrap().pattern(), "singleflight");
    /// assert_eq!(PracticeRow::named("p4"), None);
    /// ```
    pub fn named(name: &str) -> Option<PracticeRow> {
        PracticeRow::ALL.iter().position(|row| row.0 == name).map(PracticeRow)
    }

    /// All rows in their order.
    pub fn all() -> impl Iterator<Item = PracticeRow> {
        (0..PracticeRow::ALL.len()).map(PracticeRow)
    }

    /// The name in scenario files: `P4`.
    pub fn name(self) -> &'static str {
        PracticeRow::ALL[self.0].0
    }

    /// The pattern: `singleflight`.
    pub fn pattern(self) -> &'static str {
        PracticeRow::ALL[self.0].1
    }

    /// The pattern as practised, in one line.
    pub fn as_practised(self) -> &'static str {
        PracticeRow::ALL[self.0].2
    }
}
