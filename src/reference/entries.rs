//! `herdlab explain`: what a measure, a lint or an option means.

use super::options::{self, Opt, join};
use super::{measures, plain::plain};
use crate::catalog::CATALOG;
use crate::declare::diagnostic::nearest;
use crate::declare::kind::{Default, Field, Kind, Tag};
use crate::policy::eviction;
use crate::scenario::lint::{self, LINTS, Lint};
use crate::wrap::paragraph;

/// Meaning of a word: the name of a measure, a lint, an option (`tier.l2.ttl`, `tier.ttl` or `ttl`), or a word
/// that an option takes (`xfetch`), in lines of at most `width` letters. `None`: nothing is called so.
///
/// ```
/// use herdlab::reference::entries::explain;
/// assert!(explain("hit_ratio", 80).unwrap().contains("higher is better"));
/// assert!(explain("tier.l2.ttl", 80).unwrap().contains("time to live"));
/// assert!(explain("no-ttl", 80).unwrap().contains("way out"));
/// assert!(explain("tt1", 80).is_none());
/// ```
pub fn explain(word: &str, width: usize) -> Option<String> {
    let word = word.trim();
    let mut found: Vec<String> = Vec::new();
    found.extend(
        measures::named(word).map(|info| entry(&measures::title(word, info), &measures::parts(info), width)),
    );
    found.extend(lint::find(word).map(|lint| of_lint(lint, width)));
    found.extend(options_named(word).iter().map(|option| of_option(option, width)));
    found.extend(choices_named(word).into_iter().map(|choice| of_choice(&choice, width)));
    found.extend(RANGE.contains(&word).then(|| of_range(width)));
    (!found.is_empty()).then(|| found.join("\n"))
}

/// Words for an uncertain value, and the fields of one.
const RANGE: [&str; 6] = ["range", "about", "within", "low", "likely", "high"];

/// The most likely correction of `word`.
pub fn meant(word: &str) -> Option<String> {
    let mut known: Vec<String> = CATALOG.iter().map(|info| info.pattern.to_owned()).collect();
    known.extend(LINTS.iter().map(|lint| lint.name.to_owned()));
    for option in options::all() {
        known.push(option.field.name.to_owned());
        known.push(option.path);
    }
    known.extend(choices().into_iter().map(|choice| choice.tag.name.to_owned()));
    known.extend(RANGE.map(str::to_owned));
    let generic = generic(word);
    let candidates = known.iter().map(String::as_str);
    nearest(word, candidates.clone()).or_else(|| nearest(&generic, candidates)).map(str::to_owned)
}

/// Everything that can be explained, with the beginning of what it means: an entry per line, cut at `width`; `None` for no
/// terminal.
pub fn list(width: Option<usize>) -> String {
    /// Room for the words where nothing limits it, and where the names leave less they stand below.
    const ROOM: usize = 90;
    const ROOM_MIN: usize = 30;
    let mut text = String::new();
    let mut part = |title: &str, rows: Vec<(String, String)>| {
        let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        text.push_str(&format!("{}{title}\n", if text.is_empty() { "" } else { "\n" }));
        let beside = width.map_or(ROOM, |width| width.saturating_sub(names + 4).min(ROOM));
        for (name, words) in rows {
            let line = match (beside >= ROOM_MIN, width) {
                (false, Some(width)) => {
                    format!("  {name}\n    {}", first_line(&words, width.saturating_sub(4)))
                }
                _ => format!("  {name:names$}  {}", first_line(&words, beside)),
            };
            text.push_str(line.trim_end());
            text.push('\n');
        }
    };
    part("Measures", CATALOG.iter().map(|info| (info.pattern.to_owned(), info.meaning.to_owned())).collect());
    part("Lints", LINTS.iter().map(|lint| (lint.name.to_owned(), lint.when.to_owned())).collect());
    let options = options::all().into_iter().map(|option| (option.path, described(option.field)));
    part("Options of a scenario", options.collect());
    text
}

/// As many whole words as have room.
pub(super) fn first_line(text: &str, room: usize) -> String {
    const MORE: &str = " ...";
    let whole = paragraph(text, room.max(1));
    if whole.lines().count() <= 1 {
        return whole;
    }
    let short = paragraph(text, room.saturating_sub(MORE.len()).max(1));
    let first = short.lines().next().unwrap_or_default();
    format!("{}{MORE}", first.trim_end_matches([',', ';', ':', '(']))
}

/// The words about an option, with its default.
pub(super) fn described(field: &Field) -> String {
    let meaning = plain(field.words);
    match field.default {
        Default::Required(_) => meaning,
        Default::Words(words) if words.starts_with("required") => {
            format!("{meaning}. R{}", plain(&words[1..]))
        }
        default => format!("{meaning}. Default: {}", plain(&default.words())),
    }
}

/// The words about a possibility of a choice; `None` where those of its option suffice.
pub(super) fn meaning(tag: &Tag) -> Option<String> {
    (!tag.words.is_empty()).then(|| format!("{}: {}", plain(&tag.form()), plain(tag.words)))
}

/// `tier.ttl` for `tier.l2.ttl`: an option without the name of its tier, class or event.
fn generic(path: &str) -> String {
    let segments: Vec<&str> = path.split('.').map(str::trim).collect();
    match segments.as_slice() {
        [list @ ("tier" | "class" | "event" | "variant"), _, rest @ ..] if !rest.is_empty() => {
            format!("{list}.{}", rest.join("."))
        }
        _ => path.to_owned(),
    }
}

/// The options that a word means: those of its full path, else those of that name.
fn options_named(word: &str) -> Vec<Opt> {
    let bare = word.trim_matches(['[', ']']);
    let options = options::all();
    let at = |path: &str| options.iter().filter(|option| option.path == path).cloned().collect::<Vec<_>>();
    let mut found = at(bare);
    if found.is_empty() {
        found = at(&generic(bare));
    }
    if found.is_empty() {
        found = options.iter().filter(|option| option.field.name == bare).cloned().collect();
    }
    // A table is read in several places, and explained once.
    found.dedup_by(|a, b| a.path == b.path);
    found
}

/// One possibility of a choice, and the option that has it.
struct Possibility {
    path: String,
    /// The words about that option; none for a random time or size.
    of: Option<String>,
    tag: Tag,
}

fn choices() -> Vec<Possibility> {
    let of_options = options::all().into_iter().flat_map(|option| {
        let of = described(option.field);
        possibilities(&option.field.kind).into_iter().map(move |tag| Possibility {
            path: option.path.clone(),
            of: Some(of.clone()),
            tag,
        })
    });
    let values = [options::random_time(), options::random_size()].concat();
    let of_values = values.into_iter().map(|tag| Possibility { path: "values".to_owned(), of: None, tag });
    of_options.chain(of_values).collect()
}

/// The possible values, word by word.
fn possibilities(kind: &Kind) -> Vec<Tag> {
    match kind {
        Kind::Choice(choice) => choice.tags.to_vec(),
        Kind::Words(words) => words.iter().map(|word| options::keyword(word)).collect(),
        Kind::WordsOf(words) => words().into_iter().map(options::keyword).collect(),
        Kind::Either(kinds) => kinds.iter().flat_map(possibilities).collect(),
        Kind::List(kind) => possibilities(kind),
        _ => Vec::new(),
    }
}

/// Possibilities of that name. `none` and the like mean what leaving the option out means, so they are not listed.
fn choices_named(word: &str) -> Vec<Possibility> {
    const EMPTY: [&str; 4] = ["none", "unlimited", "unbounded", "auto"];
    let generic = generic(word);
    choices()
        .into_iter()
        .filter(|choice| {
            !EMPTY.contains(&choice.tag.name)
                && (choice.tag.name == word || join(&choice.path, choice.tag.name) == generic)
                && choice.path != "allow"
        })
        .collect()
}

fn of_lint(lint: &Lint, width: usize) -> String {
    entry(
        &format!("{}: a lint", lint.name),
        &[
            ("warns when", lint.when.to_owned()),
            ("reason", lint.reason.to_owned()),
            ("way out", lint.way_out.to_owned()),
            (
                "allow",
                format!("where it is meant like this: allow = [\"{}\"] at the top of the file", lint.name),
            ),
            ("more", "docs/lints.md".to_owned()),
        ],
        width,
    )
}

fn of_option(option: &Opt, width: usize) -> String {
    let Opt { path, table, field } = option;
    let place = match table.as_str() {
        "" => "the top level of a scenario".to_owned(),
        table => format!("[{table}]"),
    };
    let mut kind = field.kind.words();
    if let Some(word) = field.unless() {
        kind.push_str(&format!("; or \"{word}\""));
    }
    let default = match field.default {
        Default::Required(_) => "none: it must be there".to_owned(),
        default => plain(&default.words()),
    };
    let mut parts = vec![("type", kind), ("default", default), ("meaning", plain(field.words))];
    for tag in possibilities(&field.kind) {
        parts.extend(meaning(&tag).map(|words| ("choice", words)));
    }
    if let Some(example) = set_with(path, &field.kind) {
        parts.push(("set with", example));
    }
    parts.push(("more", "docs/scenarios.md".to_owned()));
    entry(&format!("{path}: an option of {place}"), &parts, width)
}

/// `--set tier.NAME.ttl=...`, for what can be set.
fn set_with(path: &str, kind: &Kind) -> Option<String> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let whole_list = matches!(kind, Kind::List(Kind::Table(_)));
    if whole_list
        || ["answer", "practice", "threshold", "variant", "observed", "sweep", "recommend"].contains(&first)
    {
        return None;
    }
    Some(match (first, rest) {
        ("tier" | "class" | "event", rest) => format!("--set {first}.NAME.{rest}=VALUE"),
        _ => format!("--set {path}=VALUE"),
    })
}

fn of_choice(choice: &Possibility, width: usize) -> String {
    let place = match choice.path.as_str() {
        "values" => "a random time or size".to_owned(),
        path => path.to_owned(),
    };
    let mut parts = Vec::new();
    let algorithm = eviction::ALL.iter().find(|(kind, _)| kind.name() == choice.tag.name);
    if let (Some((_, sentence)), "tier.eviction") = (algorithm, choice.path.as_str()) {
        parts.push(("meaning", (*sentence).to_owned()));
    }
    match (meaning(&choice.tag), &choice.of) {
        (Some(words), _) => parts.push(("meaning", words)),
        (None, Some(words)) => parts.push(("of", words.clone())),
        (None, None) => {}
    }
    if let Some(body) = &choice.tag.body {
        parts.push(("with", body.words()));
    }
    parts.push((
        "more",
        if choice.path == "tier.eviction" { "docs/eviction.md" } else { "docs/scenarios.md" }.to_owned(),
    ));
    entry(&format!("{}: a choice for {place}", choice.tag.name), &parts, width)
}

fn of_range(width: usize) -> String {
    let parts = [
        ("forms", "{ about = \"45ms\", within = \"10%\" }: from 40.5 to 49.5 ms, all values as likely".to_owned()),
        ("", "{ low = \"40ms\", likely = \"45ms\", high = \"60ms\" }: a triangle; without `likely` all values as likely".to_owned()),
        ("in place of", "any number, duration, rate, size or share of a scenario".to_owned()),
        (
            "meaning",
            "`run` draws worlds, each with a value out of every range, and reports how much of the uncertainty is luck and how much \
             each input, and in how many worlds a verdict holds; `recommend` minimises regret over worlds; `fit` finds the values that agree \
             with production"
                .to_owned(),
        ),
        ("set with", "--set 'PATH={ about = \"45ms\", within = \"10%\" }'".to_owned()),
        ("more", "docs/scenarios.md, \"Uncertain inputs\"".to_owned()),
    ];
    entry("range: an uncertain value", &parts, width)
}

/// A title, and the text below it.
pub(super) fn entry(title: &str, parts: &[(&str, String)], width: usize) -> String {
    const LABEL: usize = 12;
    const ROOM_MIN: usize = 20;
    let mut text = paragraph(title, width) + "\n";
    let mut before = "";
    for (label, words) in parts {
        let shown = if *label == before { "" } else { *label };
        before = label;
        let words = paragraph(words, width.saturating_sub(LABEL + 2).max(ROOM_MIN));
        for (index, line) in words.lines().enumerate() {
            let label = if index == 0 { shown } else { "" };
            text.push_str(&format!("  {label:LABEL$}{line}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_has_words() {
        for option in options::all() {
            assert!(!option.field.words.is_empty(), "{} has no words", option.path);
        }
    }

    #[test]
    fn names_are_found_by_path_by_tier_and_alone() {
        assert_eq!(explain("tier.l2.refresh.xfetch.beta", 100), explain("tier.refresh.xfetch.beta", 100));
        let everywhere = explain("pool_timeout", 100).unwrap();
        assert!(everywhere.contains("tier.pool_timeout") && everywhere.contains("database.pool_timeout"));
        assert!(explain("xfetch", 100).unwrap().contains("Vattani"));
        let eviction = explain("s3-fifo", 100).unwrap();
        assert!(eviction.contains("a small FIFO before a main one") && eviction.contains("docs/eviction.md"));
        assert!(explain("coalescing.lease.poll", 100).unwrap().contains("between two lookups of a loser"));
        assert!(explain("[[tier]]", 100).is_some());
        assert!(explain("within", 100).unwrap().contains("from 40.5 to 49.5 ms"));
        assert_eq!(meant("tier.l2.tttl").as_deref(), Some("tier.ttl"));
        assert_eq!(meant("hit_rato").as_deref(), Some("hit_ratio"));
        assert_eq!(meant("quite something else"), None);
    }
}
