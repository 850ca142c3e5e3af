//! Requests per key: a CSV file of keys and counts, or what `redis-cli --hotkeys` prints.

use super::source::{Figure, ImportError, Source};
use super::table::Table;

pub(super) const KEY: &[&str] = &["key", "keys", "id", "name"];
pub(super) const COUNT: &[&str] = &["freq", "count", "requests", "hits", "calls", "accesses"];

/// Counts of the hottest keys, descending, and how they came about.
pub(super) type Counts = Figure<Vec<f64>>;

/// # Errors
/// No key, or a count that is none.
pub(super) fn read(source: &Source) -> Result<Counts, ImportError> {
    let text =
        source.lines().any(|(_, line)| line.starts_with("Hot key") || line.starts_with("hot key found"));
    if text { counters(source) } else { table(source) }
}

fn table(source: &Source) -> Result<Counts, ImportError> {
    let table = Table::read(source)?;
    let count = table.column(COUNT).ok_or_else(|| source.wrong(1, "no column with counts, such as count"))?;
    let counts = (0..table.rows.len()).map(|row| table.number(source, row, count));
    let counts = descending(counts.collect::<Result<_, _>>()?);
    let name = table.name(count).to_owned();
    Ok(Figure::measured(counts, source.at(2, &format!("{name} of {} keys", table.rows.len()))))
}

/// Counters of Redis's LFU eviction, which are logarithmic: a counter above 5 grows with probability 1 / (10 (n - 5) + 1), so it
/// takes the sum of the reciprocals to get there.
fn counters(source: &Source) -> Result<Counts, ImportError> {
    let mut found: Vec<(u64, f64)> = Vec::new();
    for (number, line) in source.lines().filter(|(_, line)| line.starts_with("hot key found")) {
        let counter = line.split("counter:").nth(1).and_then(|rest| rest.split_whitespace().next());
        let counter = counter.and_then(|text| text.parse::<u8>().ok());
        let Some(counter) = counter else {
            return Err(source.wrong(number, "expected \"hot key found with counter: 87 keyname: ...\""));
        };
        found.push((number, requests(counter)));
    }
    if found.is_empty() {
        // "Sampled hot key" lines show progress only.
        return Err(source.refuse("no line \"hot key found with counter:\" in it").help(
            "redis-cli --hotkeys needs maxmemory-policy allkeys-lfu or volatile-lfu, and runs to its end",
        ));
    }
    let origin = source.at(found[0].0, &format!("{} logarithmic counters", found.len()));
    Ok(Figure::measured(descending(found.into_iter().map(|row| row.1).collect()), origin))
}

fn requests(counter: u8) -> f64 {
    let above = f64::from(counter.saturating_sub(5));
    above + 10.0 * above * (above - 1.0).max(0.0) / 2.0
}

fn descending(mut counts: Vec<f64>) -> Vec<f64> {
    counts.retain(|count| *count > 0.0);
    counts.sort_by(|a, b| b.total_cmp(a));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_stands_for_the_requests_that_it_takes() {
        // 5 to 6: one request. 6 to 7: eleven more. 7 to 8: 21 more.
        assert_eq!((requests(5), requests(6), requests(7), requests(8)), (0.0, 1.0, 12.0, 33.0));
    }
}
