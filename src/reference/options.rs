//! Every option of a scenario with its type, table by table as the declarations have them.

use crate::declare::kind::{Field, Kind, Table, Tag};
use crate::model::{RANDOM_SIZE, RANDOM_TIME};

use crate::scenario::FILE;

/// One option with where it stands.
#[derive(Clone, Debug)]
pub struct Opt {
    /// `tier.refresh.xfetch.beta`, without the names of tiers, classes and events.
    pub path: String,
    /// The table that it stands in: `tier.refresh.xfetch`, empty at the top level.
    pub table: String,
    pub field: &'static Field,
}

/// All options, in the order of the tables.
pub fn all() -> Vec<Opt> {
    let mut found = Vec::new();
    collect(&FILE, "", &mut found);
    found
}

fn collect(table: &'static Table, at: &str, found: &mut Vec<Opt>) {
    for field in table.fields() {
        let path = join(at, field.name);
        found.push(Opt { path: path.clone(), table: at.to_owned(), field });
        within(&field.kind, &path, found);
    }
}

fn within(kind: &'static Kind, path: &str, found: &mut Vec<Opt>) {
    match kind {
        Kind::Table(table) => collect(table, path, found),
        Kind::List(kind) => within(kind, path, found),
        Kind::Either(kinds) => kinds.iter().for_each(|kind| within(kind, path, found)),
        Kind::Choice(choice) => {
            for tag in choice.tags {
                if let Some(body) = &tag.body {
                    within(body, &join(path, tag.name), found);
                }
            }
        }
        _ => {}
    }
}

/// The options of random times and sizes, in tables called `random time` and `random size`.
pub fn of_values() -> Vec<Opt> {
    const TIME: &Kind = &Kind::Choice(RANDOM_TIME);
    const SIZE: &Kind = &Kind::Choice(RANDOM_SIZE);
    let mut found = Vec::new();
    within(TIME, "random time", &mut found);
    within(SIZE, "random size", &mut found);
    found
}

/// The forms of a random time besides a duration.
pub fn random_time() -> &'static [Tag] {
    RANDOM_TIME.tags
}

/// The forms of a random size besides a size.
pub fn random_size() -> &'static [Tag] {
    RANDOM_SIZE.tags
}

/// A word as a possibility without parameters.
pub(super) const fn keyword(name: &'static str) -> Tag {
    Tag { name, plain: true, body: None, example: "", words: "" }
}

/// A step further down a dotted path.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
