//! Words of a command line.

#[cfg(feature = "native")]
use super::bundled::{self, Bundled};

/// Name of a scenario on the command line: a bundled one by its name, since its file is in no folder but ours.
#[cfg(feature = "native")]
pub fn named<'a>(source_path: &'a str, source: &str) -> &'a str {
    let same = |bundled: &&Bundled| bundled.path() == source_path && bundled.source == source;
    bundled::all().iter().find(same).map_or(source_path, |bundled| bundled.name)
}

/// The command that runs a scenario with these overrides.
pub fn again(what: &str, scenario: &str, overrides: &[String]) -> String {
    let mut command = format!("herdlab {what} {}", quoted(scenario));
    for setting in overrides {
        // These have options of their own, and `--duration` means more than the field.
        match setting.split_once('=') {
            Some((name @ ("seed" | "replications" | "duration" | "variant"), value)) => {
                command.push_str(&format!(" --{name} {}", quoted(value)));
            }
            _ => command.push_str(&format!(" --set {}", quoted(setting))),
        }
    }
    command
}

/// A word for the shell, quoted where it has to be.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "./_-=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
