//! What differs between two scenario files, in words.

use serde::Serialize;

use super::csv::Rows;
use super::escape::escaped;
use super::interface::Interface;
use super::terminal::paragraph;
use super::{ReportError, json as encoded};
use crate::declare::kind::Default;
use crate::reference::options;
use crate::scenario::difference::Difference;

/// `tier.redis.ttl: from 10m to 60s`, and of an option that one file leaves out what holds there.
pub fn sentence(difference: &Difference) -> String {
    let Difference { path, before, after } = difference;
    let plain = |value: &String| value.trim_matches('"').to_owned();
    let left_out = || match default_of(path) {
        Some(default) => format!("not set ({default})"),
        None => "not set".to_owned(),
    };
    let text = |value: &Option<String>| value.as_ref().map_or_else(left_out, plain);
    format!("{path}: from {} to {}", text(before), text(after))
}

/// The default of an option by its path; `None` where it has none.
fn default_of(path: &str) -> Option<String> {
    let segments: Vec<&str> = path.split('.').collect();
    let generic = match segments.as_slice() {
        [list @ ("tier" | "class" | "event"), _, rest @ ..] => format!("{list}.{}", rest.join(".")),
        _ => path.to_owned(),
    };
    let option = options::all().into_iter().find(|option| option.path == generic)?;
    match option.field.default {
        Default::Required(_) => None,
        Default::Written(value) => Some(format!("default {}", value.trim_matches('"'))),
        Default::Word(words) | Default::Words(words) => Some(format!("default: {}", words.replace('`', ""))),
    }
}

/// Of two files, for programs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Differences<'a> {
    /// Version of this layout.
    schema: u32,
    /// Version of the program.
    herdlab: &'a str,
    /// Today's file, as the user named it.
    before: &'a str,
    /// The file with the change.
    after: &'a str,
    /// Empty: both describe the same system.
    differences: Vec<DifferenceData<'a>>,
}

/// An option in which two files differ.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DifferenceData<'a> {
    /// Dotted, as `--set` takes it.
    path: &'a str,
    /// The value as TOML; `null` where the file leaves the option out.
    before: Option<&'a str>,
    after: Option<&'a str>,
    words: String,
}

impl DifferenceData<'_> {
    fn of(difference: &Difference) -> DifferenceData<'_> {
        let Difference { path, before, after } = difference;
        DifferenceData {
            path,
            before: before.as_deref(),
            after: after.as_deref(),
            words: sentence(difference),
        }
    }
}

/// All differences of the files at two paths, for programs.
///
/// # Errors
/// Never: the texts are those of TOML.
pub fn json(differences: &[Difference], paths: [&str; 2]) -> Result<String, ReportError> {
    let [before, after] = paths;
    encoded::encode(&Differences {
        schema: Interface::Differences.version(),
        herdlab: env!("CARGO_PKG_VERSION"),
        before,
        after,
        differences: differences.iter().map(DifferenceData::of).collect(),
    })
}

/// All differences for a terminal of this width, one below the other.
pub fn terminal(differences: &[Difference], names: [&str; 2], width: u16) -> String {
    let [before, after] = names;
    if differences.is_empty() {
        return format!("{before} and {after} describe the same system.\n");
    }
    let mut text = paragraph(&format!("Between {before} and {after}:"), width) + "\n";
    for difference in differences {
        text.push_str(&format!("  - {}\n", sentence(difference)));
    }
    text
}

/// The same as a Markdown list.
pub fn markdown(differences: &[Difference], names: [&str; 2]) -> String {
    let [before, after] = names.map(escaped);
    if differences.is_empty() {
        return format!("{before} and {after} describe the same system.\n");
    }
    let items: String =
        differences.iter().map(|difference| format!("- {}\n", escaped(&sentence(difference)))).collect();
    format!("Between {before} and {after}:\n\n{items}")
}

/// The same as CSV: path, value before, value after; empty where a file leaves the option out.
pub fn csv(differences: &[Difference]) -> String {
    let mut rows = Rows::new(&["path", "before", "after"]);
    for Difference { path, before, after } in differences {
        rows.push(&[path, before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default()]);
    }
    rows.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_left_out_has_its_default_in_words() {
        let words = |path: &str, before: Option<&str>, after: Option<&str>| {
            sentence(&Difference {
                path: path.to_owned(),
                before: before.map(str::to_owned),
                after: after.map(str::to_owned),
            })
        };
        assert_eq!(
            words("tier.redis.ttl", Some("\"10m\""), Some("\"60s\"")),
            "tier.redis.ttl: from 10m to 60s"
        );
        assert_eq!(
            words("database.retries.factor", None, Some("1.5")),
            "database.retries.factor: from not set (default 2.0) to 1.5"
        );
        assert_eq!(words("database.read", Some("\"9ms\""), None), "database.read: from 9ms to not set");
    }
}
