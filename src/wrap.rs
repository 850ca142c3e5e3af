//! Lines no longer than a terminal is wide, broken between words.
//!
//! A word is never broken, and neither is what stands between two backticks (a command line, a path), unless it is longer
//! than a line by itself. A no-break space keeps its neighbours together and is written as a blank.

/// Lines of at most `width` letters, as far as words allow. Line breaks of the text count as blanks.
///
/// ```
/// use herdlab::wrap::paragraph;
/// assert_eq!(paragraph("one two three", 8), "one two\nthree");
/// assert_eq!(paragraph("see `herdlab list` first", 12), "see `herdlab\nlist` first");
/// assert_eq!(paragraph("see `herdlab list` first", 16), "see\n`herdlab list`\nfirst");
/// ```
pub fn paragraph(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in words(text, width) {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.extend(word.chars().map(|letter| if letter == '\u{a0}' { ' ' } else { letter }));
            used += length;
        }
    }
    lines.join("\n")
}

/// A text line by line, each at most `width` letters as far as words allow; what is broken goes on two columns further in
/// than its line began.
///
/// ```
/// use herdlab::wrap::hanging;
/// assert_eq!(hanging("  a: one two three four\n", 14), "  a: one two\n    three four\n");
/// ```
pub fn hanging(text: &str, width: usize) -> String {
    let line = |line: &str| {
        if line.chars().count() <= width {
            return line.replace('\u{a0}', " ");
        }
        let indent = line.chars().take_while(|letter| *letter == ' ').count();
        let whole = paragraph(line, width.saturating_sub(indent + 2).max(1));
        let (first, rest) = whole.split_once('\n').unwrap_or((&whole, ""));
        let rest = rest.lines().map(|line| format!("\n{}{line}", " ".repeat(indent + 2)));
        format!("{}{first}{}", " ".repeat(indent), rest.collect::<String>())
    };
    let end = if text.ends_with('\n') { "\n" } else { "" };
    text.lines().map(line).collect::<Vec<_>>().join("\n") + end
}

/// Names with a description each: the words stand in a column of their own where it has room for some, else below the
/// name.
///
/// ```
/// use herdlab::wrap::columns;
/// let rows = [("a", "one two three"), ("long", "four")];
/// assert_eq!(columns(&rows, 40), "a     one two three\nlong  four\n");
/// assert_eq!(columns(&rows, 12), "a\n  one two\n  three\nlong\n  four\n");
/// ```
pub fn columns(rows: &[(&str, &str)], width: usize) -> String {
    const ROOM_MIN: usize = 30;
    const GAP: usize = 2;
    let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let beside = width >= names + GAP + ROOM_MIN;
    let indent = if beside { names + GAP } else { GAP };
    let mut text = String::new();
    for (name, words) in rows {
        let words = paragraph(words, width.saturating_sub(indent).max(1));
        let words = words.replace('\n', &format!("\n{}", " ".repeat(indent)));
        let line = match beside {
            true => format!("{name:names$}{}{words}", " ".repeat(GAP)),
            false => format!("{name}\n{}{words}", " ".repeat(GAP)),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Words that must not be broken.
fn words(text: &str, width: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let quoted = rest.strip_prefix('`').and_then(|inner| inner.find('`')).map(|end| &rest[..end + 2]);
        let part = quoted.unwrap_or(&rest[..letter.len_utf8()]);
        rest = &rest[part.len()..];
        if part.chars().count() > 1 && part.chars().count() <= width {
            word.push_str(part);
            continue;
        }
        for letter in part.chars() {
            match letter {
                ' ' | '\n' => words.push(std::mem::take(&mut word)),
                letter => word.push(letter),
            }
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Only blanks and line breaks change, and a line that is too long is one word.
        #[test]
        fn words_stay_whole_and_in_order(
            text in "([a-z]{1,9}|`[a-z]{1,5} [a-z]{1,5}`)( ([a-z]{1,9}|`[a-z]{1,5} [a-z]{1,5}`)){0,12}",
            width in 1usize..40,
        ) {
            let broken = paragraph(&text, width);
            prop_assert_eq!(broken.replace('\n', " "), text);
            for line in broken.lines().filter(|line| line.chars().count() > width) {
                prop_assert!(!line.contains(' '), "{}", line);
            }
        }
    }

    #[test]
    fn a_figure_stays_with_its_unit() {
        assert_eq!(paragraph("takes 12\u{a0}ms", 8), "takes\n12 ms");
    }

    #[test]
    fn a_backtick_without_a_partner_is_a_letter() {
        assert_eq!(paragraph("a ` b c", 3), "a `\nb c");
    }
}
