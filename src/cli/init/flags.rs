//! The questions as flags.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use herdlab::scenario::Diagnostics;
use herdlab::starter::{KINDS, QUESTIONS, Suggestion, System, WrongAnswer, answered};

/// Answers of the command line by flag.
#[derive(Clone, Debug, Default)]
pub(super) struct Flags(BTreeMap<&'static str, String>);

impl Flags {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The system that they describe, with defaults for the others.
    ///
    /// # Errors
    /// The first flag whose value does not have the expected form.
    pub fn system(&self) -> Result<System, Diagnostics> {
        answered(|flag| self.0.get(flag).cloned()).map_err(|wrong| {
            let WrongAnswer { flag, text, expected } = wrong;
            let mut help = vec!["`herdlab init --help` lists the flags and their defaults".to_owned()];
            if !self.0.contains_key(flag) {
                help.insert(0, format!("its default does not fit the other flags: give --{flag}"));
            }
            Diagnostics::general(format!("--{flag}: expected {expected}, found \"{text}\""), help)
        })
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        QUESTIONS.iter().fold(command, |command, question| {
            let default = match question.suggestion {
                Suggestion::Fixed(text) => text,
                Suggestion::Derived { words, .. } => words,
            };
            let mut help = format!("{}: {} [default: {default}]", question.question, question.help);
            let mut arg = Arg::new(question.flag)
                .long(question.flag)
                .value_name(question.value)
                .conflicts_with_all(["name", "template"]);
            if question.flag == "change" {
                arg = arg.action(ArgAction::Append);
                let kinds: Vec<String> =
                    KINDS.iter().map(|kind| format!("{}: {}", kind.form, kind.help)).collect();
                help = format!("{help}. May be given several times. Changes: {}", kinds.join("; "));
            }
            command.arg(arg.help(help))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = QUESTIONS.iter().filter_map(|question| {
            let texts: Vec<&str> = matches.get_many::<String>(question.flag)?.map(String::as_str).collect();
            Some((question.flag, texts.join(", ")))
        });
        Ok(Flags(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
