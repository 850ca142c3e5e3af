//! The Markdown pages of the repository, and their parts.

use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub struct Page {
    /// Relative to the root, with slashes.
    pub name: String,
    pub text: String,
}

/// A fenced or an indented block of code.
pub struct Block {
    /// Empty where the block is indented or names no language.
    pub language: String,
    pub text: String,
    /// Of the lines between the fences.
    pub place: Range<usize>,
    /// Of the comment on the line before the fence, without `<!--` and `-->`.
    pub comment: String,
}

impl Page {
    pub fn read(name: &str) -> Page {
        let text = std::fs::read_to_string(Path::new(ROOT).join(name));
        Page { name: name.to_owned(), text: text.unwrap_or_else(|problem| panic!("{name}: {problem}")) }
    }

    pub fn file(&self) -> PathBuf {
        Path::new(ROOT).join(&self.name)
    }

    pub fn folder(&self) -> PathBuf {
        self.file().parent().unwrap().to_owned()
    }

    /// Its elements with their places, and ends of lines as blanks.
    pub fn events(&self) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter()
    }

    pub fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut comment) = (Vec::new(), String::new());
        let mut open: Option<Block> = None;
        for (event, place) in self.events() {
            match event {
                Event::Html(html) => {
                    let inside = html.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
                    comment = inside.unwrap_or_default().trim().to_owned();
                    continue;
                }
                Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => continue,
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(language) => language.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    let place = inside(&self.text, place);
                    open = Some(Block { language, text: String::new(), place, comment: comment.clone() });
                }
                Event::Text(text) if open.is_some() => {
                    if let Some(block) = &mut open {
                        block.text.push_str(&text);
                    }
                }
                Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
                _ => {}
            }
            comment.clear();
        }
        blocks
    }

    /// Text between backticks within a line.
    pub fn spans(&self) -> Vec<String> {
        let code = |(event, _)| match event {
            Event::Code(code) => Some(code.into_string()),
            _ => None,
        };
        self.events().filter_map(code).collect()
    }

    /// Targets of links and pictures.
    pub fn targets(&self) -> Vec<String> {
        let target = |(event, _)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.into_string())
            }
            _ => None,
        };
        self.events().filter_map(target).collect()
    }

    /// Headings with their level.
    pub fn headings(&self) -> Vec<(usize, String)> {
        let (mut headings, mut open) = (Vec::new(), None);
        for (event, _) in self.events() {
            match (event, &mut open) {
                (Event::Start(Tag::Heading { level, .. }), _) => open = Some((level as usize, String::new())),
                (Event::End(TagEnd::Heading(_)), _) => headings.extend(open.take()),
                (Event::Text(text) | Event::Code(text), Some((_, heading))) => heading.push_str(&text),
                _ => {}
            }
        }
        headings
    }

    /// Words outside code, line by line.
    pub fn prose(&self) -> String {
        let (mut prose, mut in_code) = (String::new(), false);
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(_)) => in_code = true,
                Event::End(TagEnd::CodeBlock) => in_code = false,
                Event::Text(text) if !in_code => prose.push_str(&text),
                Event::SoftBreak => prose.push(' '),
                Event::End(_) => prose.push('\n'),
                _ => {}
            }
        }
        prose
    }
}

/// The lines of a block without its fences.
fn inside(text: &str, block: Range<usize>) -> Range<usize> {
    let lines = &text[block.clone()];
    if !lines.trim_start().starts_with("```") {
        return block;
    }
    let first = lines.find('\n').map_or(lines.len(), |end| end + 1);
    let last = lines.trim_end().rfind('\n').map_or(lines.len(), |end| end + 1);
    block.start + first..block.start + last.max(first)
}

/// Every page of the repository.
pub fn all() -> Vec<Page> {
    fn collect(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                // What was built, and the reports of somebody's runs.
                let skipped = name.starts_with('.') || name == "target" || name == "node_modules";
                if !skipped && (name != "reports" || folder != Path::new(ROOT)) {
                    collect(&path, found);
                }
            } else if name.ends_with(".md") {
                let name = path.strip_prefix(ROOT).unwrap().components();
                found.push(name.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"));
            }
        }
    }
    let mut found = vec!["reports/gallery/README.md".to_owned()];
    collect(Path::new(ROOT), &mut found);
    found.sort();
    found.iter().map(|name| Page::read(name)).collect()
}
