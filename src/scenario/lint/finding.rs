//! A warning and where it points.

use crate::declare::diagnostic::{Diagnostic, Span};

/// One warning before it is attributed to variants.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) struct Finding {
    pub lint: &'static str,
    pub diagnostic: Diagnostic,
}

impl Finding {
    /// The place of the trouble, by which the findings of several variants are distinguished.
    pub fn place(&self) -> Option<Span> {
        self.diagnostic.labels.first().map(|(span, _)| *span)
    }
}
