//! A bundled scenario as somebody's own: the system and its comments stay, this project's records of the results go.

use crate::scenario::bundled::Bundled;

/// Tables about the results of the bundled scenario as it is: they name variants, or hold figures against limits.
const BOOKKEEPING: &[&str] = &["answer", "practice", "threshold"];

/// The text of a bundled scenario without the author's answer, findings and thresholds, which fail once a variant is renamed or
/// a rate changed. The digest stays. Its first line expects the schema in the folder of the file.
///
/// ```
/// use herdlab::scenario::bundled;
/// use herdlab::starter::own;
/// let text = own(bundled::get("lookup").unwrap());
/// assert!(text.contains("[[variant]]") && !text.contains("digest"));
/// ```
pub fn own(bundled: &Bundled) -> String {
    let source = match bundled.source.strip_prefix("#:schema ").and_then(|rest| rest.split_once('\n')) {
        Some((_, rest)) => format!("#:schema ./herdlab.schema.json\n{rest}"),
        None => bundled.source.to_owned(),
    };
    without_bookkeeping(&source)
}

fn without_bookkeeping(source: &str) -> String {
    let mut kept = Kept::default();
    let mut in_text = false;
    let baseline = first_variant(source).map(|name| format!("baseline = {name}"));
    for line in source.lines() {
        let begins_in_text = in_text;
        in_text ^= line.matches("\"\"\"").count() % 2 == 1;
        if begins_in_text {
            kept.content(line);
        } else if let Some(table) = header(line) {
            kept.header(line, BOOKKEEPING.contains(&table));
        } else if line.is_empty() || line.starts_with('#') {
            kept.waiting.push(line);
        } else if baseline.as_deref() != Some(line) {
            // The first variant is the baseline without that line, whatever its name becomes.
            kept.content(line);
        }
    }
    kept.whole()
}

/// `tier` of `[[tier]]`, `clients` of `[clients]`, `tier` of `[tier.x]`.
fn header(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.trim_start_matches('[');
    name.split([']', '.']).next()
}

/// The first variant's name, in its quotation marks.
fn first_variant(source: &str) -> Option<&str> {
    let (_, variants) = source.split_once("\n[[variant]]\n")?;
    variants.lines().find_map(|line| line.strip_prefix("name = "))
}

/// Lines so far.
#[derive(Default)]
struct Kept<'a> {
    lines: Vec<&'a str>,
    /// Comments and empty lines whose table is not known yet.
    waiting: Vec<&'a str>,
    leaves_out: bool,
}

impl<'a> Kept<'a> {
    fn content(&mut self, line: &'a str) {
        if self.leaves_out {
            self.waiting.clear();
        } else {
            self.lines.append(&mut self.waiting);
            self.lines.push(line);
        }
    }

    /// The comment right above a header is about its table, what stands before about the table that ends.
    fn header(&mut self, line: &'a str, leaves_out: bool) {
        let above = self.waiting.iter().rposition(|line| line.is_empty()).unwrap_or(0);
        let of_header = self.waiting.split_off(above);
        if self.leaves_out {
            self.waiting.clear();
        }
        self.leaves_out = leaves_out;
        if leaves_out {
            self.lines.append(&mut self.waiting);
        } else {
            self.waiting.extend(of_header);
            self.content(line);
        }
    }

    fn whole(mut self) -> String {
        if !self.leaves_out {
            self.lines.append(&mut self.waiting);
        }
        self.lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
        self.lines.join("\n").trim_end().to_owned() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, bundled, parse};

    #[test]
    fn tables_about_results_go_with_the_comments_above_them() {
        let source = "\
# Why.
baseline = \"a\"
warmup = \"1s\"

# Words.
[answer]
text = \"\"\"
[[variant]]
# no comment\"\"\"

# Limits.
[[threshold]]
max = 5

# One pod.
[clients]
instances = 1  # [answer]

[[variant]]
name = \"a\"

[[practice]]
row = \"P1\"
";
        assert_eq!(
            without_bookkeeping(source),
            "\
# Why.
warmup = \"1s\"

# One pod.
[clients]
instances = 1  # [answer]

[[variant]]
name = \"a\"
"
        );
    }

    #[test]
    fn every_bundled_scenario_stays_the_same_system() {
        for bundled in bundled::all() {
            let parsed = |source: &str| {
                parse(source, &bundled.path(), "scenarios".as_ref(), &Overrides::default())
                    .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
            };
            let (own, original) = (parsed(&own(bundled)), parsed(bundled.source));
            assert_eq!(own.digest, original.digest, "{}", bundled.name);
            assert!(own.answer.is_none() && own.thresholds.is_empty(), "{}", bundled.name);
        }
    }
}
