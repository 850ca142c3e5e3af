//! `LATENCY HISTOGRAM` of Redis 7: the server's time per command in buckets of microseconds.

use super::source::{Figure, ImportError, Source};

/// Mean time of the server per read command in microseconds: each bucket at the middle between its bound and half of it,
/// since the bounds are powers of two.
///
/// # Errors
/// A command without its buckets, or no read command.
pub(super) fn service_us(source: &Source) -> Result<Figure<f64>, ImportError> {
    let lines: Vec<(u64, String)> = source
        .lines()
        .map(|(number, line)| (number, bare(&line).to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let (mut calls, mut time_us, mut first) = (0.0, 0.0, None);
    for (index, (number, word)) in lines.iter().enumerate().filter(|(_, (_, word))| word == "histogram_usec")
    {
        let command = index.checked_sub(3).map_or("", |before| lines[before].1.as_str());
        if !READS.contains(&command) {
            continue;
        }
        let numbers = lines[index + 1..].iter().map_while(|(_, line)| line.parse::<f64>().ok());
        let numbers: Vec<f64> = numbers.collect();
        if numbers.is_empty() || numbers.len() % 2 == 1 {
            let problem =
                format!("{word} of {command}: expected pairs of a bound and a count; is the file cut off?");
            return Err(source.wrong(*number, problem));
        }
        let mut below = 0.0;
        for pair in numbers.chunks(2) {
            // Counts are cumulative.
            time_us += 0.75 * pair[0] * (pair[1] - below);
            below = pair[1];
        }
        calls += below;
        first.get_or_insert(*number);
    }
    match first {
        Some(line) if calls > 0.0 => Ok(Figure::measured(time_us / calls, source.at(line, "histogram_usec"))),
        _ => Err(source.refuse("no calls of get, mget, hget, hgetall or exists in it")),
    }
}

const READS: &[&str] = &["get", "mget", "hget", "hgetall", "exists"];

/// Without what a terminal adds: `   2) (integer) 17`.
fn bare(line: &str) -> &str {
    let mut line = line.trim();
    while let Some((number, rest)) = line.split_once(") ") {
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        line = rest.trim();
    }
    line.trim_start_matches("(integer) ").trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "latency.txt".into(), bytes: text.as_bytes().to_vec(), role: None }
    }

    #[test]
    fn both_ways_of_printing_give_the_same_mean() {
        // 100 at 0.75 us, 300 at 3 us.
        let plain =
            source("get\ncalls\n400\nhistogram_usec\n1\n100\n4\n400\nset\ncalls\n9\nhistogram_usec\n64\n9\n");
        let terminal = source(concat!(
            "1) \"get\"\n2) 1) \"calls\"\n   2) (integer) 400\n   3) \"histogram_usec\"\n   4) 1) (integer) 1\n",
            "      2) (integer) 100\n      3) (integer) 4\n      4) (integer) 400\n"
        ));
        for source in [plain, terminal] {
            let found = service_us(&source).unwrap();
            assert_eq!(
                (found.value, found.comment().as_str()),
                ((75.0 + 900.0) / 400.0, "# latency.txt:4 histogram_usec")
            );
        }
        let cut = service_us(&source("get\ncalls\n400\nhistogram_usec\n1\n")).unwrap_err().to_string();
        assert_eq!(
            cut,
            "latency.txt:4: histogram_usec of get: expected pairs of a bound and a count; is the file cut off?"
        );
    }
}
