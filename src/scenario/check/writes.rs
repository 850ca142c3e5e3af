//! `[writes]`: what a write does besides changing the database.

use crate::scenario::fields::{Context, Fields};
use crate::scenario::file::Node;
use crate::scenario::model::WriteStrategy;
use crate::scenario::values::word;

const STRATEGIES: [(&str, WriteStrategy); 4] = [
    ("invalidate", WriteStrategy::Invalidate),
    ("write-around", WriteStrategy::WriteAround),
    ("update", WriteStrategy::Update),
    ("write-through", WriteStrategy::WriteThrough),
];

pub(super) fn writes(cx: &mut Context, node: &Node) -> Option<WriteStrategy> {
    Fields::with(cx, node, "{ strategy = \"invalidate\" }", |f| f.read("strategy", word(&STRATEGIES)))
}
