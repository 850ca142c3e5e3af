//! Distributions by their quantiles: histograms, weighted observations, tables of percentiles.

use serde::Serialize;

/// A distribution function of straight lines between knots: `ns[i]` is not exceeded with probability `shares[i]`. The
/// shares go from 0 to 1 and do not decrease, nor do the times; two knots of one share are a gap in the times, two knots of
/// one time an atom.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    pub shares: Vec<f64>,
    pub ns: Vec<f64>,
}

/// A row of a file: a time in nanoseconds and a count of requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Counted {
    /// In the file, from 1.
    pub line: u64,
    pub ns: f64,
    pub count: f64,
}

impl Quantiles {
    /// Times with weights, each exact.
    ///
    /// # Errors
    /// All weights are zero.
    pub(crate) fn of_weighted(rows: &[Counted]) -> Result<Quantiles, String> {
        let mut rows = rows.to_vec();
        rows.sort_by(|a, b| a.ns.total_cmp(&b.ns));
        let total: f64 = rows.iter().map(|row| row.count).sum();
        if total <= 0.0 {
            return Err("all weights are 0".to_owned());
        }
        let (mut shares, mut ns, mut below) = (Vec::new(), Vec::new(), 0.0);
        for row in rows.iter().filter(|row| row.count > 0.0) {
            shares.push(below / total);
            below += row.count;
            shares.push(below / total);
            ns.extend([row.ns; 2]);
        }
        Ok(Quantiles { shares, ns })
    }

    /// The buckets of a histogram by their upper bounds; within a bucket all times are alike, the first one begins at zero. What
    /// is above the last finite bound counts as that bound, as `histogram_quantile` of Prometheus has it.
    ///
    /// # Errors
    /// Bounds that do not ascend, cumulative counts that descend, no request at all; with the line.
    pub(crate) fn of_histogram(rows: &[Counted], cumulative: bool) -> Result<Quantiles, String> {
        let (mut knots, mut below): (Vec<(f64, f64)>, f64) = (vec![(0.0, 0.0)], 0.0);
        let mut bound_before = 0.0;
        for (index, row) in rows.iter().enumerate() {
            let line = row.line;
            if row.ns < bound_before || (index > 0 && row.ns == bound_before) {
                return Err(format!("line {line}: the bounds of a histogram ascend, and this one does not"));
            }
            let up_to = if cumulative { row.count } else { below + row.count };
            if up_to < below {
                return Err(format!(
                    "line {line}: {up_to} requests after {below}: cumulative counts do not descend; for counts per bucket: \
                     cumulative = false"
                ));
            }
            (bound_before, below) = (row.ns, up_to);
            let bound = if row.ns.is_finite() { row.ns } else { knots[knots.len() - 1].1 };
            knots.push((up_to, bound));
        }
        if !rows.iter().any(|row| row.ns.is_finite()) {
            return Err("no bucket has a finite bound".to_owned());
        }
        if below <= 0.0 {
            return Err("all counts are 0".to_owned());
        }
        let empty = knots.iter().take_while(|(up_to, _)| *up_to == 0.0).count();
        let (shares, ns) = knots[empty - 1..].iter().map(|(up_to, bound)| (up_to / below, *bound)).unzip();
        Ok(Quantiles { shares, ns })
    }

    /// Percentiles as monitoring reports them. Below the first one times go down to zero evenly; nothing is above the last one.
    pub(crate) fn of_table(shares: &[f64], ns: &[f64]) -> Quantiles {
        let mut table = Quantiles { shares: shares.to_vec(), ns: ns.to_vec() };
        if shares.first().is_some_and(|share| *share > 0.0) {
            table.shares.insert(0, 0.0);
            table.ns.insert(0, 0.0);
        }
        if let (Some(&share), Some(&last)) = (shares.last(), ns.last())
            && share < 1.0
        {
            table.shares.push(1.0);
            table.ns.push(last);
        }
        table
    }

    /// Expected value in nanoseconds.
    pub fn mean_ns(&self) -> f64 {
        self.segments().map(|(share, from, to)| share * (from + to) / 2.0).sum()
    }

    /// Second moment in square nanoseconds.
    pub fn square_ns2(&self) -> f64 {
        self.segments().map(|(share, from, to)| share * (from * from + from * to + to * to) / 3.0).sum()
    }

    /// The time that is not exceeded with this probability, from 0 to 1.
    pub fn at(&self, share: f64) -> f64 {
        let last = self.shares.len() - 1;
        let upper = self.shares.partition_point(|knot| *knot < share).clamp(1, last);
        let (low, high) = (self.shares[upper - 1], self.shares[upper]);
        let (from, to) = (self.ns[upper - 1], self.ns[upper]);
        if high > low { from + (to - from) * ((share - low) / (high - low)).clamp(0.0, 1.0) } else { to }
    }

    /// The probability of each line, and the times at its ends.
    fn segments(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        self.shares.windows(2).zip(self.ns.windows(2)).map(|(share, ns)| (share[1] - share[0], ns[0], ns[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &[(f64, f64)]) -> Vec<Counted> {
        let numbered = cells.iter().zip(2..);
        numbered.map(|(&(ns, count), line)| Counted { line, ns, count }).collect()
    }

    #[test]
    fn a_histogram_is_even_within_its_buckets() {
        // 1 of 4 up to 10, 2 between 10 and 30, 1 above 30, counted as 30.
        let cells = [(10.0, 1.0), (30.0, 3.0), (f64::INFINITY, 4.0)];
        let table = Quantiles::of_histogram(&rows(&cells), true).unwrap();
        assert_eq!((table.at(0.25), table.at(0.5), table.at(0.75), table.at(0.9)), (10.0, 20.0, 30.0, 30.0));
        assert_eq!(table.at(0.125), 5.0);
        // 5 / 4 + 20 / 2 + 30 / 4.
        assert_eq!(table.mean_ns(), 18.75);
        // (100 / 3) / 4 + ((100 + 300 + 900) / 3) / 2 + 900 / 4.
        assert!((table.square_ns2() - 450.0).abs() < 1e-9);
        let apart = [(10.0, 1.0), (30.0, 2.0), (f64::INFINITY, 1.0)];
        assert_eq!(Quantiles::of_histogram(&rows(&apart), false).unwrap(), table);
    }

    #[test]
    fn empty_buckets_at_the_start_leave_no_small_times() {
        let cells = [(10.0, 0.0), (20.0, 0.0), (30.0, 5.0)];
        let table = Quantiles::of_histogram(&rows(&cells), true).unwrap();
        assert_eq!((table.at(0.0), table.at(0.5)), (20.0, 25.0));
    }

    #[test]
    fn weights_count_as_many_observations() {
        // Three times 1, once 9: mean 3, not 5.
        let table = Quantiles::of_weighted(&rows(&[(9.0, 1.0), (1.0, 3.0), (5.0, 0.0)])).unwrap();
        assert_eq!((table.mean_ns(), table.at(0.74), table.at(0.76)), (3.0, 1.0, 9.0));
        assert_eq!(table.square_ns2(), 21.0);
    }

    #[test]
    fn percentiles_have_ends() {
        let table = Quantiles::of_table(&[0.5, 0.75], &[4.0, 12.0]);
        assert_eq!((table.at(0.25), table.at(0.625), table.at(0.95)), (2.0, 8.0, 12.0));
        let whole = Quantiles::of_table(&[0.0, 1.0], &[4.0, 12.0]);
        assert_eq!((whole.at(0.0), whole.mean_ns()), (4.0, 8.0));
    }

    #[test]
    fn what_is_no_histogram_is_named_by_line() {
        let refused = |cells: &[(f64, f64)]| Quantiles::of_histogram(&rows(cells), true).unwrap_err();
        assert!(refused(&[(10.0, 3.0), (20.0, 2.0)]).starts_with("line 3: 2 requests after 3: cumulative"));
        assert!(refused(&[(10.0, 3.0), (10.0, 4.0)]).starts_with("line 3: the bounds of a histogram ascend"));
        assert_eq!(refused(&[(f64::INFINITY, 4.0)]), "no bucket has a finite bound");
        assert_eq!(refused(&[(10.0, 0.0)]), "all counts are 0");
    }
}
