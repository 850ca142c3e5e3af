//! Words for the shell, for YAML and for the expressions of GitHub.

/// A word for a POSIX shell, quoted where it has to be.
pub fn shell(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "./_-=:,+@%".contains(letter);
    // A word in front of a command would be an assignment with `=`; none of ours stands there.
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A text in double quotes, for JSON and so for YAML.
pub fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

/// A text in which GitHub finds no expression of its own.
pub fn expression(text: &str) -> String {
    text.replace("${{", "${{ '${{' }}")
}
