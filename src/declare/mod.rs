//! How an option of a scenario file is declared: once, with its name, its type, its default and its words.
//!
//! `options!` declares a table, `choice!` an alternative whose possibilities have parameters, `keywords!` one of plain words. They
//! make the type of the checked model, its reader and its part of the reference, and look like the type with its documentation:
//!
//! ```text
//! options! {
//!     #[derive(Clone, Debug, Serialize)]
//!     pub struct Retries in "retries", such as "{ attempts = 3, backoff = \"50ms\" }" {
//!         /// in all, the first one included
//!         "attempts" attempts: u32 as Count, required "the number of attempts in all, such as 3";
//!         /// wait before the second attempt
//!         "backoff" backoff_ns: Nanos as Duration, default "0s";
//!         /// longest wait
//!         "max" max_backoff_ns: Nanos as PositiveDuration, or "none" => Some(Nanos::MAX);
//!     }
//!     check |f| { ... }
//! }
//! ```
//!
//! From left to right: the words of the reference (Markdown), the option in the file, the field and its type, the form that
//! reads it (left out where it is the type itself), and what leaving the option out means:
//!
//! - `required "a duration"`: a problem, whose message describes what is expected;
//! - `reported "a duration"`: the same problem, and `None`, so that what depends on other options is still checked;
//! - `default "50ms"`: this value, as a file has it;
//! - `or "none"`: `None`, as does that word; with `=> expression`, what that expression is `Some` of;
//! - `optional "all nodes"`: `None`, which these words describe;
//! - `otherwise "as `read`" => expression`: the expression, an `Option` of the value. It sees the fields above it, each as an `Option`
//!   that is `None` where the option is wrong. So does `check`, for rules between options: it reports problems, sets what depends on
//!   fields below, or returns `None`.
//!
//! `and shared: SharedTier;` behind the braces adds the options of another declaration to the same table.
//!
//! A form that needs to know of its surroundings is given them in brackets (`as Hedge[timeout_ns]`) and declares them in
//! parentheses (`pub struct Hedge in "hedge" (timeout_ns: Option<Nanos>)`).

pub mod diagnostic;
pub(crate) mod fields;
pub(crate) mod file;
pub mod kind;
mod macros;
pub(crate) mod values;

use std::path::PathBuf;

use fields::Context;
use file::{Node, parse_value};
use kind::Kind;
pub(crate) use macros::*;

/// What may stand as the value of an option, and what is made of it.
pub(crate) trait Form {
    /// In the checked model.
    type Value;
    /// What the reader must know of its surroundings; `()` for nearly all.
    type Around<'a>;
    const KIND: Kind;

    /// `None`: it is wrong, and that is reported.
    fn read(cx: &mut Context, node: &Node, around: Self::Around<'_>) -> Option<Self::Value>;
}

/// The value of a default, as a file would have it. `None` is a mistake in the declaration, for which no scenario would be read.
pub(crate) fn written<F>(text: &str) -> Option<F::Value>
where
    F: for<'a> Form<Around<'a> = ()>,
{
    let mut cx = Context::new(PathBuf::new(), |_, _, _, _| Err("a default names no file".to_owned()));
    F::read(&mut cx, &parse_value(text, 0, 0).ok()?, ())
}

/// What a table means that is left out.
pub(crate) fn unset<F>() -> Option<F::Value>
where
    F: for<'a> Form<Around<'a> = ()>,
{
    // Some tables are refused where they are written and empty; that is said to nobody here.
    written::<F>("{}")
}
