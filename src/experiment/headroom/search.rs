//! Where along a knob a limit breaks: a bracket, bisection, and how far the runs agree. Nothing is simulated here.

use serde::{Deserialize, Serialize};

use crate::experiment::shares::Runs;
use crate::scenario::knob::Knob;

/// Where a search begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// At this value, of which larger ones are more dangerous: doubled while it keeps the limits, halved while it breaks one.
    From(f64),
    /// At both ends of the span: which one is the dangerous one is to be found.
    Ends,
}

/// The outcome of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Judged {
        /// Whether all limits are kept, as a threshold is judged.
        kept: bool,
        /// The runs that keep all limits, each judged by itself.
        runs: Runs,
    },
    /// It cannot be simulated, and why.
    Impossible(String),
}

impl Told {
    fn kept(&self) -> Option<bool> {
        match self {
            Told::Judged { kept, .. } => Some(*kept),
            Told::Impossible(_) => None,
        }
    }

    fn runs(&self) -> Option<Runs> {
        match self {
            Told::Judged { runs, .. } => Some(*runs),
            Told::Impossible(_) => None,
        }
    }
}

/// A search along one knob.
#[derive(Clone, Debug)]
pub struct Search {
    knob: Knob,
    start: Start,
    /// Relative width of a bracket that is narrow enough.
    precision: f64,
    /// Most values that are tested.
    cells_max: usize,
    /// In the order in which they were tested.
    tested: Vec<(f64, Told)>,
}

/// Why a search is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The bracket is as narrow as was wanted.
    Found,
    /// Every value that was tested keeps the limits.
    Everywhere,
    /// None does.
    Nowhere,
    /// The cells were used up before.
    Cells,
    /// Values beyond cannot be simulated.
    Impossible(String),
}

/// The result of a search; all numbers are values of the knob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Border {
    /// Whether larger values are more dangerous.
    pub upwards: bool,
    /// The value nearest to danger before anything breaks.
    pub safe: Option<f64>,
    /// The next value that was tested, which breaks a limit.
    pub breaks: Option<f64>,
    /// The value nearest to danger up to which every run keeps all limits.
    pub all_keep: Option<f64>,
    /// The value nearest to safety from which on no run keeps them.
    pub none_keeps: Option<f64>,
    /// Values beyond the break that keep the limits again, towards danger.
    pub again: Vec<f64>,
    /// A value on the safe side that breaks a limit as well: the limits are kept inside the span only.
    pub below: Option<f64>,
    pub end: End,
}

impl Search {
    pub fn new(knob: Knob, start: Start, precision: f64, cells_max: usize) -> Search {
        Search { knob, start, precision, cells_max, tested: Vec::new() }
    }

    /// Values tested so far, in the order of the tests.
    pub fn tested(&self) -> &[(f64, Told)] {
        &self.tested
    }

    pub fn tell(&mut self, value: f64, told: Told) {
        self.tested.push((value, told));
    }

    /// The value to test next; `None`: the search is over.
    ///
    /// First the border of the verdict; then, with the cells that are left, the values up to which all runs agree and from
    /// which on none keeps the limits.
    pub fn next(&self) -> Option<f64> {
        if self.tested.len() >= self.cells_max {
            return None;
        }
        let opening = match self.start {
            Start::From(value) => [Some(value), None],
            Start::Ends => [Some(self.knob.high), Some(self.knob.low)],
        };
        if let Some(first) = opening.into_iter().flatten().find(|&value| self.find(value).is_none()) {
            return Some(self.knob.rounded(first, self.digits()));
        }
        let order = self.order();
        let broken = order.iter().position(|(_, told)| told.kept() == Some(false));
        let before = &order[..broken.unwrap_or(order.len())];
        let safe = before.iter().rposition(|(_, told)| told.kept() == Some(true));
        match (safe, broken) {
            (Some(safe), Some(broken)) => {
                if let Some(middle) = self.between(order[safe].0, order[broken].0) {
                    return Some(middle);
                }
            }
            (Some(safe), None) => {
                let is_last = safe + 1 == order.len();
                return if is_last { self.beyond(order[safe].0) } else { None };
            }
            (None, Some(0)) => return self.nearer(order[0].0),
            (None, _) => return None,
        }
        let judged: Vec<(f64, Runs)> =
            order.iter().filter_map(|(value, told)| Some((*value, told.runs()?))).collect();
        let agreeing = judged.iter().take_while(|(_, runs)| runs.is_all()).count();
        let low = match agreeing {
            0 => self.nearer(judged[0].0),
            count => judged.get(count).and_then(|next| self.between(judged[count - 1].0, next.0)),
        };
        let failing = judged.iter().rev().take_while(|(_, runs)| runs.count == 0).count();
        let high = || match judged.len() - failing {
            _ if failing == 0 => judged.last().and_then(|last| self.beyond(last.0)),
            0 => None,
            first => self.between(judged[first - 1].0, judged[first].0),
        };
        low.or_else(high)
    }

    /// The result so far.
    pub fn border(&self) -> Border {
        let order = self.order();
        let broken = order.iter().position(|(_, told)| told.kept() == Some(false));
        let before = &order[..broken.unwrap_or(order.len())];
        let safe = before.iter().rposition(|(_, told)| told.kept() == Some(true));
        let judged = || order.iter().filter_map(|(value, told)| Some((*value, told.runs()?)));
        let all_keep = judged().take_while(|(_, runs)| runs.is_all()).last();
        let runs: Vec<(f64, Runs)> = judged().collect();
        let none_keeps = runs.iter().rev().take_while(|(_, runs)| runs.count == 0).last();
        let kept = |(value, told): &(f64, &Told)| (told.kept() == Some(true)).then_some(*value);
        let below = self.sorted()[..self.skipped()].last().map(|(value, _)| *value);
        let again = order[broken.unwrap_or(order.len())..].iter().filter_map(kept).collect();
        let impossible = order.iter().find_map(|(_, told)| match told {
            Told::Impossible(reason) => Some(reason.clone()),
            Told::Judged { .. } => None,
        });
        let end = match (safe, broken, impossible) {
            (Some(safe), Some(broken), _) => match self.between(order[safe].0, order[broken].0) {
                None => End::Found,
                Some(_) => End::Cells,
            },
            (_, None, Some(reason)) => End::Impossible(reason),
            (Some(_), None, None) if self.next().is_none() && self.is_at_end() => End::Everywhere,
            (None, Some(_), _) if self.is_at_end() => End::Nowhere,
            _ => End::Cells,
        };
        Border {
            upwards: self.upwards(),
            safe: safe.map(|place| order[place].0),
            breaks: broken.map(|place| order[place].0),
            all_keep: all_keep.map(|(value, _)| value),
            none_keeps: none_keeps.map(|(value, _)| *value),
            again,
            below,
            end,
        }
    }

    fn find(&self, value: f64) -> Option<&Told> {
        let wanted = self.knob.rounded(value, self.digits());
        self.tested.iter().find(|(known, _)| *known == wanted).map(|(_, told)| told)
    }

    /// Whether the span leaves nothing further to test in the direction that matters.
    fn is_at_end(&self) -> bool {
        match self.start {
            Start::From(_) => self.find(self.knob.high).is_some() || self.find(self.knob.low).is_some(),
            Start::Ends => self.find(self.knob.high).is_some() && self.find(self.knob.low).is_some(),
        }
    }

    /// Whether larger values are more dangerous; of a span whose ends are alike they are taken to be.
    fn upwards(&self) -> bool {
        match self.start {
            Start::From(_) => true,
            Start::Ends => {
                let kept = |value: f64| self.find(value).and_then(Told::kept);
                !(kept(self.knob.low) == Some(false) && kept(self.knob.high) == Some(true))
            }
        }
    }

    /// All tested values, from the safe side to the dangerous one.
    fn sorted(&self) -> Vec<(f64, &Told)> {
        let mut sorted: Vec<(f64, &Told)> = self.tested.iter().map(|(value, told)| (*value, told)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        if !self.upwards() {
            sorted.reverse();
        }
        sorted
    }

    /// How many values on the safe side break a limit before the first one that keeps all, where both ends of the span are
    /// broken.
    fn skipped(&self) -> usize {
        let broken = |value: f64| self.find(value).and_then(Told::kept) == Some(false);
        match self.start {
            Start::Ends if broken(self.knob.low) && broken(self.knob.high) => {
                self.sorted().iter().position(|(_, told)| told.kept() == Some(true)).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// The same without those.
    fn order(&self) -> Vec<(f64, &Told)> {
        self.sorted().split_off(self.skipped())
    }

    /// One digit more than the precision needs.
    fn digits(&self) -> i32 {
        libm::ceil(-libm::log10(self.precision) - 1e-9) as i32 + 2
    }

    /// A value between two, unless they are close enough.
    fn between(&self, a: f64, b: f64) -> Option<f64> {
        let (low, high) = (a.min(b), a.max(b));
        if self.knob.whole {
            let middle = self.middle(low, high).round().clamp(low + 1.0, (high - 1.0).max(low + 1.0));
            return (high - low > 1.0 && high - low > self.precision * high).then_some(middle);
        }
        if high - low <= self.precision * high.abs().max(low.abs()) {
            return None;
        }
        let middle = self.knob.rounded(self.middle(low, high), self.digits());
        (middle > low && middle < high).then_some(middle)
    }

    /// By ratio where the whole span is above zero.
    fn middle(&self, low: f64, high: f64) -> f64 {
        if self.knob.low > 0.0 { libm::sqrt(low * high) } else { (low + high) / 2.0 }
    }

    /// Twice the value, within the span.
    fn beyond(&self, value: f64) -> Option<f64> {
        match self.start {
            Start::From(_) => {
                let next = self.knob.rounded((value * 2.0).min(self.knob.high), self.digits());
                (next > value).then_some(next)
            }
            Start::Ends => None,
        }
    }

    /// Half the value, within the span; of a span that is broken at both ends its middle, once.
    fn nearer(&self, value: f64) -> Option<f64> {
        match self.start {
            Start::From(_) => {
                let next = self.knob.rounded((value / 2.0).max(self.knob.low), self.digits());
                (next < value).then_some(next)
            }
            Start::Ends if self.tested.len() == 2 => self.between(self.knob.low, self.knob.high),
            Start::Ends => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a search on a system whose replications break from these values on; the limits are kept while most runs keep them.
    fn searched(mut search: Search, breaks_at: &[f64]) -> Search {
        while let Some(value) = search.next() {
            let count = breaks_at.iter().filter(|&&at| value < at).count();
            let runs = Runs { count, of: breaks_at.len() };
            search.tell(value, Told::Judged { kept: 2 * count > breaks_at.len(), runs });
        }
        search
    }

    fn traffic(start: f64, precision: f64, cells: usize) -> Search {
        Search::new(Knob::traffic(), Start::From(start), precision, cells)
    }

    fn values(search: &Search) -> Vec<f64> {
        search.tested().iter().map(|(value, _)| *value).collect()
    }

    #[test]
    fn a_system_with_room_is_doubled_and_one_without_is_halved_until_both_sides_are_known() {
        let roomy = searched(traffic(1.0, 0.1, 20), &[5.3]);
        assert_eq!(values(&roomy), [1.0, 2.0, 4.0, 8.0, 5.66, 4.76, 5.19]);
        let border = roomy.border();
        assert_eq!((border.safe, border.breaks, border.end), (Some(5.19), Some(5.66), End::Found));
        let broken = searched(traffic(1.0, 0.1, 20), &[0.3]);
        assert_eq!(values(&broken), [1.0, 0.5, 0.25, 0.354, 0.297, 0.324]);
        assert_eq!((broken.border().safe, broken.border().breaks), (Some(0.297), Some(0.324)));
    }

    #[test]
    fn a_bracket_holds_the_border_and_is_as_narrow_as_was_wanted() {
        for at in [0.0021, 0.32, 0.99, 1.0, 1.01, 3.7, 63.0] {
            for precision in [0.2, 0.02, 0.003] {
                let border = searched(traffic(1.0, precision, 60), &[at]).border();
                let (safe, breaks) = (border.safe.unwrap(), border.breaks.unwrap());
                assert!(safe < at && at <= breaks, "{safe} {at} {breaks}");
                assert!(breaks - safe <= precision * breaks, "{safe} {breaks}");
                assert_eq!((border.all_keep, border.none_keeps), (Some(safe), Some(breaks)), "a single run");
            }
        }
    }

    #[test]
    fn the_interval_reaches_from_where_all_runs_agree_to_where_none_keeps_the_limits() {
        // Most runs keep the limits up to 2.2.
        let border = searched(traffic(1.0, 0.02, 40), &[1.9, 2.2, 2.6]).border();
        let near = |found: Option<f64>, at: f64| (found.unwrap() - at).abs() <= 0.02 * at;
        assert!(near(border.safe, 2.2) && near(border.breaks, 2.2), "{border:?}");
        assert!(near(border.all_keep, 1.9) && border.all_keep < Some(1.9), "{border:?}");
        assert!(near(border.none_keeps, 2.6) && border.none_keeps >= Some(2.6), "{border:?}");
    }

    #[test]
    fn a_search_ends_where_there_is_nothing_to_find_or_nothing_left_to_spend() {
        let everywhere = searched(traffic(1.0, 0.02, 20), &[1e9]);
        assert_eq!(values(&everywhere), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
        assert_eq!((everywhere.border().end, everywhere.border().safe), (End::Everywhere, Some(64.0)));
        let nowhere = searched(traffic(1.0, 0.02, 20), &[0.0]).border();
        assert_eq!((nowhere.end, nowhere.safe, nowhere.breaks), (End::Nowhere, None, Some(0.000_976_6)));
        let short = searched(traffic(1.0, 0.02, 5), &[5.3]);
        assert_eq!((short.tested().len(), short.border().end), (5, End::Cells));
        assert_eq!((short.border().safe, short.border().breaks), (Some(4.0), Some(5.657)));
    }

    #[test]
    fn what_cannot_be_simulated_ends_a_search_and_is_no_break() {
        let mut search = traffic(1.0, 0.02, 20);
        while let Some(value) = search.next() {
            let told = match value > 3.0 {
                true => Told::Impossible("too large".to_owned()),
                false => Told::Judged { kept: true, runs: Runs { count: 2, of: 2 } },
            };
            search.tell(value, told);
        }
        let border = search.border();
        assert_eq!((border.safe, border.breaks), (Some(2.0), None));
        assert_eq!(border.end, End::Impossible("too large".to_owned()));
    }

    #[test]
    fn of_a_span_the_dangerous_end_is_found() {
        let knob = || Knob::parse("database.pool", "2..50").unwrap();
        let mut search = Search::new(knob(), Start::Ends, 0.02, 20);
        // Fewer than 17 connections break the limit.
        while let Some(value) = search.next() {
            let kept = value >= 17.0;
            search.tell(value, Told::Judged { kept, runs: Runs { count: usize::from(kept), of: 1 } });
        }
        assert_eq!(values(&search), [50.0, 2.0, 10.0, 22.0, 15.0, 18.0, 16.0, 17.0]);
        let border = search.border();
        assert_eq!((border.upwards, border.safe, border.breaks), (false, Some(17.0), Some(16.0)));
    }

    #[test]
    fn limits_that_are_kept_again_beyond_a_break_are_told() {
        let judged = |kept| Told::Judged { kept, runs: Runs { count: usize::from(kept), of: 1 } };
        let mut search = Search::new(traffic(1.0, 0.5, 20).knob, Start::From(1.0), 0.5, 3);
        for (value, kept) in [(1.0, true), (2.0, false), (4.0, true)] {
            search.tell(value, judged(kept));
        }
        assert_eq!((search.border().safe, search.border().again), (Some(1.0), vec![4.0]));
        // Both ends break a limit, the middle does not.
        let knob = Knob::parse("tier.l2.ttl", "1s..100s").unwrap();
        let mut search = Search::new(knob, Start::Ends, 0.1, 20);
        while let Some(value) = search.next() {
            search.tell(value, judged((3.0..40.0).contains(&value)));
        }
        let border = search.border();
        assert_eq!((border.below, border.upwards), (Some(1.0), true));
        assert!(border.safe < Some(40.0) && border.breaks >= Some(40.0), "{border:?}");
    }
}
