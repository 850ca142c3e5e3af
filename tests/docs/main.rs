//! The documentation holds: what it links to exists, its commands parse, its scenarios check, and what it shows of the program's
//! output is what the program prints.
//!
//! `HERDLAB_UPDATE_DOCS=1 cargo test --test docs` writes the outputs into the pages.

mod commands;
mod findings;
mod glossary;
mod links;
mod pages;
mod readme;
mod scenarios;
mod shown;

/// Whether pages are written in place of being compared.
fn updates() -> bool {
    std::env::var_os("HERDLAB_UPDATE_DOCS").is_some()
}

/// Compares a page with its text made anew, or writes it.
#[track_caller]
fn hold(page: &pages::Page, made: &str) {
    if updates() && page.text != made {
        std::fs::write(page.file(), made).unwrap();
        return;
    }
    let differs = page.text.lines().zip(made.lines()).position(|(old, new)| old != new);
    let line = differs.unwrap_or_else(|| page.text.lines().count().min(made.lines().count()));
    assert!(
        page.text == made,
        "{}:{}: the page has\n{}\nand the program\n{}\nHERDLAB_UPDATE_DOCS=1 cargo test --test docs writes the page",
        page.name,
        line + 1,
        page.text.lines().nth(line).unwrap_or("(its end)"),
        made.lines().nth(line).unwrap_or("(its end)"),
    );
}
