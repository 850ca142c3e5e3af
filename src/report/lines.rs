//! The rows of a comparison: a line for each variant, or one for each of its two states.

use super::format::{Scale, detectable, difference, plus_minus};
use crate::experiment::comparison::{Comparison, MeasureComparison, VariantComparison, Verdict};
use crate::experiment::states::State;
use crate::experiment::statistics::Estimate;

/// A variant, over all its runs or over those in one of its states.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub variant: &'a VariantComparison,
    /// Index of the variant.
    pub index: usize,
    pub baseline: bool,
    pub state: Option<State>,
}

/// All lines, in the order of the variants; the healthy state before the collapsed one.
pub(super) fn lines(comparison: &Comparison) -> Vec<Line<'_>> {
    let of = |(index, variant)| {
        let line = move |state| Line { variant, index, baseline: index == comparison.baseline, state };
        match variant.states {
            Some(_) => State::BOTH.map(|state| line(Some(state))).to_vec(),
            None => vec![line(None)],
        }
    };
    comparison.variants.iter().enumerate().flat_map(of).collect()
}

impl<'a> Line<'a> {
    /// `collapsed: 5 of 10 runs`; `None` for a line over all runs.
    pub fn note(&self) -> Option<String> {
        let (state, states) = (self.state?, self.variant.states.as_ref()?);
        Some(format!("{}: {}", state.word(), states.runs(state)))
    }

    /// A measure by its name.
    pub fn measure(&self, name: &str) -> Option<&'a MeasureComparison> {
        self.variant.measure(name)
    }

    /// A measure over the runs of this line.
    pub fn estimate(&self, name: &str) -> Option<Estimate> {
        self.measure(name)?.estimate_in(self.state)
    }

    /// A measure as tables print it; `None` without a value.
    pub fn figure(&self, comparison: &Comparison, name: &str, scale: &Scale) -> Option<Figure> {
        let measure = self.measure(name)?;
        let figure = plus_minus(scale, &self.estimate(name)?);
        Some(Figure {
            figure,
            difference: difference(comparison, measure),
            detectable: detectable(comparison, measure),
            verdict: measure.verdict,
            withheld: measure.withheld.is_some(),
        })
    }
}

/// A cell.
#[derive(Debug, Default)]
pub(super) struct Figure {
    /// Mean ± half the interval, without the unit.
    pub figure: String,
    /// To the baseline; empty where there is none.
    pub difference: String,
    /// The smallest difference that a tie would have shown.
    pub detectable: String,
    pub verdict: Option<Verdict>,
    /// There is no verdict, for the reason given in a remark.
    pub withheld: bool,
}

impl Figure {
    /// The word of the verdict: where one was given, and where one was withheld.
    pub fn word(&self) -> Option<&'static str> {
        self.verdict.filter(|verdict| self.withheld || *verdict != Verdict::NoVerdict).map(Verdict::word)
    }
}
