//! Style sheet and script of the page, and the policy that lets a browser run these and nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::constants::{constants, scales};
use crate::report::style::{STYLES, hex};

/// The script, part by part in the order of use.
const SCRIPT: &[&str] = &[
    include_str!("../../../templates/script/numbers.js"),
    include_str!("../../../templates/script/axis.js"),
    include_str!("../../../templates/script/backing.js"),
    include_str!("../../../templates/script/elements.js"),
    include_str!("../../../templates/script/plot.js"),
    include_str!("../../../templates/script/fragment.js"),
    include_str!("../../../templates/script/address.js"),
    include_str!("../../../templates/script/save.js"),
    include_str!("../../../templates/script/legend.js"),
    include_str!("../../../templates/script/chart.js"),
    include_str!("../../../templates/script/copy.js"),
    include_str!("../../../templates/script/table.js"),
    include_str!("../../../templates/script/page.js"),
];

/// The script of the page of a sweep.
const SWEEP_SCRIPT: &[&str] = &[
    include_str!("../../../templates/script/numbers.js"),
    include_str!("../../../templates/script/elements.js"),
    include_str!("../../../templates/script/fragment.js"),
    include_str!("../../../templates/script/copy.js"),
    include_str!("../../../templates/script/sweep.js"),
];

/// The style sheet with the colours of the variants.
pub(in crate::report) fn style_sheet() -> String {
    let mut sheet = include_str!("../../../templates/report.css").to_string();
    let rules = |color: fn(&crate::report::style::Style) -> String| -> String {
        STYLES.iter().map(|look| format!(".{} {{ --c: {}; }}\n", look.class, color(look))).collect()
    };
    sheet.push_str(&rules(|look| hex(look.color)));
    // Paper is white whatever the screen prefers.
    sheet.push_str("@media screen and (prefers-color-scheme: dark) {\n");
    sheet.push_str(&rules(|look| hex(look.color_dark)));
    sheet.push_str("}\n");
    sheet
}

/// The script of an interactive page, which `script.html` puts behind it.
pub(in crate::report) struct Script {
    pub code: String,
    /// What it shows, as JSON without markup.
    pub data: String,
}

/// The script of the page, in one scope of its own.
pub(in crate::report) fn script() -> String {
    format!("(() => {{\n'use strict';\n{}{}}})();\n", constants(), SCRIPT.concat())
}

/// The script of the page of a sweep, in one scope of its own.
pub(in crate::report) fn sweep_script() -> String {
    format!("(() => {{\n'use strict';\n{}{}}})();\n", scales(), SWEEP_SCRIPT.concat())
}

/// The content policy: nothing is loaded, nothing is sent, and only content with these hashes applies.
pub(in crate::report) fn policy(style: &str, script: Option<&str>) -> String {
    let script = script.map_or(String::new(), |script| format!(" script-src '{}';", hash(script)));
    format!(
        "default-src 'none'; style-src '{}';{script} img-src data:; base-uri 'none'; form-action 'none'",
        hash(style)
    )
}

/// The policy of a page that brings a compiled module and runs it in a worker of its own making.
pub(super) fn policy_with_module(style: &str, script: &str) -> String {
    let own = format!("script-src '{}'", hash(script));
    policy(style, Some(script)).replace(&own, &format!("{own} 'wasm-unsafe-eval'; worker-src blob:"))
}

/// As Content Security Policy Level 3 writes it, section 2.3.1.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_embedded_cannot_end_its_element() {
        assert!(!style_sheet().contains("</"));
        for script in [script(), sweep_script()] {
            assert!(!script.contains("</") && !script.contains("<!--"));
        }
    }
}
