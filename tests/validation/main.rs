//! Validation: the engine against theory, through real scenarios.
//!
//! Each test is one row of `docs/validation.md`: a scenario, what `herdlab::oracle` says must come out, and
//! the measured value. A number passes when it lies within its tolerance, or within four standard errors if
//! these are wider, and four standard errors must themselves be no wider than twice the tolerance: a noisy
//! test proves nothing. Every number prints one line of the table in `docs/validation.md`:
//!
//! ```text
//! cargo test --test validation -- --nocapture --test-threads 1 | grep -o '| [0-9].*|$' | sort -V
//! ```

mod early_refresh;
mod eviction;
mod many_keys;
mod one_key;
mod overload;
mod queueing;
mod staleness;
mod support;
mod two_tiers;
