//! All measures as one page: `docs/measures.md`.

use std::fmt::Write;

use super::table::{SECTIONS, Section};
use super::{Better, MeasureInfo};

/// The page in Markdown.
pub fn page() -> String {
    let mut page = String::from(
        "# Measures\n\n\
         Generated from the catalogue (`src/catalog/table/`): `INSTA_UPDATE=always cargo test --lib catalog` writes this \
         page. `herdlab explain NAME` prints one row. General rules (windows, warm-up, percentiles) are in \
         [section 10 of the model](model.md#10-measures).\n\n\
         The unit `1` is a share or a ratio; tables print it in per cent. `<tier>`, `<class>` and `<event>` stand for \
         names of the scenario. *Over time* is the series of the record and of `timeseries.csv`, one value per window.\n",
    );
    for section in SECTIONS {
        part(&mut page, section);
    }
    page
}

fn part(page: &mut String, section: &Section) {
    let link = anchor(section.model);
    let (title, model) = (section.title, section.model);
    put(page, format_args!("\n## {title}\n\nModel: [{model}](model.md#{link}).\n\n"));
    page.push_str("| measure | unit | better | meaning | over time |\n|---|---|---|---|---|\n");
    let sharing = |note: &str| section.rows.iter().filter(|row| row.note == note).collect::<Vec<_>>();
    let mut shared: Vec<&str> = Vec::new();
    for row in section.rows {
        let better = match row.better {
            Better::Lower if row.is_measure() => "lower",
            Better::Higher if row.is_measure() => "higher",
            _ => "",
        };
        let name = if row.is_measure() { format!("`{}`", row.pattern) } else { String::new() };
        let series = row.series.map_or_else(String::new, |series| format!("`{}`", series.pattern));
        let mut meaning = row.meaning.to_owned();
        match row.note {
            "" => {}
            note if sharing(note).len() == 1 => meaning = format!("{meaning}. {note}"),
            note if shared.contains(&note) => {}
            note => shared.push(note),
        }
        let (unit, meaning) = (row.unit, escaped(&meaning));
        put(page, format_args!("| {name} | {unit} | {better} | {meaning} | {series} |\n"));
    }
    for note in shared {
        let rows = sharing(note);
        match rows.len() == section.rows.len() {
            true => put(page, format_args!("\n{}\n", escaped(note))),
            false => put(page, format_args!("\n{}: {}\n", names(&rows), escaped(note))),
        }
    }
}

fn names(rows: &[&MeasureInfo]) -> String {
    rows.iter().map(|row| format!("`{}`", row.pattern)).collect::<Vec<_>>().join(", ")
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// Of a heading, as Markdown viewers make it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || *letter == ' ');
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let written = page.write_fmt(text);
    debug_assert!(written.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_that_of_the_catalogue() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/measures.md");
        if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
            std::fs::write(path, page()).unwrap();
        }
        let text = std::fs::read_to_string(path).unwrap_or_default();
        assert!(text == page(), "docs/measures.md differs from the catalogue: INSTA_UPDATE=always writes it");
    }

    #[test]
    fn links_lead_to_headings() {
        assert_eq!(anchor("8. Versions and staleness"), "8-versions-and-staleness");
    }
}
