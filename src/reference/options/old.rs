//! Tables that are not declared in [`crate::declare`] yet.

pub use crate::declare::kind::*;

/// An option that may be left out.
pub const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, default: Default::Words(""), words: "" }
}

/// An option that must be there.
pub const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, default: Default::Required(""), words: "" }
}

impl Field {
    /// The same, where `word` takes the option back.
    pub const fn or(self, word: &'static str) -> Field {
        match self.default {
            Default::Required(_) => self,
            _ => Field { default: Default::Word(word), ..self },
        }
    }
}

/// A possibility that is one word.
pub const fn word(name: &'static str) -> Tag {
    Tag { name, plain: true, body: None, example: "", words: "" }
}

/// A possibility with parameters.
pub const fn with(name: &'static str, body: Kind) -> Tag {
    Tag { name, plain: false, body: Some(body), example: "", words: "" }
}

/// The same, where the word alone will do.
pub const fn word_or(name: &'static str, body: Kind) -> Tag {
    Tag { name, plain: true, body: Some(body), example: "", words: "" }
}
