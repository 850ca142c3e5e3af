//! Pages show what the program prints.
//!
//! Every block of the language `console` begins with a command, which is run in a folder of the page, one after the other; the
//! rest of the block is its output at 80 columns: standard output, or standard error where that is empty. A comment on the line
//! before a block has settings, separated by `;`:
//!
//! - `file: NAME`: the block is the content of a file, written before the commands that follow;
//! - `append: NAME`: the same at the end of a file that is there;
//! - `shows: NAME`: the block is filled with the content of a file that a command wrote;
//! - `lines: "A".."B", "C"`: of the output, from the first line with A to the next one with B, and the next one with C, each with
//!   the lines below it that are indented further; what is left out is shown as `...`. `"A"..` goes to the end;
//! - `exit: 99`: the exit code, if not 0;
//! - `columns: 100`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use rayon::prelude::*;

use crate::commands::joined;
use crate::hold;
use crate::pages::{self, Block, Page};

const LEFT_OUT: &str = "...";

/// The value of a setting in the comment before a block.
fn setting<'b>(block: &'b Block, name: &str) -> Option<&'b str> {
    block.comment.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// The lines that are to be shown.
fn excerpt(output: &str, ranges: &str) -> String {
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let (mut shown, mut next) = (Vec::new(), 0);
    for range in ranges.split("\", \"") {
        let (from, to) = range.split_once("\"..").unwrap_or((range, range));
        let find = |text: &str, start: usize| {
            let text = text.trim_matches('"');
            let found = lines.iter().skip(start).position(|line| line.contains(text));
            start + found.unwrap_or_else(|| panic!("no line with {text:?} after line {start} of\n{output}"))
        };
        let first = find(from, next);
        let last = if to.is_empty() { lines.len() - 1 } else { whole(&lines, find(to, first)) };
        shown.extend(left_out(&lines[next..first]));
        shown.extend_from_slice(&lines[first..=last]);
        next = last + 1;
    }
    shown.extend(left_out(&lines[next..]));
    shown.join("\n") + "\n"
}

/// The last line of the point or the row that begins in a line.
fn whole(lines: &[&str], first: usize) -> usize {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let below = lines[first + 1..].iter();
    let further = |line: &&&str| !line.trim().is_empty() && indent(line) > indent(lines[first]);
    first + below.take_while(further).count()
}

/// A mark in place of lines, unless all of them are blank; blank ones at either end stay.
fn left_out<'l>(lines: &[&'l str]) -> Vec<&'l str> {
    let blank = |line: &&&str| line.trim().is_empty();
    match (lines.first(), lines.last()) {
        (Some(first), Some(last)) if !lines.iter().all(|line| blank(&line)) => {
            let ends = [blank(&first).then_some(""), Some(LEFT_OUT), blank(&last).then_some("")];
            ends.into_iter().flatten().collect()
        }
        _ => lines.to_vec(),
    }
}

/// The folder in which the commands of a page run, and what they printed since a file was last written.
struct Session {
    folder: tempfile::TempDir,
    printed: BTreeMap<(String, String), String>,
}

impl Session {
    fn write(&mut self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self.printed.clear();
    }

    fn read(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{name}: {problem}"))
    }

    /// A command that a page shows several excerpts of runs once.
    fn printed(&mut self, command: &str, block: &Block) -> String {
        let columns = setting(block, "columns").unwrap_or("80").to_owned();
        let key = (command.to_owned(), columns);
        if !self.printed.contains_key(&key) {
            let output = printed(command, &key.1, block, self.folder.path());
            self.printed.insert(key.clone(), output);
        }
        self.printed[&key].clone()
    }
}

/// Standard output of a command, or standard error where that is empty.
fn printed(command: &str, columns: &str, block: &Block, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_herdlab"));
    let path = std::env::join_paths(
        [program.parent().unwrap().to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path.unwrap())
        .env("COLUMNS", columns)
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (result, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let exit: i32 = setting(block, "exit").map_or(0, |exit| exit.parse().unwrap());
    assert_eq!(output.status.code(), Some(exit), "{command}\n{result}\n{told}");
    if result.trim().is_empty() { told.into_owned() } else { result.into_owned() }
}

/// What belongs into a block; `None` where it stands as it is.
fn made(block: &Block, session: &mut Session) -> Option<String> {
    if let Some(name) = setting(block, "file") {
        session.write(name, &block.text);
        return None;
    }
    if let Some(name) = setting(block, "append") {
        let before = session.read(name);
        session.write(name, &format!("{before}\n{}", block.text));
        return None;
    }
    let (head, output) = match setting(block, "shows") {
        Some(name) => (String::new(), session.read(name)),
        None if block.language == "console" => {
            let whole = joined(&block.text);
            let command = whole.lines().next().and_then(|line| line.strip_prefix("$ "));
            let command = command.unwrap_or_else(|| panic!("no command begins the block\n{}", block.text));
            let lines = 1 + block.text.lines().take_while(|line| line.ends_with('\\')).count();
            let head: String = block.text.split_inclusive('\n').take(lines).collect();
            (head, session.printed(command, block))
        }
        None => return None,
    };
    let output: String =
        output.trim_matches('\n').lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    Some(head + &setting(block, "lines").map_or(output.clone(), |ranges| excerpt(&output, ranges)))
}

/// The page with its outputs made anew.
fn remade(page: &Page) -> String {
    let mut session = Session { folder: tempfile::tempdir().unwrap(), printed: BTreeMap::new() };
    let (mut text, mut copied) = (String::new(), 0);
    for block in page.blocks() {
        if let Some(content) = made(&block, &mut session) {
            text.push_str(&page.text[copied..block.place.start]);
            text.push_str(&content);
            copied = block.place.end;
        }
    }
    text + &page.text[copied..]
}

#[test]
fn every_output_that_is_shown_is_what_the_program_prints() {
    let mut pages = pages::all();
    pages.retain(|page| page.blocks().iter().any(|block| block.language == "console"));
    assert!(pages.len() >= 9, "{} pages", pages.len());
    let remade: Vec<String> = pages.par_iter().map(remade).collect();
    for (page, made) in pages.iter().zip(remade) {
        hold(page, &made);
    }
}

#[test]
fn an_excerpt_marks_what_is_left_out() {
    let output = "one\ntwo\n\nthree\nfour\n  and more\nfive\n";
    assert_eq!(excerpt(output, "\"two\"..\"three\""), "...\ntwo\n\nthree\n...\n");
    assert_eq!(excerpt(output, "\"one\", \"four\".."), "one\n...\nfour\n  and more\nfive\n");
    assert_eq!(excerpt(output, "\"one\", \"five\""), "one\n...\nfive\n");
    assert_eq!(excerpt(output, "\"three\".."), "...\n\nthree\nfour\n  and more\nfive\n");
    assert_eq!(excerpt(output, "\"four\""), "...\nfour\n  and more\n...\n");
    assert_eq!(excerpt(output, "\"one\"..\"two\", \"three\""), "one\ntwo\n\nthree\n...\n");
}
