//! Words of the trade that no option and no measure is called by, with the options and measures that mean the same.
//!
//! Messages about unknown names and `herdlab explain` read the one table, [`ROWS`]. That every option and measure in it exists is
//! tested in [`crate::reference`], which has them all.

mod table;

pub use table::ROWS;

/// Words with one meaning.
pub struct Row {
    /// In lower case, parts joined by `_`.
    pub words: &'static [&'static str],
    /// The likeliest first.
    pub options: &'static [OptionHint],
    /// The likeliest first.
    pub measures: &'static [MeasureHint],
    /// A fact that the translation depends on; may be empty.
    pub note: &'static str,
}

/// An option with a value that it may have.
pub struct OptionHint {
    /// Without the names of tiers and classes: `tier.ttl`.
    pub path: &'static str,
    /// A line of its table: `ttl = "5m"`.
    pub line: &'static str,
    /// Its meaning with its unit, in a few words.
    pub meaning: &'static str,
}

/// A measure by its pattern in the catalogue.
pub struct MeasureHint {
    pub pattern: &'static str,
    pub meaning: &'static str,
}

/// The row of a word, whatever its case and with `-` for `_`.
///
/// ```
/// use herdlab::declare::vocabulary::row;
/// assert_eq!(row("Pool-Size").unwrap().options[0].path, "database.pool");
/// assert!(row("tlt").is_none());
/// ```
pub fn row(word: &str) -> Option<&'static Row> {
    let plain = word.trim().to_lowercase().replace(['-', ' '], "_");
    ROWS.iter().find(|row| row.words.contains(&plain.as_str()))
}

impl Row {
    /// Whether the word is about a figure that comes out, not about a setting that goes in: its options, if any, hold production's
    /// figure against it.
    pub(crate) fn is_about_a_result(&self) -> bool {
        let compares =
            |hint: &OptionHint| hint.path.starts_with("observed.") || hint.path.starts_with("slo.");
        !self.measures.is_empty() && self.options.iter().all(compares)
    }

    /// `did you mean ...?` about the likeliest options, or measures where it has no options. `own` shortens the path of an option
    /// of the table that the word stands in.
    pub(crate) fn question(&self, own: impl Fn(&OptionHint) -> Option<&'static str>) -> String {
        let options =
            self.options.iter().map(|hint| own(hint).map_or_else(|| hint.set_path(), str::to_owned));
        let measures = self.measures.iter().map(|hint| hint.pattern.to_owned());
        let names: Vec<String> = if self.options.is_empty() { measures.collect() } else { options.collect() };
        asked(&names)
    }

    /// The same about the measures alone; `None` without any.
    pub(crate) fn question_of_measures(&self) -> Option<String> {
        let names: Vec<String> = self.measures.iter().map(|hint| hint.pattern.to_owned()).collect();
        (!names.is_empty()).then(|| asked(&names))
    }

    /// A line for each option and each measure, and the note.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.options.iter().map(OptionHint::words).collect();
        lines.extend(self.measures.iter().map(|hint| format!("the measure {}", hint.words())));
        lines.extend((!self.note.is_empty()).then(|| self.note.to_owned()));
        lines
    }
}

/// The first two of the names, each quoted.
fn asked(names: &[String]) -> String {
    match names {
        [only] => format!("did you mean `{only}`?"),
        [first, second, ..] => format!("did you mean `{first}` or `{second}`?"),
        [] => "not a field".to_owned(),
    }
}

impl OptionHint {
    /// The path as `--set` takes it: `tier.NAME.ttl`.
    pub fn set_path(&self) -> String {
        match self.path.split_once('.') {
            Some((list @ ("tier" | "class"), rest)) => format!("{list}.NAME.{rest}"),
            _ => self.path.to_owned(),
        }
    }

    /// The heading above its line: `[database]`, `[[tier]]`; `None` at the top of a file.
    pub fn heading(&self) -> Option<String> {
        let (first, _) = self.path.split_once('.')?;
        let own_key = self.line.split([' ', '=']).next();
        match first {
            _ if own_key == Some(first) => None,
            "tier" | "class" => Some(format!("[[{first}]]")),
            _ => Some(format!("[{first}]")),
        }
    }

    /// The option with its place, a value and its meaning, in one line.
    pub fn words(&self) -> String {
        let place = match self.heading() {
            Some(heading) => format!("in {heading}"),
            None => "at the top of the file".to_owned(),
        };
        format!("`{}` {place} ({}): {}", self.line, self.set_path(), self.meaning)
    }
}

impl MeasureHint {
    /// Its name and its meaning.
    pub fn words(&self) -> String {
        format!("{}: {}", self.pattern, self.meaning)
    }
}
