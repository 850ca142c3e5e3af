//! What practitioners say of caches, and what a scenario found about it.

/// One claim of the practice and the author's finding about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Practice {
    pub row: PracticeRow,
    /// As practitioners say it.
    pub claim: String,
    pub verdict: Finding,
    /// The finding in words, with placeholders filled from the record.
    pub text: String,
    /// Comparisons that must hold for the verdict to be shown; at least one.
    pub tests: Vec<String>,
}

/// Whether a claim of the practice is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    Holds,
    HoldsOnlyIf,
    DoesNotHold,
}

impl Finding {
    /// Every finding by its words in scenario files.
    pub const NAMES: &[(&'static str, Finding)] = &[
        ("holds", Finding::Holds),
        ("holds only if", Finding::HoldsOnlyIf),
        ("does not hold", Finding::DoesNotHold),
    ];

    /// The words in scenario files.
    pub fn words(self) -> &'static str {
        Finding::NAMES.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// A pattern of the production practice: index into [`PracticeRow::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PracticeRow(usize);

/// Name in scenario files, pattern, and the pattern as practised.
type RowWords = (&'static str, &'static str, &'static str);

impl PracticeRow {
    /// The patterns that backend teams choose between, in the order in which they are told.
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
