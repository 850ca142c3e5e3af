//! Words of declarations without their Markdown.

/// Markdown as plain text: `**`, back-ticks and links go.
pub(super) fn plain(text: &str) -> String {
    let text = text.trim().replace("**", "").replace('`', "");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_plain_text() {
        assert_eq!(plain("see [lints](lints.md), `[]` and **more**"), "see lints, [] and more");
    }
}
