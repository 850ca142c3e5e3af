use super::*;
use crate::declare::written;

fn database(text: &str) -> Database {
    written::<Database>(text).unwrap()
}

#[track_caller]
fn close(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-9 * expected, "{found} is not {expected}");
}

/// So many reads of 10 ms and writes of 30 ms at the primary, and requests of 50 ms that no pool holds back.
fn mix(reads: f64, writes: f64, background: f64) -> Mix {
    let service_s = 0.01 * reads + 0.03 * writes;
    let primary = Load { requests: reads + writes, service_s };
    Mix { primary, unpooled: Load::new(background, 50e6), ..Mix::default() }
}

#[test]
fn the_scarcer_of_servers_and_connections_bounds_a_mix() {
    // Two connections in each of four instances; ten reads take 0.1 s.
    let pooled = database(r#"{ read = "10ms", servers = 60, pool = 2 }"#);
    close(pooled.capacity_per_s(&mix(10.0, 0.0, 0.0), 4), 800.0);
    let few = database(r#"{ read = "10ms", servers = 5, pool = 2 }"#);
    close(few.capacity_per_s(&mix(10.0, 0.0, 0.0), 4), 500.0);
    // Three reads and a write take 60 ms, so 15 each.
    close(few.capacity_per_s(&mix(3.0, 1.0, 0.0), 4), 5.0 / 0.015);
    close(few.capacity_per_s(&mix(3.0, 1.0, 0.0), 1), 2.0 / 0.015);
}

#[test]
fn background_load_takes_servers_and_no_connection() {
    let mix = mix(3.0, 1.0, 2.0);
    // Six requests take 160 ms of the servers; the four that need a connection hold it for 60 ms.
    let few_servers = database(r#"{ read = "10ms", servers = 4, pool = 9 }"#);
    close(few_servers.capacity_per_s(&mix, 1), 6.0 * 4.0 / 0.16);
    let few_connections = database(r#"{ read = "10ms", servers = 40, pool = 3 }"#);
    close(few_connections.capacity_per_s(&mix, 1), 6.0 * 3.0 / 0.06);
    // Both ways through the network take 14 ms more of each connection.
    let far = database(r#"{ read = "10ms", servers = 40, pool = 3, network = "7ms" }"#);
    close(far.capacity_per_s(&mix, 1), 6.0 * 3.0 / (0.06 + 4.0 * 0.014));
}

#[test]
fn the_station_that_saturates_first_bounds_the_whole() {
    // Per request: 12 ms of a write's 30 at the primary; of the reads, 6 ms at both replicas together.
    let writes = Load::new(0.4, 30e6);
    let mix = Mix { primary: writes, replicas: Load::new(0.6, 10e6), ..Mix::default() };
    let replicated = |servers: u32, each: u32| {
        let replicas = format!(r#"{{ count = 2, lag = "1s", servers = {each} }}"#);
        database(&format!(r#"{{ read = "10ms", servers = {servers}, pool = 7, replicas = {replicas} }}"#))
    };
    close(replicated(3, 5).capacity_per_s(&mix, 10), 3.0 / 0.012);
    close(replicated(30, 5).capacity_per_s(&mix, 10), 5.0 / 0.003);
    close(replicated(30, 5).capacity_per_s(&mix, 1), 7.0 / 0.018);
    // Without a write the primary has nothing to do.
    let reads = Mix { replicas: Load::new(2.0, 10e6), ..Mix::default() };
    close(replicated(1, 5).capacity_per_s(&reads, 10), 1000.0);
}

#[test]
fn under_contention_more_requests_in_service_may_serve_fewer() {
    let reads = mix(1.0, 0.0, 0.0);
    let of = |limits: &str| database(&format!(r#"{{ read = "10ms", {limits} }}"#)).capacity_per_s(&reads, 2);
    // sqrt((1 - 0.19) / 0.01) = 9 in service take 1 + 0.19 x 8 + 0.01 x 72 = 3.24 times as long.
    close(of("contention = { sigma = 0.19, kappa = 0.01 }, servers = 60"), 9.0 / 0.0324);
    close(of("contention = { sigma = 0.19, kappa = 0.01 }, servers = 4"), 4.0 / (0.01 * 1.69));
    close(of("contention = { sigma = 0.19, kappa = 0.01 }, pool = 2"), 4.0 / (0.01 * 1.69));
    // Nobody needs servers for that bound, nor for that of the serial part alone.
    close(of("contention = { sigma = 0.19, kappa = 0.01 }"), 9.0 / 0.0324);
    close(of("contention = { sigma = 0.2 }"), 1.0 / 0.002);
    close(of("contention = { sigma = 0.2 }, servers = 6"), 6.0 / 0.02);
    close(of("contention = { sigma = 1.5 }, servers = 6"), 100.0);
    // Four in service take 1.54 times as long and are served 259.7 times per second; 11.55 ms of travel hold three
    // connections more.
    let travel = r#"network = "5775us", contention = { sigma = 0.1, kappa = 0.02 }"#;
    let seven = database(&format!(r#"{{ read = "10ms", pool = 7, {travel} }}"#));
    close(seven.capacity_per_s(&reads, 1), 4.0 / 0.0154);
}

#[test]
fn the_best_number_in_service_is_that_of_a_search() {
    for (sigma, kappa) in
        [(0.0, 0.013), (0.07, 0.0004), (0.3, 0.05), (0.9, 0.7), (0.02, 0.0), (1.0, 0.2), (2.0, 0.0)]
    {
        for (servers, processors) in
            [(1, None), (2, Some(5)), (7, Some(3)), (60, None), (60, Some(8)), (999, None), (999, Some(1))]
        {
            let law = Contention { sigma, kappa, processors };
            let best = (1..=servers).map(f64::from).map(|n| n / law.slowdown(n)).fold(0.0, f64::max);
            let found = most_in_service(Some(law), Some(servers));
            assert!((found - best).abs() < 1e-12 * best, "{law:?} {servers}: {found} is not {best}");
            // Just enough are in service for nearly that much.
            let load = 0.999 * best;
            let in_service = load * law.slowdown_under(load);
            if load > 1.0 {
                assert!((in_service / law.slowdown(in_service) - load).abs() < 1e-9 * load, "{law:?}");
            }
        }
    }
}

#[test]
fn without_a_bound_or_work_there_is_no_capacity() {
    let reads = mix(1.0, 0.0, 0.0);
    let unbounded = database(r#"{ read = "10ms", network = "1ms" }"#);
    assert!(!unbounded.bounds_load());
    assert_eq!(unbounded.capacity_per_s(&reads, 3), None);
    assert!(!database(r#"{ read = "10ms", contention = { sigma = 0 } }"#).bounds_load());
    assert!(database(r#"{ read = "10ms", contention = { sigma = 0.1 } }"#).bounds_load());
    let bounded = database(r#"{ read = "10ms", servers = 3 }"#);
    assert!(bounded.bounds_load() && database(r#"{ read = "10ms", pool = 3 }"#).bounds_load());
    assert_eq!(bounded.capacity_per_s(&Mix::default(), 3), None);
    assert_eq!(bounded.capacity_per_s(&Mix { primary: Load::new(5.0, 0.0), ..Mix::default() }, 3), None);
}
