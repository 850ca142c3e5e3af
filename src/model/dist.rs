//! Random sizes and lengths of time.

use serde::Serialize;

use super::Nanos;
use super::quantiles::{Counted, Quantiles};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Columns, Content, Context, CountColumn, Fields, Row};
use crate::declare::file::{Node, Value};
use crate::declare::kind::{Choice, Kind};
use crate::declare::values::{
    A_DURATION, A_SIZE, AtLeast, Bytes, Duration, Durations, FineBytes, Positive, PositiveDuration, Shares,
    Text, TimeUnit, quantity,
};
use crate::declare::{Form, choice};
use crate::units;

/// The 99th percentile of the standard normal distribution.
pub(crate) const Z_99: f64 = 2.326_347_874_040_840_8;

/// A size in bytes, fixed per key.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Size {
    Constant {
        bytes: u64,
    },
    /// `exp(mu + sigma z)`; `min_bytes..=max_bytes` bounds it.
    Lognormal {
        mu: f64,
        sigma: f64,
        max_bytes: u64,
    },
    /// Generalised Pareto: `location + scale ((1-u)^-shape - 1) / shape`.
    Pareto {
        location: f64,
        scale: f64,
        shape: f64,
        max_bytes: u64,
    },
    /// From the trace's size column (first size seen of each key).
    Trace,
}

/// A random length of time; parameters in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Dist {
    Constant {
        ns: f64,
    },
    Exponential {
        mean_ns: f64,
    },
    /// `exp(mu + sigma z)` nanoseconds.
    Lognormal {
        mu: f64,
        sigma: f64,
    },
    Gamma {
        mean_ns: f64,
        cv2: f64,
    },
    /// Two-phase, balanced means; `cv2 >= 1`.
    Hyperexponential {
        mean_ns: f64,
        cv2: f64,
    },
    /// Sorted observations, drawn uniformly.
    Empirical {
        ns: Vec<f64>,
    },
    /// Straight lines between quantiles: a histogram, weighted observations, percentiles.
    Quantiles(Box<Quantiles>),
}

impl Dist {
    pub const ZERO: Dist = Dist::Constant { ns: 0.0 };

    /// Whether it is always the same.
    pub fn is_constant(&self) -> bool {
        matches!(self, Dist::Constant { .. })
    }

    /// Expected value in nanoseconds.
    pub fn mean_ns(&self) -> f64 {
        match self {
            Dist::Constant { ns } => *ns,
            Dist::Exponential { mean_ns }
            | Dist::Gamma { mean_ns, .. }
            | Dist::Hyperexponential { mean_ns, .. } => *mean_ns,
            Dist::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Dist::Empirical { ns } => ns.iter().sum::<f64>() / ns.len().max(1) as f64,
            Dist::Quantiles(quantiles) => quantiles.mean_ns(),
        }
    }
}

impl Dist {
    /// So many times the time.
    fn scaled(&self, factor: f64) -> Dist {
        let all = |ns: &[f64]| ns.iter().map(|ns| ns * factor).collect();
        match self {
            Dist::Constant { ns } => Dist::Constant { ns: ns * factor },
            Dist::Exponential { mean_ns } => Dist::Exponential { mean_ns: mean_ns * factor },
            Dist::Lognormal { mu, sigma } => Dist::Lognormal { mu: mu + libm::log(factor), sigma: *sigma },
            Dist::Gamma { mean_ns, cv2 } => Dist::Gamma { mean_ns: mean_ns * factor, cv2: *cv2 },
            Dist::Hyperexponential { mean_ns, cv2 } => {
                Dist::Hyperexponential { mean_ns: mean_ns * factor, cv2: *cv2 }
            }
            Dist::Empirical { ns } => Dist::Empirical { ns: all(ns) },
            Dist::Quantiles(quantiles) => {
                let Quantiles { shares, ns } = &**quantiles;
                Dist::Quantiles(Box::new(Quantiles { shares: shares.clone(), ns: all(ns) }))
            }
        }
    }

    /// A round trip as the way there and the way back, which sum to it exactly: half of its least time each way, and the rest on
    /// the way there.
    pub fn ways(&self) -> (Dist, Dist) {
        let there = |ns: &[f64]| {
            let back = ns.first().copied().unwrap_or(0.0) / 2.0;
            (ns.iter().map(|ns| ns - back).collect(), Dist::Constant { ns: back })
        };
        match self {
            Dist::Constant { ns } => (self.scaled(0.5), Dist::Constant { ns: ns / 2.0 }),
            Dist::Empirical { ns } => {
                let (ns, back) = there(ns);
                (Dist::Empirical { ns }, back)
            }
            Dist::Quantiles(quantiles) => {
                let (ns, back) = there(&quantiles.ns);
                let shares = quantiles.shares.clone();
                (Dist::Quantiles(Box::new(Quantiles { shares, ns })), back)
            }
            Dist::Exponential { .. }
            | Dist::Lognormal { .. }
            | Dist::Gamma { .. }
            | Dist::Hyperexponential { .. } => (self.clone(), Dist::ZERO),
        }
    }
}

/// A round trip in place of `network`, which becomes half of it; a round trip that is always the same is no more than that.
pub(super) fn set_each_way(
    f: &mut Fields<'_, '_>,
    network: &mut Option<Dist>,
    round_trip: &mut Option<Option<Dist>>,
) {
    let Some(Some(whole)) = round_trip else { return };
    if f.given("network") {
        let title = format!("{} has a network and a round trip", f.cx.here());
        let (place, network) = (f.place("round_trip"), f.place("network"));
        let problem = Diagnostic::new(title, place, "there and back").also(network, "each way");
        f.cx.report(problem.help("leave one of them out"));
        return;
    }
    *network = Some(whole.scaled(0.5));
    if whole.is_constant() {
        *round_trip = Some(None);
    }
}

const TIME_EXAMPLE: &str = "{ lognormal = { median = \"50ms\", p99 = \"200ms\" } }";

choice! {
    /// A distribution as a file has it.
    enum RandomTime in "distribution", such as "{ lognormal = { median = \"50ms\", p99 = \"200ms\" } }" {
        /// always the same
        "constant" Constant(Nanos as Duration) such as "\"5ms\"";
        /// memoryless
        "exponential" Exponential such as "{ mean = \"50ms\" }" {
            /// its mean
            "mean" mean_ns: Nanos as PositiveDuration, required "a duration such as \"50ms\"";
        };
        /// given by two percentiles
        "lognormal" Lognormal such as "{ median = \"50ms\", p99 = \"200ms\" }" {
            /// its median
            "median" median_ns: Nanos as PositiveDuration, required "a duration such as \"50ms\"";
            /// its 99th percentile, above `median`
            "p99" p99_ns: Nanos as PositiveDuration, required "a duration such as \"200ms\"";
        } check |f| { check_lognormal(f, median_ns? as f64, p99_ns? as f64)? };
        /// a mean and a squared coefficient of variation
        "gamma" Gamma such as "{ mean = \"50ms\", cv2 = 0.5 }" {
            /// its mean
            "mean" mean_ns: Nanos as PositiveDuration, required "a duration such as \"50ms\"";
            /// squared coefficient of variation, above 0
            "cv2" cv2: f64 as Positive, required "the squared coefficient of variation, above 0";
        };
        /// two phases with balanced means
        "hyperexponential" Hyperexponential such as "{ mean = \"50ms\", cv2 = 4.0 }" {
            /// its mean
            "mean" mean_ns: Nanos as PositiveDuration, required "a duration such as \"50ms\"";
            /// squared coefficient of variation, at least 1
            "cv2" cv2: f64 as AtLeast<1>, required "the squared coefficient of variation, at least 1";
        };
        /// drawn uniformly from a column of a CSV file with a header row
        "empirical" Empirical such as "{ file = \"times.csv\", column = \"ms\", unit = \"ms\" }" {
            /// the file, relative to the scenario
            "file" file: String as Text, required "a CSV file with a header row";
            /// the name of the column
            "column" column: String as Text, required "the name of its column";
            /// the unit of its numbers
            "unit" unit_ns: u64 as TimeUnit, required "the unit of its numbers, such as \"ms\"";
            /// the column that gives how often a row counts, such as `"calls"`; `"none"`: once, whatever other columns are called.
            /// Required beside columns called `le`, `count`, `calls`, `weight` or `freq`
            "weight" weight: Option<String> as Text, optional "every row counts once";
        };
        /// by the buckets of a histogram in a CSV file with a header row; within a bucket all times are alike
        "histogram" Histogram such as "{ file = \"buckets.csv\", bound = \"le\", count = \"count\", unit = \"s\" }" {
            /// the file, relative to the scenario; a row per bucket, in ascending order
            "file" file: String as Text, required "a CSV file with a header row";
            /// the column with the upper bounds, above which times count as the last finite one (`+Inf`)
            "bound" bound: String as Text, default "le";
            /// the column with the counts
            "count" count: String as Text, default "count";
            /// the unit of the bounds
            "unit" unit_ns: u64 as TimeUnit, required "the unit of the bounds, such as \"s\"";
            /// each count is that of all times up to the bound, as in Prometheus; `false`: of one bucket
            "cumulative" cumulative: bool, default true;
        };
        /// by percentiles, with straight lines between them
        "quantiles" Percentiles such as "{ at = [0.5, 0.9, 0.99], times = [\"4ms\", \"9ms\", \"80ms\"] }" {
            /// shares, ascending; below the first one times go down to zero evenly, none is above the last one
            "at" shares: Vec<f64> as Shares, required "ascending shares such as [0.5, 0.99]";
            /// the time that each share does not exceed
            "times" times_ns: Vec<u64> as Durations, required "a time for each share such as [\"4ms\", \"80ms\"]";
        } check |f| { check_percentiles(f, shares.as_ref()?, times_ns.as_ref()?)? };
    }
}

/// As many times as shares, both ascending.
fn check_percentiles(f: &mut Fields<'_, '_>, shares: &[f64], times_ns: &[u64]) -> Option<()> {
    let (field, label) = if shares.is_empty() {
        ("at", "expected at least one share".to_owned())
    } else if shares.len() != times_ns.len() {
        ("times", format!("expected {} times, one for each share", shares.len()))
    } else if shares.windows(2).any(|pair| pair[1] <= pair[0]) {
        ("at", "expected shares that ascend".to_owned())
    } else if times_ns.windows(2).any(|pair| pair[1] < pair[0]) {
        ("times", "expected times that do not descend".to_owned())
    } else {
        return Some(());
    };
    let title = format!("wrong value for {}.{field}", f.cx.here());
    let place = f.place(field);
    f.cx.report(Diagnostic::new(title, place, label));
    None
}

/// The forms of a random time besides a duration.
pub(crate) const RANDOM_TIME: &Choice = match RandomTime::KIND {
    Kind::Choice(choice) => choice,
    _ => panic!("an alternative"),
};

impl Form for Dist {
    type Value = Dist;
    type Around<'a> = ();
    const KIND: Kind = Kind::RandomTime;

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Dist> {
        if !matches!(node.value, Value::Table(_)) {
            let expected = format!("{A_DURATION}, or a distribution such as {TIME_EXAMPLE}");
            let ns = quantity(cx, node, &expected, units::parse_duration)?;
            return Some(Dist::Constant { ns: ns as f64 });
        }
        Some(match RandomTime::read(cx, node, ())? {
            RandomTime::Constant(ns) => Dist::Constant { ns: ns as f64 },
            RandomTime::Exponential { mean_ns } => Dist::Exponential { mean_ns: mean_ns as f64 },
            RandomTime::Lognormal { median_ns, p99_ns } => {
                let (mu, sigma) = lognormal(median_ns as f64, p99_ns as f64);
                Dist::Lognormal { mu, sigma }
            }
            RandomTime::Gamma { mean_ns, cv2 } => Dist::Gamma { mean_ns: mean_ns as f64, cv2 },
            RandomTime::Hyperexponential { mean_ns, cv2 } => {
                Dist::Hyperexponential { mean_ns: mean_ns as f64, cv2 }
            }
            RandomTime::Empirical { file, column, unit_ns, weight } => {
                let count = match weight.as_deref() {
                    None => CountColumn::Absent,
                    Some("none") => CountColumn::Ignored,
                    Some(name) => CountColumn::Named(name),
                };
                let columns =
                    Columns { value: &column, factor: unit_ns as f64, count, content: Content::Times };
                from_file(cx, node, "empirical", &file, &columns, |rows| match weight.as_deref() {
                    None | Some("none") => {
                        let mut ns: Vec<f64> = rows.iter().map(|row| row.ns).collect();
                        ns.sort_by(f64::total_cmp);
                        Ok(Dist::Empirical { ns })
                    }
                    Some(_) => Ok(Dist::Quantiles(Box::new(Quantiles::of_weighted(rows)?))),
                })?
            }
            RandomTime::Histogram { file, bound, count, unit_ns, cumulative } => {
                let count = CountColumn::Named(&count);
                let columns =
                    Columns { value: &bound, factor: unit_ns as f64, count, content: Content::Bounds };
                let read = |rows: &[Counted]| {
                    Ok(Dist::Quantiles(Box::new(Quantiles::of_histogram(rows, cumulative)?)))
                };
                from_file(cx, node, "histogram", &file, &columns, read)?
            }
            RandomTime::Percentiles { shares, times_ns } => {
                let ns: Vec<f64> = times_ns.iter().map(|ns| *ns as f64).collect();
                Dist::Quantiles(Box::new(Quantiles::of_table(&shares, &ns)))
            }
        })
    }
}

/// A distribution from the rows of a file; a problem is reported where the file is named.
fn from_file(
    cx: &mut Context,
    node: &Node,
    form: &'static str,
    file: &str,
    columns: &Columns<'_>,
    read: impl FnOnce(&[Counted]) -> Result<Dist, String>,
) -> Option<Dist> {
    let path = cx.file(file);
    let rows = (cx.read_columns)(&path, file, columns).and_then(|rows| {
        let counted = |row: &Row| Counted { line: row.line, ns: row.value, count: row.count };
        let rows: Vec<Counted> = rows.iter().map(counted).collect();
        read(&rows).map_err(|problem| format!("{file}: {problem}"))
    });
    match rows {
        Ok(dist) => Some(dist),
        Err(reason) => {
            let place = node.get(form).and_then(|body| body.get("file")).unwrap_or(node);
            cx.within(form, |cx| cx.wrong(place, reason))
        }
    }
}

/// `mu` and `sigma` of the lognormal distribution with this median and 99th percentile.
fn lognormal(median: f64, p99: f64) -> (f64, f64) {
    (libm::log(median), libm::log(p99 / median) / Z_99)
}

fn check_lognormal(f: &mut Fields<'_, '_>, median: f64, p99: f64) -> Option<()> {
    if p99 > median {
        return Some(());
    }
    let title = format!("wrong value for {}.p99", f.cx.here());
    let (p99_place, median_place) = (f.place("p99"), f.place("median"));
    f.cx.report(
        Diagnostic::new(title, p99_place, "expected more than the median").also(median_place, "the median"),
    );
    None
}

const SIZE_EXAMPLE: &str = "{ lognormal = { median = \"300B\", p99 = \"10kB\" } }";

choice! {
    /// A distribution of sizes as a file has it.
    enum RandomSize in "size_distribution", such as "{ lognormal = { median = \"300B\", p99 = \"10kB\" } }" {
        /// always the same
        "constant" Constant(u64 as Bytes) such as "\"1kB\"";
        /// given by two percentiles
        "lognormal" Lognormal such as "{ median = \"300B\", p99 = \"10kB\" }" {
            /// its median
            "median" median: f64 as FineBytes, required "a size such as \"300B\"";
            /// its 99th percentile, above `median`
            "p99" p99: f64 as FineBytes, required "a size such as \"10kB\"";
            /// bounds the size; by default the longest string that Redis stores
            "max" max_bytes: u64 as Bytes, default "512MiB";
        } check |f| {
            let median = median?;
            if median <= 0.0 {
                let title = format!("wrong value for {}.median", f.cx.here());
                let place = f.place("median");
                f.cx.report(Diagnostic::new(title, place, "expected a size above zero"));
                return None;
            }
            check_lognormal(f, median, p99?)?;
        };
        /// generalised Pareto
        "pareto" Pareto such as "{ location = \"0B\", scale = \"214B\", shape = 0.35 }" {
            /// the smallest size
            "location" location: f64 as FineBytes, default "0B";
            /// the unit of the tail
            "scale" scale: f64 as FineBytes, required "a size such as \"214B\"";
            /// how heavy the tail is; 0: exponential
            "shape" shape: f64 as AtLeast<0>, required "a number, 0 or above";
            /// bounds the size; by default the longest string that Redis stores
            "max" max_bytes: u64 as Bytes, default "512MiB";
        };
    }
}

/// The forms of a random size besides a size.
pub(crate) const RANDOM_SIZE: &Choice = match RandomSize::KIND {
    Kind::Choice(choice) => choice,
    _ => panic!("an alternative"),
};

impl Form for Size {
    type Value = Size;
    type Around<'a> = ();
    const KIND: Kind = Kind::RandomSize;

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Size> {
        if !matches!(node.value, Value::Table(_)) {
            let expected = format!("{A_SIZE}, or a distribution such as {SIZE_EXAMPLE}");
            return quantity(cx, node, &expected, units::parse_bytes).map(|bytes| Size::Constant { bytes });
        }
        Some(match RandomSize::read(cx, node, ())? {
            RandomSize::Constant(bytes) => Size::Constant { bytes },
            RandomSize::Lognormal { median, p99, max_bytes } => {
                let (mu, sigma) = lognormal(median, p99);
                Size::Lognormal { mu, sigma, max_bytes }
            }
            RandomSize::Pareto { location, scale, shape, max_bytes } => {
                Size::Pareto { location, scale, shape, max_bytes }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_of_a_round_trip_sum_to_it() {
        let measured = Dist::Empirical { ns: vec![200.0, 400.0, 900.0] };
        let back = Dist::Constant { ns: 100.0 };
        assert_eq!(measured.ways(), (Dist::Empirical { ns: vec![100.0, 300.0, 800.0] }, back));
        let random = Dist::Exponential { mean_ns: 70.0 };
        assert_eq!(random.ways(), (random, Dist::ZERO));
        let even = Dist::Constant { ns: 35.0 };
        assert_eq!(Dist::Constant { ns: 70.0 }.ways(), (even.clone(), even));
    }

    #[test]
    fn half_a_time_has_half_its_mean() {
        let all = [
            Dist::Constant { ns: 70.0 },
            Dist::Exponential { mean_ns: 70.0 },
            Dist::Lognormal { mu: 3.0, sigma: 0.7 },
            Dist::Gamma { mean_ns: 70.0, cv2: 0.3 },
            Dist::Hyperexponential { mean_ns: 70.0, cv2: 3.0 },
            Dist::Empirical { ns: vec![20.0, 90.0, 100.0] },
            Dist::Quantiles(Box::new(Quantiles::of_table(&[0.5, 0.9], &[40.0, 900.0]))),
        ];
        for dist in all {
            assert!((dist.scaled(0.5).mean_ns() / dist.mean_ns() - 0.5).abs() < 1e-12, "{dist:?}");
        }
    }
}
