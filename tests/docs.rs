//! What the documentation shows works.

use std::path::Path;

use herdlab::scenario::{Overrides, parse};

#[test]
fn the_example_in_the_reference_of_scenarios_is_sound() {
    let text = include_str!("../docs/scenarios.md");
    let example = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let experiment = parse(example, "example.toml", Path::new(""), &Overrides::default());
    assert_eq!(experiment.unwrap_or_else(|problems| panic!("{problems}")).variants.len(), 2);
}
