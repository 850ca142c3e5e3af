//! What a file is, by its content.

use super::source::{ImportError, Source};

/// The kinds of files, each read by the file of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    RedisInfo,
    RedisConfig,
    RedisLatency,
    HotKeys,
    Monitor,
    Memcached,
    AccessLog,
    PgStatements,
    PgDatabase,
    Prometheus,
    Buckets,
    Series,
}

/// In the message about a file of another kind.
const KNOWN: &str = "known: INFO, CONFIG GET, MONITOR and LATENCY HISTOGRAM of Redis, redis-cli --hotkeys, key counts as CSV, \
                     stats of memcached, pg_stat_statements and pg_stat_database as CSV, query_range of Prometheus as JSON, \
                     histogram buckets (le, count) and time series as CSV, access logs of nginx and Apache";

/// So many lines decide.
const LOOK_LINES: usize = 400;

pub(super) fn kind_of(source: &Source) -> Result<Kind, ImportError> {
    if source.bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(source.refuse("it is empty").help(KNOWN));
    }
    if source.bytes.starts_with(&[0x1f, 0x8b]) || source.bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Err(source
            .refuse("it is compressed")
            .help(format!("zcat {} | herdlab import -", source.name)));
    }
    if source.bytes.iter().take(1 << 16).any(|byte| *byte == 0) {
        return Err(source.refuse("it is binary, and everything that is imported is text").help(KNOWN));
    }
    let lines: Vec<String> = source
        .lines()
        .map(|(_, line)| line.trim_start_matches('\u{feff}').trim().to_owned())
        .filter(|line| !line.is_empty())
        .take(LOOK_LINES)
        .collect();
    let any = |found: fn(&str) -> bool| lines.iter().any(|line| found(line));
    let first = lines[0].as_str();
    if first.starts_with(['{', '[']) {
        return Ok(Kind::Prometheus);
    }
    if first.starts_with("STAT ") {
        return Ok(Kind::Memcached);
    }
    if any(super::monitor::is_line) {
        return Ok(Kind::Monitor);
    }
    if any(super::access_log::is_line) {
        return Ok(Kind::AccessLog);
    }
    if any(|line| line.contains("histogram_usec")) {
        return Ok(Kind::RedisLatency);
    }
    if any(|line| line.starts_with("Hot key") || line.starts_with("hot key found")) {
        return Ok(Kind::HotKeys);
    }
    if any(super::redis_info::is_line) {
        return Ok(Kind::RedisInfo);
    }
    if any(|line| super::redis_config::NAMES.contains(&super::redis_config::bare(line))) {
        return Ok(Kind::RedisConfig);
    }
    by_header(first).ok_or_else(|| {
        let shown: String = first.chars().take(60).collect();
        source.wrong(1, format!("not recognised: \"{shown}\"")).help(KNOWN)
    })
}

/// CSV files by the names of their columns.
fn by_header(line: &str) -> Option<Kind> {
    let names: Vec<String> =
        super::table::split(line).iter().map(|cell| cell.trim().to_ascii_lowercase()).collect();
    let has = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
    if names.len() < 2 {
        return None;
    }
    if has(&["calls"]) && has(super::postgres::MEAN) {
        Some(Kind::PgStatements)
    } else if has(&["xact_commit", "blks_hit", "tup_fetched"]) {
        Some(Kind::PgDatabase)
    } else if has(&["le"]) {
        Some(Kind::Buckets)
    } else if has(&["time", "timestamp", "date", "_time", "ts"]) {
        Some(Kind::Series)
    } else if has(super::hot_keys::KEY) && has(super::hot_keys::COUNT) {
        Some(Kind::HotKeys)
    } else {
        None
    }
}
