//! Files given in place of a scenario that are something else: one message, with the command that takes them.

use std::path::Path;

use crate::declare::diagnostic::{Diagnostic, Diagnostics};
use crate::declare::file::Node;

const PRINTS_ONE: &str = "a scenario is a TOML file; `herdlab init lookup` prints one to start from";

/// Refuses a folder.
pub(super) fn folder(path: &Path) -> Diagnostics {
    let shown = path.display();
    let holds = ["results.json", "sweep.json"].iter().any(|name| path.join(name).is_file());
    let (title, help) = match holds {
        true => (
            format!("{shown} is the folder of a report, not a scenario"),
            format!(
                "`herdlab report {shown}` draws it again; the record holds the scenario's text (`scenario.source`)"
            ),
        ),
        false => (format!("{shown} is a folder, not a scenario"), "name a file in it".to_owned()),
    };
    Diagnostics::general(title, vec![help])
}

/// Beginnings that no scenario has. `too_long`: there is more of it.
pub(super) fn refusal(bytes: &[u8], too_long: bool, path: &Path) -> Option<Diagnostics> {
    let shown = path.display();
    let refused = |what: &str, help: &[&str]| {
        let title = format!("{shown} is {what}, not a scenario");
        Some(Diagnostics::general(title, help.iter().map(|&line| line.to_owned()).collect()))
    };
    let as_trace = format!(
        "`herdlab mrc {shown}` replays a trace through eviction alone; a scenario names one in \
         workload.arrivals.trace.file"
    );
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => text,
        // Cut in the middle of a letter.
        Err(error) if too_long && error.error_len().is_none() => "",
        _ => {
            let packed = [&[0x1f, 0x8b][..], &[0x28, 0xb5, 0x2f, 0xfd], b"\xfd7zXZ", b"BZh", b"PK\x03\x04"];
            return match packed.iter().any(|start| bytes.starts_with(start)) {
                true => refused("compressed", &["decompress a scenario first", &as_trace]),
                false => refused("no text", &[PRINTS_ONE, &as_trace]),
            };
        }
    };
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('{') || start.starts_with('[') && is_json(start) {
        return json(start, path);
    }
    if start.starts_with('<') {
        let beside = path.parent().unwrap_or(Path::new("")).join("results.json");
        let page = "a report is drawn again from its record: `herdlab report results.json`";
        return match beside.is_file() {
            true => refused("a page of a report", &[page]),
            false => refused("markup", &[PRINTS_ONE, page]),
        };
    }
    if too_long {
        return refused("longer than 16 MiB", &[PRINTS_ONE, &as_trace]);
    }
    None
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Names the record that it is.
fn json(text: &str, path: &Path) -> Option<Diagnostics> {
    #[derive(serde::Deserialize)]
    struct Header {
        schema: Option<serde::de::IgnoredAny>,
        scenario: Option<serde::de::IgnoredAny>,
        variants: Option<serde::de::IgnoredAny>,
        axes: Option<serde::de::IgnoredAny>,
    }
    let shown = path.display();
    let header = serde_json::from_str::<Header>(text).ok();
    let record = header.filter(|header| {
        header.schema.is_some()
            && header.scenario.is_some()
            && (header.variants.is_some() || header.axes.is_some())
    });
    let (what, help) = match record {
        Some(record) => {
            let of = if record.axes.is_some() { "a sweep" } else { "a run" };
            let help = format!(
                "`herdlab report {shown}` draws its report again; to run it again, save the text of its scenario \
                 (`scenario.source`) as a .toml file"
            );
            (format!("the record of {of}"), help)
        }
        None => ("JSON".to_owned(), PRINTS_ONE.to_owned()),
    };
    Some(Diagnostics::general(format!("{shown} is {what}, not a scenario"), vec![help]))
}

/// Fields of which a scenario has some.
const FIELDS: [&str; 6] = ["question", "workload", "database", "duration", "tier", "variant"];
/// So many mistakes of a scenario are reported one by one.
const MOST: usize = 10;

/// The syntax errors that are worth telling: the first one of what is no TOML at all, some of a scenario with many.
pub(super) fn summary(mut errors: Vec<Diagnostic>, root: &Node, source_path: &str) -> Vec<Diagnostic> {
    let is_scenario = FIELDS.iter().any(|field| root.get(field).is_some());
    let left_out = errors.len().saturating_sub(if is_scenario { MOST } else { 1 });
    errors.truncate(errors.len() - left_out);
    if !is_scenario && let Some(first) = errors.first_mut() {
        first.title = format!("{source_path} is not TOML");
        first.help = vec![PRINTS_ONE.to_owned()];
        let line = "a trace is named in a scenario (workload.arrivals.trace.file), or replayed by `herdlab mrc FILE`";
        first.help.push(line.to_owned());
    } else if let (Some(last), true) = (errors.last_mut(), left_out > 0) {
        last.help.push(format!("{left_out} more problems of this kind are not shown"));
    }
    errors
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::refusal;
    use crate::scenario::{Overrides, parse};

    fn told(bytes: &[u8]) -> Option<String> {
        refusal(bytes, false, Path::new("x")).map(|problems| problems.to_string())
    }

    #[test]
    fn what_is_something_else_is_named() {
        for (bytes, words) in [
            (&b"{\"schema\": 1, \"scenario\": {}, \"variants\": []}"[..], "the record of a run"),
            (b"\n {\"schema\": 1, \"scenario\": {}, \"axes\": []}", "the record of a sweep"),
            (b"[1, 2]", "x is JSON"),
            (b"{ half", "x is JSON"),
            (b"<!doctype html>", "x is markup"),
            (b"\x1f\x8b\x08", "x is compressed"),
            (b"\x00\x01\x02", "x is no text"),
            (b"\xff\xfe", "x is no text"),
        ] {
            let told = told(bytes).unwrap();
            assert!(told.contains(words) && told.contains("not a scenario"), "{told}");
        }
        for text in ["question = \"?\"", "[workload]\nkeys = 1", "#:schema x\n[[tier]]", ""] {
            assert!(told(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_toml_is_one_error_and_a_scenario_has_them_all() {
        let problems =
            |text: &str| parse(text, "x.toml", Path::new(""), &Overrides::default()).unwrap_err().list;
        let csv: String = (0..10_000).map(|row| format!("{row}.5,key {row},get\n")).collect();
        let told = problems(&csv);
        assert_eq!(told.len(), 1, "{told:#?}");
        assert_eq!(told[0].title, "x.toml is not TOML");
        let scenario = |mistakes: usize| format!("question = \"?\"\n{}", "a b\n".repeat(mistakes));
        let few = problems(&scenario(2)).len();
        assert!((2..=10).contains(&few), "{few}");
        let many = problems(&scenario(1_000));
        assert_eq!(many.len(), 10);
        assert!(many[9].help.iter().any(|line| line.ends_with("more problems of this kind are not shown")));
    }
}
