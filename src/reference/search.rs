//! The search of `herdlab explain`: measures, lints and options for a word that none of them is called by, and for one that has more
//! meanings than its own.

use super::entries::{described, entry, first_line};
use super::measures::named;
use super::options;
use crate::catalog::CATALOG;
use crate::declare::vocabulary;
use crate::scenario::lint::LINTS;

/// Most lines of a list.
const MOST: usize = 12;
/// Where the names leave less room, the meanings stand below.
const ROOM_MIN: usize = 20;

/// The options and measures that a word of the trade means, in lines of at most `width` letters. `is_known`: the entry of that
/// very name is shown already, so it is left out. `None`: no such word, or nothing is left.
///
/// ```
/// use herdlab::reference::search::translated;
/// assert!(translated("max_connections", 80, false).unwrap().contains("`pool = 10` in [database]"));
/// assert!(translated("tlt", 80, false).is_none());
/// ```
pub fn translated(word: &str, width: usize, is_known: bool) -> Option<String> {
    let row = vocabulary::row(word)?;
    let is_shown = |name: &str| is_known && name.rsplit('.').next() == Some(word.trim());
    let mut parts: Vec<(&str, String)> = Vec::new();
    parts.extend(row.options.iter().filter(|hint| !is_shown(hint.path)).map(|hint| ("option", hint.words())));
    let options = parts.len();
    parts.extend(
        row.measures.iter().filter(|hint| !is_shown(hint.pattern)).map(|hint| ("measure", hint.words())),
    );
    if row.is_about_a_result() {
        parts.rotate_left(options);
    }
    if parts.is_empty() {
        return None;
    }
    parts.extend((!row.note.is_empty()).then(|| ("note", row.note.to_owned())));
    let title =
        if is_known { "see also".to_owned() } else { format!("{}: a word of the trade", word.trim()) };
    Some(entry(&title, &parts, width))
}

/// Whether measures are the first answer to a word, though an option is called by it too: `p99` is one of `[observed]`.
///
/// ```
/// use herdlab::reference::search::is_about_a_result;
/// assert!(is_about_a_result("p99") && !is_about_a_result("ttl"));
/// ```
pub fn is_about_a_result(word: &str) -> bool {
    vocabulary::row(word).is_some_and(vocabulary::Row::is_about_a_result) && named(word).is_none()
}

/// The measures, lints and options that have every part of `words` in their names or meanings, best first, one line each of
/// at most `width` letters. `None`: nothing matches.
///
/// ```
/// use herdlab::reference::search::matches;
/// let found = matches("eviction rate", 100).unwrap();
/// assert!(found.lines().nth(1).unwrap().starts_with("  measure  evictions.rate "), "{found}");
/// ```
pub fn matches(words: &str, width: usize) -> Option<String> {
    let found = ranked(words);
    if found.is_empty() {
        return None;
    }
    let shown = &found[..found.len().min(MOST)];
    let names = shown.iter().map(|found| found.name.chars().count()).max().unwrap_or(0);
    let mut text = match found.len() - shown.len() {
        0 => format!("\"{}\" in names and meanings\n", words.trim()),
        left_out => {
            format!("\"{}\" in names and meanings: the best {MOST} of {}\n", words.trim(), MOST + left_out)
        }
    };
    let beside = width.saturating_sub(names + 13);
    for Found { kind, name, meaning, .. } in shown {
        let line = match beside < ROOM_MIN {
            true => format!("  {kind:7}  {name}\n    {}", first_line(meaning, width.saturating_sub(4))),
            false => format!("  {kind:7}  {name:names$}  {}", first_line(meaning, beside)),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Some(text)
}

struct Found {
    score: usize,
    kind: &'static str,
    name: String,
    meaning: String,
}

fn ranked(words: &str) -> Vec<Found> {
    let asked = parts(words);
    if asked.is_empty() {
        return Vec::new();
    }
    let measures = CATALOG.iter().map(|info| ("measure", info.pattern.to_owned(), info.meaning.to_owned()));
    let lints = LINTS.iter().map(|lint| ("lint", lint.name.to_owned(), lint.when.to_owned()));
    let options = options::all().into_iter();
    let options = options.map(|option| ("option", option.path.clone(), described(option.field)));
    let mut found: Vec<Found> = measures
        .chain(lints)
        .chain(options)
        .filter_map(|(kind, name, meaning)| {
            let (in_name, in_meaning) = (parts(&name), parts(&meaning));
            let scores = asked.iter().map(|part| score(part, &in_name, &in_meaning));
            let score = scores.sum::<Option<usize>>()?;
            Some(Found { score, kind, name, meaning })
        })
        .collect();
    found.sort_by(|a, b| b.score.cmp(&a.score).then(a.name.len().cmp(&b.name.len())));
    found
}

/// How well a part fits: as a part of the name, as the beginning of one, as a word of the meaning, as the beginning of one. `None`: not.
/// Beginnings need three letters.
fn score(part: &str, name: &[String], meaning: &[String]) -> Option<usize> {
    let begins =
        |words: &[String]| part.chars().count() >= 3 && words.iter().any(|word| word.starts_with(part));
    match part {
        _ if name.iter().any(|word| word == part) => Some(8),
        _ if begins(name) => Some(6),
        _ if meaning.iter().any(|word| word == part) => Some(2),
        _ if begins(meaning) => Some(1),
        _ => None,
    }
}

/// Runs of letters and digits, in lower case.
fn parts(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::file::parse_document;
    use crate::declare::vocabulary::ROWS;

    #[test]
    fn every_option_and_measure_of_the_vocabulary_exists() {
        let options = options::all();
        for row in ROWS {
            assert!(!row.options.is_empty() || !row.measures.is_empty(), "{:?} mean nothing", row.words);
            for hint in row.options {
                assert!(options.iter().any(|option| option.path == hint.path), "{} is no option", hint.path);
            }
            for hint in row.measures {
                let exists = CATALOG.iter().any(|info| info.pattern == hint.pattern);
                assert!(exists, "{} is no measure", hint.pattern);
            }
        }
    }

    /// `pool = 10` below `[database]` sets `database.pool`.
    #[test]
    fn every_line_of_the_vocabulary_sets_its_option() {
        for hint in ROWS.iter().flat_map(|row| row.options) {
            let (root, errors) = parse_document(hint.line, 0);
            assert!(errors.is_empty(), "{}: {errors:?}", hint.line);
            let path = match hint.heading() {
                Some(heading) => {
                    hint.path.strip_prefix(&format!("{}.", heading.trim_matches(['[', ']']))).unwrap()
                }
                None => hint.path,
            };
            let leaf = path.split('.').try_fold(&root, |node, key| node.get(key));
            let is_choice = root.get(path).is_some();
            assert!(leaf.is_some() || is_choice, "`{}` does not set {}", hint.line, hint.path);
        }
    }

    #[test]
    fn a_word_stands_in_one_row_in_its_plain_form() {
        let mut words: Vec<&str> = ROWS.iter().flat_map(|row| row.words).copied().collect();
        for word in &words {
            let plain = word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(plain, "{word}");
        }
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count, "a word is in two rows");
    }

    /// Words of first-time users, each with the name that answers it.
    #[test]
    fn words_of_the_trade_lead_to_their_options_and_measures() {
        for (word, name) in [
            ("max_connections", "database.pool"),
            ("connections", "database.pool"),
            ("pool_size", "database.pool"),
            ("qps", "workload.arrivals.poisson.rate"),
            ("rps", "workload.arrivals.poisson.rate"),
            ("tps", "workload.arrivals.poisson.rate"),
            ("requests_per_second", "workload.arrivals.poisson.rate"),
            ("throughput", "workload.arrivals.poisson.rate"),
            ("pods", "clients.instances"),
            ("replicas", "clients.instances"),
            ("replicas", "database.replicas"),
            ("workers", "database.servers"),
            ("rtt", "tier.NAME.round_trip"),
            ("ping", "database.round_trip"),
            ("latency", "latency.all.p99_ms"),
            ("p95", "latency.all.p95_ms"),
            ("p999", "latency.all.p999_ms"),
            ("max_memory", "tier.NAME.capacity"),
            ("maxmemory", "tier.NAME.capacity"),
            ("maxmemory-policy", "tier.NAME.eviction"),
            ("memory", "tier.NAME.capacity"),
            ("size", "workload.value_size"),
            ("expire", "tier.NAME.ttl"),
            ("expiry", "tier.NAME.ttl"),
            ("ttl_seconds", "tier.NAME.ttl"),
            ("stampede", "coalescing"),
            ("lock", "coalescing.lease.tier"),
            ("dogpile", "stampede.max"),
            ("singleflight", "coalescing"),
            ("stale_while_revalidate", "tier.NAME.refresh.stale-while-revalidate.grace"),
            ("read_latency", "database.read"),
            ("query_time", "database.read"),
            ("users", "workload.arrivals.closed.users"),
            ("concurrency", "database.servers"),
            ("vus", "workload.arrivals.closed.users"),
            ("hit_rate", "hit_ratio"),
            ("miss_rate", "requests.miss.ratio"),
            ("db_load", "db.qps.mean"),
            ("cache_size", "tier.NAME.capacity"),
            ("num_keys", "workload.keys"),
            ("cardinality", "workload.keys"),
            ("zipf", "workload.popularity.zipf.exponent"),
            ("skew", "workload.popularity.zipf.exponent"),
            ("cluster", "tier.NAME.nodes"),
            ("shards", "tier.NAME.nodes"),
        ] {
            let told = translated(word, 10_000, false).unwrap_or_else(|| panic!("{word} is unknown"));
            let names = [format!("({name}): "), format!("     {name}: ")];
            assert!(names.iter().any(|name| told.contains(name)), "{word} does not lead to {name}:\n{told}");
        }
    }

    #[test]
    fn a_part_of_a_name_comes_before_a_word_of_a_meaning() {
        let found = ranked("p99");
        assert!(found[0].name.contains("p99"), "{}", found[0].name);
        let first_by_meaning = found.iter().position(|found| found.score <= 2).unwrap_or(found.len());
        assert!(found[..first_by_meaning].iter().all(|found| found.name.contains("p99")));
        assert!(ranked("hit ratio").iter().any(|found| found.name == "hit_ratio"));
        assert!(ranked("db qps peek").is_empty(), "all parts have to match");
        assert!(ranked("...").is_empty());
    }

    #[test]
    fn an_entry_that_is_shown_is_not_repeated() {
        let more = translated("p99", 100, true).unwrap();
        assert!(more.starts_with("see also\n") && !more.contains("observed.p99"), "{more}");
        assert!(more.contains("latency.all.p99_ms"), "{more}");
        assert!(translated("instances", 100, true).is_none());
    }
}
