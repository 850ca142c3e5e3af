//! Pages, tables and charts of replays made up here.

use super::*;
use crate::model::Eviction;
use crate::replay::{Admit, Algorithm, Cell, Contender, GbMonth, Needed, Rules, SampleSize};

fn replay(capacities: &[u64]) -> Replay {
    let policies = [Eviction::Lru, Eviction::Sieve].map(|policy| Contender::from(Algorithm::Policy(policy)));
    let cells = policies.into_iter().enumerate().flat_map(|(row, policy)| {
        capacities.iter().map(move |&capacity| {
            let misses = ((900_000 / capacity).max(2_000) - 1_000 * row as u64) as f64;
            Cell {
                policy,
                capacity,
                misses,
                half_width: None,
                missed_bytes: None,
                bytes_half_width: None,
                expired: None,
                wall_s: 0.02,
            }
        })
    });
    Replay {
        trace: "x.csv".into(),
        rules: Rules::default(),
        requests: 1_000_000,
        objects: 5_000,
        request_bytes: None,
        object_bytes: None,
        price: None,
        read_s: 0.1,
        replay_s: 0.25,
        threads: 2,
        sample: None,
        cells: cells.collect(),
        needed: None,
    }
}

#[test]
fn a_sample_has_error_bars_and_a_target_its_capacities() {
    let mut replay = replay(&[5, 50]);
    replay.sample = Some(SampleSize { rate: 0.1, requests: 98_000, objects: 510 });
    replay.cells[1].half_width = Some(2_500.0);
    let [lru, sieve] = [replay.cells[0].policy, replay.cells[2].policy];
    let capacities =
        vec![Needed { policy: lru, capacity: Some(1_250) }, Needed { policy: sieve, capacity: None }];
    replay.needed = Some((0.95, capacities));
    let page = page(&replay, 80);
    for part in [
        "A sample of 10.00 % of the objects (510 with 98,000 requests)",
        "1.80 ± 0.25",
        "Least capacity for a hit ratio of 95.0 %",
        "1,250 objects (25.0 %)",
        "none: the first requests of objects alone miss more",
    ] {
        assert!(page.contains(part), "{part} is missing from:\n{page}");
    }
    let csv = csv(&replay);
    assert!(csv.starts_with(
        "policy,capacity_objects,capacity_share,requests,misses,miss_ratio,miss_ratio_half_width_"
    ));
    assert!(csv.contains("\nlru,50,0.01,1000000,18000,0.018,0.0025\n") && csv.contains(",0.017,\n"), "{csv}");
    assert!(markdown(&replay).contains("| lru | 1,250 | 25.0 % |\n| sieve | none | – |"));
}

#[test]
fn a_page_holds_ratios_speeds_and_costs() {
    let page = page(&replay(&[5, 50]), 80);
    for part in [
        "x.csv: 1,000,000 requests for 5,000 objects, each of them one slot\n",
        " lru       18.00    1.80\n",
        " sieve     17.90*   1.70*\n",
        "read and numbered in 0.100 s (10 M requests/s); 4 replays in 0.250 s (16 M\n requests/s) on 2 threads\n",
    ] {
        let squeezed =
            |text: &str| text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(squeezed(&page).contains(&squeezed(part)), "{part} is missing from:\n{page}");
    }
}

/// 20 MB in 5,000 objects, so that 4 kB is the mean; 1,000,000 requests for 4 GB.
fn in_bytes(capacities: &[u64]) -> Replay {
    let mut replay = replay(capacities);
    replay.rules = Rules { unit: Unit::Bytes, ttl: Some(Ttl::All(300_000_000_000)), ..Rules::default() };
    (replay.request_bytes, replay.object_bytes) = (Some(4_000_000_000), Some(20_000_000));
    replay.price = Some(GbMonth { amount: 15.0, currency: "EUR" });
    for cell in &mut replay.cells {
        (cell.misses, cell.missed_bytes) =
            (18_000.0, Some(if cell.policy.name() == "lru" { 1e9 } else { 8e8 }));
        cell.expired = Some(2_500.0);
    }
    replay
}

#[test]
fn a_page_in_bytes_has_both_ratios_expiry_and_money() {
    let mut replay = in_bytes(&[2_000_000, 10_000_000]);
    replay.cells[2].policy.admit = Admit::SecondHit { within: None };
    replay.cells[3].policy.admit = Admit::SecondHit { within: None };
    replay.needed = Some((0.9, vec![Needed { policy: replay.cells[2].policy, capacity: Some(4_000_000) }]));
    let page = page(&replay, 80);
    for part in [
        "sieve+second-hit         4.0 MB (20.0 %), 0.06 EUR a month\n",
        "Miss ratio (%); * lowest of its capacity\n",
        "Byte miss ratio (%); * lowest of its capacity\n",
        "Misses that found an expired entry, of all requests (%)\n",
        "0.03",
        "EUR a month",
    ] {
        assert!(page.contains(part), "{part} is missing from:\n{page}");
    }
    let squeezed = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "x.csv: 1,000,000 requests (4.0 GB) for 5,000 objects (20.0 MB), each of its own size; entries live for 5m",
        "lru 25.00 25.00 sieve+second-hit 20.00* 20.00*",
        "lru 0.25 0.25 sieve",
        "2.0 MB 10.0 MB 10.0 % 50.0 %",
    ] {
        assert!(squeezed.contains(part), "{part} is missing from:\n{page}");
    }
    page.lines().for_each(|line| assert!(line.chars().count() <= 80, "{line}"));
    let markdown = markdown(&replay);
    assert!(
        markdown.contains("| 4.0 MB | 20.0 % | 0.06 |")
            && markdown.contains("2.0 MB (10.0 %, 0.03 EUR a month)"),
        "{markdown}"
    );
}

#[test]
fn csv_in_bytes_names_its_rules_in_the_header() {
    let replay = in_bytes(&[2_000_000]);
    assert_eq!(
        csv(&replay),
        "policy,capacity_bytes,capacity_share,requests,requested_bytes,misses,miss_ratio,missed_bytes,byte_miss_ratio,\
         expired_after_5m,eur_month_at_15_gb_month\n\
         lru,2000000,0.1,1000000,4000000000,18000,0.018,1000000000,0.25,2500,0.03\n\
         sieve,2000000,0.1,1000000,4000000000,18000,0.018,800000000,0.2,2500,0.03\n"
    );
    let json: serde_json::Value = serde_json::from_str(&json(&replay).unwrap()).unwrap();
    assert_eq!(json["cells"][1]["byte_miss_ratio"], 0.2);
    assert_eq!(json["cells"][1]["capacity_bytes"], 2_000_000);
    assert_eq!((json["ttl"].as_str(), json["price_gb_month"]["amount"].as_f64()), (Some("5m"), Some(15.0)));
}

/// 5,000 objects of 4 kB on average: 50 of them are 200 kB, 0.003 EUR a month.
#[test]
fn capacities_in_objects_have_a_price_by_the_mean_size() {
    let mut replay = in_bytes(&[50]);
    replay.rules = Rules { sizes: true, ..Rules::default() };
    let lru = replay.cells[0].policy;
    replay.needed = Some((0.9, vec![Needed { policy: lru, capacity: Some(500) }]));
    assert_eq!(replay.cost_month(50), Some(0.003));
    assert!(page(&replay, 80).contains(" 500 objects (10.0 %), about 2.0 MB, 0.03 EUR a month\n"));
}

#[test]
fn a_page_is_no_wider_than_asked() {
    let capacities: Vec<u64> = (1..30).map(|power| power * 1_000).collect();
    for width in [40, 80, 120] {
        let page = page(&replay(&capacities), width);
        let tables = page.lines().filter(|line| line.starts_with(' '));
        assert!(tables.clone().count() > 0);
        tables.for_each(|line| assert!(line.chars().count() <= usize::from(width), "{width}: {line}"));
    }
}

#[test]
fn csv_is_tidy_and_json_has_the_times() {
    let replay = replay(&[50]);
    assert_eq!(
        csv(&replay),
        "policy,capacity_objects,capacity_share,requests,misses,miss_ratio\n\
         lru,50,0.01,1000000,18000,0.018\nsieve,50,0.01,1000000,17000,0.017\n"
    );
    let json: serde_json::Value = serde_json::from_str(&json(&replay).unwrap()).unwrap();
    assert_eq!(json["cells"][1]["requests_per_second"], 50e6);
}

#[test]
fn one_capacity_is_drawn_as_dots_and_several_as_lines() {
    let svg = |capacities: &[u64]| draw::to_svg(&figure(&replay(capacities)), Heading::Inside).unwrap();
    assert!(svg(&[50]).contains("1.70 %") && svg(&[50]).contains("sieve misses least."));
    assert!(svg(&[5, 50]).contains("sieve misses least at 2 of 2 capacities."));
    assert!(svg(&[5, 50]).contains("class=\"s1\""));
    let svg = draw::to_svg(&figure(&in_bytes(&[2_000_000, 10_000_000])), Heading::Inside).unwrap();
    assert!(svg.contains("byte miss ratio") && svg.contains("MB"));
}
