//! Scenarios to start from, for `herdlab init`: one from answers about a system, asked in a dialogue or given as flags; a bundled
//! one as somebody's own; templates of common systems.

mod changes;
mod dialogue;
mod own;
#[allow(clippy::unit_arg, reason = "a row of the table sets a field and is done")]
mod questions;
mod templates;
mod value;
mod written;

pub use changes::{Change, KINDS, Kind};
pub use dialogue::{Unfinished, ask};
pub use own::own;
pub use questions::{Connections, QUESTIONS, Question, Suggestion, System, WrongAnswer, answered};
pub use templates::{TEMPLATES, Template};
pub use value::Duration;
pub use written::written;
