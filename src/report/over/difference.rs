//! What differs between the runs of two records, in words.

use std::collections::BTreeMap;

use crate::record::Record;
use crate::report::difference::sentence;
use crate::report::format::with_unit;
use crate::report::versus::Side;
use crate::scenario::difference::{Difference, differences as of_files};

/// Settings in which two runs differ, a sentence each: those of the files, of the command line, of the variants, and of the run.
pub(super) fn differences(before: &Side<'_>, after: &Side<'_>) -> Vec<String> {
    let (old, new) = (&before.record.scenario, &after.record.scenario);
    let mut found: Vec<String> = of_files(&old.source, &new.source).iter().map(sentence).collect();
    if let (Some(old), Some(new)) = (&old.after, &new.after) {
        let second = of_files(&old.source, &new.source);
        found.extend(second.iter().map(|one| format!("{}: {}", new.source_path, sentence(one))));
    }
    // These have lines of their own below.
    const OF_THE_RUN: [&str; 4] = ["seed", "replications", "duration", "variant"];
    let set = |overrides: &[String]| -> BTreeMap<String, String> {
        let pairs = overrides.iter().filter_map(|one| one.split_once('='));
        let pairs = pairs.filter(|(path, _)| !OF_THE_RUN.contains(path));
        pairs.map(|(path, value)| (path.to_owned(), value.to_owned())).collect()
    };
    let on_command_line = changed(&set(&old.overrides), &set(&new.overrides));
    found.extend(on_command_line.iter().map(|one| format!("on the command line, {}", as_set(one))));
    for later in &after.record.variants {
        let earlier = before.record.variants.iter().find(|variant| variant.name == later.name);
        let Some(earlier) = earlier else { continue };
        let settings = |settings: &[(String, String)]| settings.iter().cloned().collect();
        let changed = changed(&settings(&earlier.settings), &settings(&later.settings));
        found.extend(changed.iter().map(|one| format!("variant {}, {}", later.name, as_set(one))));
    }
    let of_run = |what: &str, of: &dyn Fn(&Record) -> String| {
        let [old, new] = [before, after].map(|side| of(side.record));
        (old != new).then(|| format!("{what}: from {old} to {new}"))
    };
    found.extend(of_run("seed", &|record| record.scenario.seed.to_string()));
    found.extend(of_run("replications", &|record| record.scenario.finished.to_string()));
    if !found.iter().any(|known| known.starts_with("duration:")) {
        found.extend(of_run("duration", &|record| with_unit(record.scenario.duration_s, "s")));
    }
    found.extend(of_run("herdlab", &|record| record.herdlab.clone()));
    found
}

fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Difference> {
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let difference = |path: &String| Difference {
        path: path.clone(),
        before: before.get(path).cloned(),
        after: after.get(path).cloned(),
    };
    let all = paths.into_iter().map(difference);
    all.filter(|difference| difference.before != difference.after).collect()
}

/// As [`sentence`], but what is not set on the command line, or by a variant, has the value of the file.
fn as_set(difference: &Difference) -> String {
    let Difference { path, before, after } = difference;
    let text = |value: &Option<String>| {
        value.as_ref().map_or("as in the file".to_owned(), |value| value.trim_matches('"').to_owned())
    };
    format!("{path}: from {} to {}", text(before), text(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::stampede;

    fn between(before: &Record, after: &Record) -> Vec<String> {
        differences(&Side { label: "a", record: before }, &Side { label: "b", record: after })
    }

    #[test]
    fn files_command_lines_variants_and_runs_are_compared() {
        let (before, mut after) = (stampede(2), stampede(2));
        assert_eq!(between(&before, &after), Vec::<String>::new());
        after.scenario.source.push_str("[tier.x]\nttl = \"5s\"\n");
        after.scenario.overrides = ["tier.l2.ttl=60s", "seed=7"].map(str::to_owned).to_vec();
        after.scenario.seed = 7;
        after.variants[1].settings[1].1 = "\"lease\"".to_owned();
        assert_eq!(
            between(&before, &after),
            [
                "tier.x.ttl: from not set to 5s",
                "on the command line, tier.l2.ttl: from as in the file to 60s",
                "variant jitter, coalescing: from singleflight to lease",
                "seed: from 1 to 7",
            ]
        );
    }
}
