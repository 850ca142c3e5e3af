//! Cells x replications, and what may be said about them.

pub mod run;
