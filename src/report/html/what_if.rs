//! The what-if page: one HTML file with the engine inside. It simulates in its reader's browser, in a worker, and loads nothing.
//!
//! The page knows the scenario as text only. All that it shows, the knobs and the measures included, the engine answers.

use std::io;

use askama::Template;
use serde::Serialize;

use super::assets::{policy_with_module, style_sheet};
use super::constants::constants;
use crate::report::ReportError;
use crate::report::interactive::{StyleData, styles, without_markup};

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct WhatIf<'a> {
    pub name: &'a str,
    pub question: &'a str,
    /// Of the scenario's file, as commands name it.
    pub source_path: &'a str,
    /// The scenario's TOML, to be read where nothing runs.
    pub source: &'a str,
    /// The question by which the page opens the scenario: source, path, and whatever else the engine takes.
    pub open: &'a serde_json::Value,
    /// Of this program.
    pub version: &'a str,
    /// Of the module, to tell one from another.
    pub digest: &'a str,
    /// The engine as WebAssembly, compressed with gzip.
    pub module: &'a [u8],
}

/// The script, part by part in the order of use: those of reports, then those of this page alone.
const SCRIPT: &[&str] = &[
    include_str!("../../../templates/script/numbers.js"),
    include_str!("../../../templates/script/axis.js"),
    include_str!("../../../templates/script/backing.js"),
    include_str!("../../../templates/script/elements.js"),
    include_str!("../../../templates/script/plot.js"),
    include_str!("../../../templates/script/fragment.js"),
    include_str!("../../../templates/script/save.js"),
    include_str!("../../../templates/script/chart.js"),
    include_str!("../../../templates/script/copy.js"),
    include_str!("../../../templates/what-if/state.js"),
    include_str!("../../../templates/what-if/history.js"),
    include_str!("../../../templates/what-if/figures.js"),
    include_str!("../../../templates/what-if/engine.js"),
    include_str!("../../../templates/what-if/knobs.js"),
    include_str!("../../../templates/what-if/variants.js"),
    include_str!("../../../templates/what-if/board.js"),
    include_str!("../../../templates/what-if/curves.js"),
    include_str!("../../../templates/what-if/take.js"),
    include_str!("../../../templates/what-if/page.js"),
];

const WORKER: &str = include_str!("../../../templates/what-if/worker.js");

#[derive(Template)]
#[template(path = "what-if/what-if.html")]
struct Page<'a> {
    policy: String,
    style: String,
    script: String,
    /// JSON without markup.
    data: String,
    /// In [`LETTERS`], none of which is markup.
    module: String,
    name: &'a str,
    question: &'a str,
    source_path: &'a str,
    source: &'a str,
    version: &'a str,
    digest: &'a str,
}

/// What the script starts with.
#[derive(Serialize)]
struct Data<'a> {
    open: &'a serde_json::Value,
    styles: Vec<StyleData>,
}

/// The page.
///
/// # Errors
/// Never for a page whose texts are UTF-8.
pub fn render(page: &WhatIf<'_>) -> Result<String, ReportError> {
    let problem = |error: &dyn std::error::Error| ReportError::Make {
        what: "the what-if page".to_owned(),
        problem: error.to_string(),
    };
    let data = Data { open: page.open, styles: styles().collect() };
    let data = serde_json::to_string(&data).map_err(|error| problem(&error))?;
    let style = style_sheet() + include_str!("../../../templates/what-if/style.css");
    let script = script().map_err(|error| problem(&error))?;
    let page = Page {
        policy: policy_with_module(&style, &script),
        style,
        script,
        data: without_markup(&data),
        module: lettered(page.module),
        name: page.name,
        question: page.question,
        source_path: page.source_path,
        source: page.source,
        version: page.version,
        digest: page.digest,
    };
    page.render().map_err(|error| problem(&error))
}

/// The script in one scope of its own. The worker is a text in it, so that the hash in the policy of the page covers both.
fn script() -> Result<String, io::Error> {
    let worker = without_markup(&serde_json::to_string(&lean(WORKER))?);
    let parts: String = SCRIPT.iter().copied().map(lean).collect();
    let constants = format!("{}const LETTERS = '{LETTERS}';\nconst WORKER = {worker};\n", constants());
    Ok(format!("(() => {{\n'use strict';\n{constants}{parts}}})();\n"))
}

/// A script without comments and indentation, an eighth smaller: a page is limited in size. No text of the scripts goes over
/// several lines.
fn lean(script: &str) -> String {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The digits of the module's text: all of ASCII that is neither markup nor an escape, nor ends a text of a script.
const LETTERS: &str = "!#$%()*+-./0123456789:=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";

/// Bytes as text, five digits for four of them: a sixteenth less than Base64, 70 kB of a page. As in Ascii85, the rest of one to
/// three bytes has a digit more than bytes.
fn lettered(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(4) * 5);
    for chunk in bytes.chunks(4) {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        let mut value = u32::from_be_bytes(word) as usize;
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            *digit = LETTERS.as_bytes()[value % LETTERS.len()];
            value /= LETTERS.len();
        }
        text.extend(digits[..=chunk.len()].iter().copied().map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "</script><script>alert(1)</script><!--\u{2028}";

    fn page() -> String {
        let page = WhatIf {
            name: EVIL,
            question: EVIL,
            source_path: EVIL,
            source: EVIL,
            open: &serde_json::json!({ "source": EVIL }),
            version: "1.2.3",
            digest: "ab12",
            module: b"\x1f\x8b",
        };
        render(&page).unwrap()
    }

    #[test]
    fn no_text_of_a_scenario_becomes_markup() {
        let page = page();
        // The data, the module and the script.
        assert_eq!(page.matches("<script").count(), 3);
        assert_eq!(page.matches("</script>").count(), 3);
        assert!(!page.contains("<!--"));
    }

    #[test]
    fn bytes_become_digits_to_the_base_of_85() {
        assert_eq!(LETTERS.len(), 85);
        assert!("\"'&<>\\`".chars().all(|letter| !LETTERS.contains(letter)));
        // 2^32 - 1 is 82, 23, 54, 12, 0 to the base of 85, and 2^24 * 255 begins with 81, 81.
        let digit = |place: usize| char::from(LETTERS.as_bytes()[place]);
        assert_eq!(lettered(&[255; 4]), String::from_iter([82, 23, 54, 12, 0].map(digit)));
        assert_eq!(lettered(&[255]), String::from_iter([81, 81].map(digit)));
        assert_eq!(lettered(&[0; 6]), "!".repeat(8));
    }

    #[test]
    fn scripts_lose_comments_and_indentation_alone() {
        assert_eq!(lean("// a\n  b; // c\n\n  'd // e'\n"), "b; // c\n'd // e'\n");
        for part in SCRIPT.iter().chain([&WORKER]) {
            let open = part.lines().filter(|line| line.matches('`').count() % 2 == 1);
            assert_eq!(open.collect::<Vec<_>>(), Vec::<&str>::new(), "a text over several lines");
        }
    }

    #[test]
    fn what_is_embedded_cannot_end_its_element() {
        let script = script().unwrap();
        assert!(!script.contains("</") && !script.contains("<!--"));
        assert!(!include_str!("../../../templates/what-if/style.css").contains("</"));
    }

    #[test]
    fn the_policy_allows_one_script_one_sheet_a_worker_and_compiled_code() {
        let policy = policy_with_module("a {}", "1");
        assert_eq!(
            policy,
            "default-src 'none'; style-src 'sha256-mkSHzL7faOU7/U/v8Umg+058R69+vN2A2xmE3Fz1q98='; \
             script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=' 'wasm-unsafe-eval'; \
             worker-src blob:; img-src data:; base-uri 'none'; form-action 'none'"
        );
    }
}
