//! `herdlab fit`: the search against systems whose truth is known, and the command.

mod command;
mod generated;
#[path = "../support/program.rs"]
mod program;
