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
//! A form that depends on its surroundings is given them in brackets (`as Hedge[timeout_ns]`) and declares them in
//! parentheses (`pub struct Hedge in "hedge" (timeout_ns: Option<Nanos>)`).

pub mod diagnostic;
pub(crate) mod fields;
pub(crate) mod file;
pub mod kind;
mod macros;
pub(crate) mod values;
pub mod vocabulary;

use std::path::PathBuf;

use fields::Context;
use file::{Node, parse_value};
use kind::Kind;
pub(crate) use macros::*;

/// The grammar of an option's value, and its result.
pub(crate) trait Form {
    /// In the checked model.
    type Value;
    /// The surroundings that the reader needs; `()` for nearly all.
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
    let mut cx = Context::new(PathBuf::new(), |_, _, _| Err("a default names no file".to_owned()));
    F::read(&mut cx, &parse_value(text, 0, 0).ok()?, ())
}

/// Meaning of a table left out.
pub(crate) fn unset<F>() -> Option<F::Value>
where
    F: for<'a> Form<Around<'a> = ()>,
{
    // Some tables are refused where they are written and empty; that is not reported here.
    written::<F>("{}")
}

#[cfg(test)]
mod tests {
    use super::fields::Context;
    use super::file::parse_value;
    use super::kind::{Default, Kind};
    use super::values::{Count, Duration};
    use super::{Form, choice, options};

    options! {
        #[derive(Debug, PartialEq)]
        struct Pause in "pause" (longest_ns: u64), such as "{ first = \"1s\" }" {
            /// before the second attempt
            "first" first_ns: u64 as Duration, required "a duration such as \"1s\"";
            /// between
            /// further ones
            "next" next_ns: u64 as Duration, otherwise "as `first`" => first_ns;
            /// how many
            "times" times: u32 as Count, default 3;
            /// at the same time
            "width" width: Option<u32> as Count, or "unlimited";
            /// what goes on meanwhile
            "mode" mode: Mode, default "idle";
        }
        check |f| {
            if next_ns > Some(longest_ns) {
                let node = f.node("next")?;
                f.cx.wrong::<()>(node, "expected less");
                next_ns = Some(longest_ns);
            }
        }
    }

    choice! {
        #[derive(Debug, PartialEq)]
        enum Mode in "mode", such as "\"idle\"" {
            /// nothing
            "idle" Idle;
            /// some work
            "busy" Busy such as "{ share = 2 }" or alone {
                /// of it
                "share" share: u32 as Count, default 1;
            };
        }
    }

    /// Reading of a text, and the labels of its problems.
    fn read(text: &str) -> (Option<Pause>, Vec<String>) {
        let mut cx = Context::new(std::path::PathBuf::new(), |_, _, _| Err(String::new()));
        let pause = Pause::read(&mut cx, &parse_value(text, 0, 0).unwrap(), 5_000_000_000);
        (pause, cx.diagnostics.iter().map(|problem| problem.title.clone()).collect())
    }

    #[test]
    fn what_is_left_out_follows_from_the_declaration() {
        let second_ns = 1_000_000_000;
        let left_out =
            Pause { first_ns: second_ns, next_ns: second_ns, times: 3, width: None, mode: Mode::Idle };
        assert_eq!(read("{ first = \"1s\" }"), (Some(left_out), Vec::new()));
        let written = Pause {
            first_ns: 0,
            next_ns: second_ns,
            times: 1,
            width: Some(2),
            mode: Mode::Busy { share: 1 },
        };
        let text = "{ first = \"0s\", next = \"1s\", times = 1, width = 2, mode = \"busy\" }";
        assert_eq!(read(text), (Some(written), Vec::new()));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let (pause, problems) = read("{ next = \"9s\", times = 0, mode = { bussy = {} }, wdth = 1 }");
        assert_eq!(pause, None);
        for title in ["wrong value for times", "unknown choice \"bussy\"", "no `first`", "`wdth`"] {
            assert!(problems.iter().any(|problem| problem.contains(title)), "{title}: {problems:?}");
        }
        assert_eq!(problems.len(), 5, "{problems:?}");
    }

    #[test]
    fn the_reference_has_words_and_defaults() {
        let Kind::Table(table) = Pause::KIND else { panic!("{:?}", Pause::KIND) };
        let row = |name| table.fields().find(|field| field.name == name).unwrap();
        assert_eq!(row("next").words, " between further ones");
        assert_eq!(row("next").default, Default::Words("as `first`"));
        assert_eq!(row("times").default, Default::Written("3"));
        assert_eq!(row("mode").default, Default::Written("\"idle\""));
        assert!(row("first").is_required() && row("width").unless() == Some("unlimited"));
    }
}
