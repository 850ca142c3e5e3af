//! The words of the documentation, as the program quotes them: rows of the tables in `docs/scenarios.md`, and what
//! `docs/model.md` says of a measure.

/// The reference of scenarios.
const SCENARIOS: &str = include_str!("../../docs/scenarios.md");
/// What is modelled, and how.
const MODEL: &str = include_str!("../../docs/model.md");

/// A row of a table of options, or of a table of choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The option that the table is about: `tier`, `tier.refresh`; empty at the top level.
    pub section: String,
    /// The names in the first column.
    pub names: Vec<String>,
    /// `None` in a table of choices.
    pub default: Option<String>,
    pub meaning: String,
}

/// All rows of `docs/scenarios.md` that explain options and choices.
pub fn rows() -> Vec<Row> {
    let mut found = Vec::new();
    let mut sections = vec![String::new()];
    let mut headings: Vec<Heading> = Vec::new();
    for line in SCENARIOS.lines() {
        match line.strip_prefix('|') {
            Some(cells) => {
                let cells = cells_of(cells);
                if headings.is_empty() {
                    headings = sections.iter().map(|section| Heading::of(&cells, section)).collect();
                } else {
                    found.extend(headings.iter().filter_map(|heading| heading.row(&cells)));
                }
            }
            None => {
                headings.clear();
                let named = sections_of(line);
                if !named.is_empty() {
                    sections = named;
                }
            }
        }
    }
    found
}

/// What the table under a heading row is about.
enum Heading {
    Options { section: String },
    Choices { section: String },
    Other,
}

impl Heading {
    fn of(cells: &[String], section: &str) -> Heading {
        match cells {
            [field, default, meaning] if field == "field" && default == "default" && meaning == "meaning" => {
                Heading::Options { section: section.to_owned() }
            }
            [what, meaning] if meaning == "meaning" => {
                let option = what.split('`').nth(1).unwrap_or_default();
                let section = match option {
                    "" => "values".to_owned(),
                    option if section == option || section.is_empty() => option.to_owned(),
                    option => format!("{section}.{option}"),
                };
                Heading::Choices { section }
            }
            _ => Heading::Other,
        }
    }

    fn row(&self, cells: &[String]) -> Option<Row> {
        // `|---|---|`
        if cells.iter().all(|cell| cell.chars().all(|c| "-:".contains(c))) {
            return None;
        }
        let quoted = |cell: &str| -> Vec<String> {
            cell.split('`').skip(1).step_by(2).map(|text| text.trim().to_owned()).collect()
        };
        match (self, cells) {
            (Heading::Options { section }, [field, default, meaning]) => {
                let meaning = plain(meaning);
                // On the page, what the option is made of stands under the table; quoted, it stands elsewhere.
                let meaning =
                    meaning.strip_suffix("see below").unwrap_or(&meaning).trim_end_matches([' ', ',', ';']);
                Some(Row {
                    section: section.clone(),
                    names: quoted(field),
                    default: Some(plain(default)),
                    meaning: meaning.to_owned(),
                })
            }
            (Heading::Choices { section }, [choice, meaning]) => Some(Row {
                section: section.clone(),
                names: quoted(choice).iter().map(|form| tag(form)).collect(),
                default: None,
                meaning: [plain(choice), plain(meaning)]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(": "),
            }),
            _ => None,
        }
    }
}

/// `xfetch` of `{ xfetch = { beta = 1.0 } }`, `update` of `"update"`.
fn tag(form: &str) -> String {
    form.trim_start_matches('{')
        .trim()
        .trim_matches('"')
        .split([' ', '='])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The sections that a line opens: a heading, a paragraph that starts with the name of a table, or a line with nothing but
/// the paths of what the table below is about.
fn sections_of(line: &str) -> Vec<String> {
    let bare = |name: &str| name.trim_matches(['[', ']']).to_lowercase();
    if let Some(heading) = line.strip_prefix("## ") {
        return vec![match heading.split('`').nth(1) {
            Some(name) => bare(name),
            None if heading == "Top level" => String::new(),
            None => heading.to_lowercase(),
        }];
    }
    if let Some(name) = line.strip_prefix("`[").and_then(|rest| rest.split('`').next()) {
        return vec![bare(name)];
    }
    match line.strip_suffix("`:") {
        Some(paths) if paths.starts_with('`') => {
            paths.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The cells of a row, without the first bar. A bar in a cell is written `\|`.
fn cells_of(row: &str) -> Vec<String> {
    const BAR: &str = "\u{1}";
    let row = row.replace("\\|", BAR);
    row.trim_end().trim_end_matches('|').split('|').map(|cell| cell.trim().replace(BAR, "|")).collect()
}

/// Markdown as plain text: `**`, back-ticks and links go.
pub(super) fn plain(text: &str) -> String {
    let text = text.replace("**", "").replace('`', "");
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('[') {
        shown.push_str(before);
        match after.split_once("](").and_then(|(label, link)| Some((label, link.split_once(')')?.1))) {
            Some((label, behind)) if !label.contains('[') => {
                shown.push_str(label);
                rest = behind;
            }
            _ => {
                shown.push('[');
                rest = after;
            }
        }
    }
    shown + rest
}

/// What `docs/model.md` says: the paragraph or list item, and the heading that it stands under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    pub heading: String,
    pub text: String,
}

/// The passages of `docs/model.md` that name a measure, in order; `pattern` as the catalogue has it.
pub fn of_measure(pattern: &str) -> Vec<Passage> {
    passages().into_iter().filter(|passage| names(&passage.text, pattern)).map(shown).collect()
}

/// The passage of `docs/model.md` that contains these words.
pub fn containing(words: &str) -> Option<Passage> {
    passages().into_iter().find(|passage| passage.text.contains(words)).map(shown)
}

/// All headings of `docs/model.md`.
pub fn headings() -> Vec<String> {
    MODEL.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect()
}

fn shown(passage: Passage) -> Passage {
    Passage { heading: passage.heading, text: plain(&passage.text) }
}

fn passages() -> Vec<Passage> {
    let mut found: Vec<Passage> = Vec::new();
    let (mut heading, mut open) = (String::new(), false);
    for line in MODEL.lines() {
        let text = line.trim();
        if let Some(title) = text.strip_prefix("## ") {
            (heading, open) = (title.to_owned(), false);
        } else if text.is_empty() || text.starts_with('#') {
            open = false;
        } else if let Some(item) = text.strip_prefix("- ") {
            found.push(Passage { heading: heading.clone(), text: item.to_owned() });
            open = true;
        } else if let (true, Some(last)) = (open, found.last_mut()) {
            last.text.push(' ');
            last.text.push_str(text);
        } else {
            found.push(Passage { heading: heading.clone(), text: text.to_owned() });
            open = true;
        }
    }
    found
}

/// Whether a text names the measure in back-ticks, alone or by its family (`stampede.*`).
fn names(text: &str, pattern: &str) -> bool {
    // Events have labels in the text and are called <event> in the catalogue.
    let pattern = pattern.replace("<event>", "<label>");
    text.split('`').skip(1).step_by(2).any(|quoted| match quoted.strip_suffix(".*") {
        Some(family) => pattern.strip_prefix(family).is_some_and(|rest| rest.starts_with('.')),
        None => quoted == pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(section: &str, name: &str) -> Row {
        let found =
            rows().into_iter().find(|row| row.section == section && row.names.iter().any(|n| n == name));
        found.unwrap_or_else(|| panic!("no row for {section}.{name}"))
    }

    #[test]
    fn rows_know_their_table_and_their_default() {
        assert_eq!(row("", "replications").default.as_deref(), Some("10"));
        assert_eq!(row("answer", "claims").default.as_deref(), Some("[]"));
        assert_eq!(row("class", "key_size").names, ["value_size", "key_size"]);
        assert!(row("tier.refresh", "xfetch").meaning.contains("probabilistic early refresh"));
        assert!(row("coalescing", "lease").meaning.contains("one winner"));
        assert!(row("event.what", "stall").meaning.contains("stands still"));
        assert!(row("writes.strategy", "update").meaning.contains("acknowledged after the database"));
        assert!(row("values", "gamma").meaning.contains("squared coefficient"));
    }

    #[test]
    fn markdown_becomes_plain_text() {
        assert_eq!(plain("see [lints](lints.md), `[]` and **more**"), "see lints, [] and more");
        assert_eq!(tag("{ stale-while-revalidate = { grace = \"30s\" } }"), "stale-while-revalidate");
    }

    #[test]
    fn a_measure_is_found_by_its_name_and_by_its_family() {
        assert!(of_measure("stampede.max").iter().any(|passage| passage.heading.starts_with("10. ")));
        assert!(of_measure("event.<event>.recovery_s")[0].text.contains("too few good requests"));
        assert!(of_measure("db.utilization")[0].heading.starts_with("6. "));
        assert!(of_measure("nothing.like.this").is_empty());
    }
}
