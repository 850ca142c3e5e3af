//! Where stale reads come from: instances that nobody tells of a write.

use herdlab::oracle::staleness;

use crate::support::{check, simulate};

#[test]
fn row_13_of_what_an_untold_l1_answers_the_others_share_of_the_writes_is_stale() {
    let record = simulate(
        r#"
        question = "How stale is an in-process cache that hears of its own writes only?"
        replications = 20
        duration = "50100s"
        warmup = "100s"
        window = "1000s"

        [clients]
        instances = 4

        [workload]
        arrivals = { poisson = { rate = 4.8 } }
        write_share = 0.16666666666666666
        keys = 1

        [[tier]]
        name = "l1"
        scope = "instance"
        ttl = "none"

        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "none"

        [database]
        read = "0s"

        [measure]
        stale_by_tier = true
        "#,
    );
    // Each of four instances reads once and writes 0.2 times per second.
    let row = "13 L1 that is not told";
    check(row, &record, "base", "stale.ratio", staleness::untold_stale(1.0, 0.2, 0.6), 0.003);
    check(row, &record, "base", "tier.l1.stale.ratio", 0.75, 0.003);
    check(row, &record, "base", "tier.l2.stale.ratio", 0.0, 0.0);
}
