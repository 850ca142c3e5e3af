//! `herdlab live` and `herdlab calibrate` against real servers, which they start themselves.
//!
//! HERDLAB_LIVE=required cargo test --features live --test live -- --test-threads 1

mod calibrate;
mod player;
mod servers;

/// Whether `HERDLAB_LIVE=required` asks for servers.
fn is_required() -> bool {
    let required = std::env::var("HERDLAB_LIVE").is_ok_and(|value| value == "required");
    if !required {
        eprintln!("skipped: starts a redis-server and PostgreSQL; HERDLAB_LIVE=required runs it");
    }
    required
}
