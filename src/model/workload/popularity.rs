//! How often each key is requested.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::super::Nanos;
use super::MAX_KEYS;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Columns, Content, Context, CountColumn, Fields};
use crate::declare::file::Node;
use crate::declare::kind::Kind;
use crate::declare::values::{AtLeast, PositiveDuration, PositiveShare, Rate, Share, Text};
use crate::declare::{Form, choice, options};
use crate::units::hex;

choice! {
    #[derive(Clone, Debug, Serialize)]
    pub enum Popularity in "popularity", such as "{ zipf = { exponent = 1.0 } }" {
        /// by Zipf's law: the key of rank r is requested in proportion to r^-exponent
        "zipf" Zipf such as "{ exponent = 1.0 }" {
            /// how uneven, at least 0: with 0 every key alike
            "exponent" exponent: f64 as AtLeast<0>, required "a number of at least 0";
        };
        /// every key alike
        "uniform" Uniform;
        /// the first share of the keys gets this share of the requests, both parts uniform
        "hotspot" Hotspot such as "{ keys = 0.01, requests = 0.9 }" {
            /// share of the keys that are hot
            "keys" keys_share: f64 as PositiveShare, required "the share of hot keys, such as 0.01";
            /// their share of the requests
            "requests" requests_share: f64 as Share, required "their share of the requests, such as 0.9";
        };
        /// in proportion to the counts of a CSV file with a header row, a key per row; `keys` may be left out
        "counts" Counts(Counts as CountsFile) such as "{ file = \"keys.csv\", column = \"count\" }";
    }
}

impl Popularity {
    /// Of a hot spot: how many of so many keys are hot, at least one, and the share of the requests that they get, which is all of
    /// them where no key is left.
    pub fn hot_spot(keys: u64, keys_share: f64, requests_share: f64) -> (u64, f64) {
        let hot = ((keys as f64 * keys_share) as u64).clamp(1, keys);
        (hot, if hot == keys { 1.0 } else { requests_share })
    }

    /// The number of keys, where the popularity has it.
    pub fn keys(&self) -> Option<u64> {
        match self {
            Popularity::Counts(counts) => Some(counts.of_keys.len() as u64),
            _ => None,
        }
    }
}

/// Reports a number of keys that is not that of the popularity; `name` is the option that has it.
pub(crate) fn fits_keys(
    f: &mut Fields<'_, '_>,
    name: &'static str,
    keys: Option<u64>,
    popularity: Option<&Popularity>,
) {
    if let (Some(keys), Some(rows)) = (keys, popularity.and_then(Popularity::keys))
        && keys != rows
    {
        let (title, place) = (format!("wrong value for {}.{name}", f.cx.here()), f.place(name));
        let label = format!("expected the number of rows of the file of `popularity`, {rows}");
        f.cx.report(Diagnostic::new(title, place, label).help("leave it out"));
    }
}

/// The counts of all keys, in descending order, none of them zero in sum.
#[derive(Clone, Debug)]
pub struct Counts {
    pub of_keys: Arc<[f64]>,
}

/// By a fingerprint: they may be many.
impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hasher = Sha256::new();
        self.of_keys.iter().for_each(|count| hasher.update(count.to_le_bytes()));
        serializer.serialize_str(&hex(&hasher.finalize()))
    }
}

options! {
    struct CountsOptions in "counts", such as "{ file = \"keys.csv\", column = \"count\" }" {
        /// the file, relative to the scenario
        "file" file: String as Text, required "a CSV file with a header row";
        /// the column with how often each key is requested
        "column" column: String as Text, default "count";
    }
}

/// The counts of a file.
struct CountsFile;

impl Form for CountsFile {
    type Value = Counts;
    type Around<'a> = ();
    const KIND: Kind = CountsOptions::KIND;

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Counts> {
        let CountsOptions { file, column } = CountsOptions::read(cx, node, ())?;
        let columns =
            Columns { value: &column, factor: 1.0, count: CountColumn::Ignored, content: Content::Counts };
        let path = cx.file(&file);
        let place = node.get("file").unwrap_or(node);
        let rows = match (cx.read_columns)(&path, &file, &columns) {
            Ok(rows) => rows,
            Err(reason) => return cx.wrong(place, reason),
        };
        let mut of_keys: Vec<f64> = rows.iter().map(|row| row.value).collect();
        if of_keys.len() as u64 > MAX_KEYS {
            return cx.wrong(place, format!("{} keys, expected at most {MAX_KEYS}", of_keys.len()));
        }
        if of_keys.iter().sum::<f64>() <= 0.0 {
            return cx.wrong(place, format!("{file}: all counts in {column} are 0"));
        }
        of_keys.sort_by(|a, b| b.total_cmp(a));
        Some(Counts { of_keys: of_keys.into() })
    }
}

choice! {
    /// Whether keys keep their places in the order of popularity.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub enum Ranking in "ranking", such as "{ drift = { half_life = \"1h\" } }" {
        /// every key keeps its rank
        "fixed" Fixed;
        /// keys drawn alike exchange their ranks in pairs
        "drift" Drift such as "{ half_life = \"1h\" }" {
            /// after that time half of the keys have exchanged their rank
            "half_life" half_life_ns: Nanos as PositiveDuration, required "a duration such as \"1h\"";
        };
        /// new keys arrive at constant gaps: each takes the first rank, the others go down by one, and the last leaves
        "newest" Newest such as "{ rate = 10 }" {
            /// new keys per second
            "rate" rate_per_s: f64 as Rate, required "new keys per second, such as 10";
        };
        /// a read of rank r is for the key of the r-th last write, a write for any key alike
        "last-written" LastWritten;
    }
}

impl Ranking {
    /// Whether keys keep their ranks.
    pub fn is_fixed(&self) -> bool {
        *self == Ranking::Fixed
    }

    /// New keys that arrive within so much time.
    pub fn new_keys(&self, duration_ns: Nanos) -> u64 {
        match self {
            Ranking::Newest { rate_per_s } => (rate_per_s * duration_ns as f64 / 1e9) as u64,
            _ => 0,
        }
    }
}

/// Reports a change of ranks that would do nothing, or cannot be told for several keys of one request.
pub(crate) fn may_move(
    f: &mut Fields<'_, '_>,
    ranking: Ranking,
    popularity: &Popularity,
    keys_per_request: Option<u32>,
    write_share: Option<f64>,
) {
    let problem = match (ranking, popularity) {
        (Ranking::Fixed, _) => return,
        _ if keys_per_request.is_some_and(|keys| keys > 1) => (
            "the keys of a request are drawn by ranks that do not move",
            "set keys_per_request = 1, or leave it out",
        ),
        (Ranking::Drift { .. }, Popularity::Uniform) => {
            ("every key is requested alike, whatever its rank", "give the keys a popularity, or leave it out")
        }
        (Ranking::LastWritten, _) if write_share == Some(0.0) => {
            ("nothing writes", "set write_share, or leave it out")
        }
        _ => return,
    };
    let title = format!("{}.ranking does not apply", f.cx.here());
    let place = f.place("ranking");
    f.cx.report(Diagnostic::new(title, place, problem.0).help(problem.1));
}
