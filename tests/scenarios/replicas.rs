//! Read replicas: what they see, and what they serve, against closed forms.

use herdlab::oracle::queueing::md1_wait_mean_s;
use herdlab::oracle::staleness::replica_stale;
use herdlab::record::Record;

use crate::sums::{self, close, mean};
use crate::tiny::Settings;

/// One key that never expires, whose copy every write deletes at once.
const ONE_KEY: &str = r#"
question = "What do replicas that lag put into the cache?"
duration = "3000s"
window = "10s"
replications = 4

[workload]
arrivals = { poisson = { rate = 12 } }
write_share = 0.16666666666666666
keys = 1

[[tier]]
name = "l2"
scope = "shared"
ttl = "none"

[database]
read = "0s"
replicas = { count = 3, lag = "50ms" }

[measure]
stale_by_tier = true
"#;

fn run(settings: Settings<'_>) -> Record {
    sums::run(ONE_KEY, settings, "")
}

#[test]
fn a_miss_within_the_lag_fills_with_the_old_value() {
    let record = run(&[]);
    close(mean(&record, "stale.ratio"), replica_stale(10.0, 2.0, 0.05), 0.006);
    // Of what the replicas answer themselves: the first read after a write came within the lag.
    close(mean(&record, "db.stale.ratio"), -libm::expm1(-12.0 * 0.05), 0.006);
    close(mean(&run(&[("database.replicas.lag", "0s")]), "stale.ratio"), 0.0, 0.0);
}

/// Without a cache a read is stale if the key was written within the lag, whichever replica it asks.
#[test]
fn a_replica_is_as_stale_as_it_lags() {
    let record = run(&[("tier.l2.enabled", "false")]);
    close(mean(&record, "stale.ratio"), -libm::expm1(-2.0 * 0.05), 0.004);
    close(mean(&record, "stale.age.p99_s"), 0.0495, 0.0006);
}

/// A consumer of the log that is slower than the replicas deletes what was filled too early.
#[test]
fn a_change_stream_behind_the_replicas_repairs_the_fills() {
    let record = run(&[("invalidation.cdc", "{ lag = \"60ms\" }")]);
    close(mean(&record, "stale.age.p99_s"), 0.06, 0.003);
    assert!(mean(&run(&[]), "stale.age.p99_s") > 0.5);
}

/// Chance splits the reads of two replicas into two streams, each of which has a server of its own.
#[test]
fn every_replica_has_its_own_queue() {
    let record = run(&[
        ("tier.l2.enabled", "false"),
        ("workload.write_share", "0.0001"),
        ("workload.arrivals", "{ poisson = { rate = 160 } }"),
        ("database.read", "10ms"),
        ("database.replicas", "{ count = 2, lag = \"0s\", servers = 1 }"),
        ("duration", "500s"),
    ]);
    close(mean(&record, "db.queue.mean_ms"), md1_wait_mean_s(80.0, 0.01) * 1e3, 1.2);
}
