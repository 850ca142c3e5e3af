//! Variants that set an axis of a grid themselves: they are pinned there, whatever the axis varies.

use super::range;
use crate::declare::file::parse_value;
use crate::model::{Axis, AxisValue, Variant};

/// Of each variant and axis the value that the variant sets itself, in the place of the axis's; `None` where it follows
/// the axis.
pub(super) fn pins(variants: &[Variant], axes: &[Axis]) -> Vec<Vec<Option<AxisValue>>> {
    variants.iter().map(|variant| axes.iter().map(|axis| pin(variant, &axis.path)).collect()).collect()
}

/// Whether a variant sets a path itself, or a table around it.
pub(super) fn is_pinned(variant: &Variant, path: &str) -> bool {
    pin(variant, path).is_some()
}

/// The last setting at the path or above it decides, as it does when the variant is read. One below the path changes a
/// part of the axis's value and leaves the rest to the axis.
fn pin(variant: &Variant, path: &str) -> Option<AxisValue> {
    let segments = |path: &str| path.split('.').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    let wanted = segments(path);
    variant.settings.iter().rev().find_map(|(set, toml)| {
        let rest = wanted.strip_prefix(segments(set).as_slice())?;
        let node = parse_value(toml, 0, 0).ok()?;
        let own = rest.iter().try_fold(&node, |node, part| node.get(part));
        // A table that leaves the path out leaves it at its default.
        let unset = || AxisValue { toml: String::new(), label: "default".to_owned(), amount: None };
        Some(own.map_or_else(unset, range::axis_value))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Overrides;
    use super::super::grid::{Grid, Which, grid};
    use crate::model::Amount;
    use crate::model::Kind;

    /// Two axes; the second variant sets the first one, the third a table above it, the fourth a part below it.
    const PINNED: &str = r#"
        question = "?"
        duration = "10s"
        workload = { arrivals = { poisson = { rate = 100 } }, keys = 1000 }
        database = { read = "5ms" }
        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "60s"
        [sweep.axes]
        "tier.l2.ttl" = ["5s", "10s", "20s"]
        "database.servers" = [1, 3]
        [[variant]]
        name = "free"
        [[variant]]
        name = "fixed"
        set = { "tier.l2.ttl" = "7s" }
        [[variant]]
        name = "table"
        set = { "tier.l2" = { name = "l2", scope = "shared", ttl = "9s" } }
        [[variant]]
        name = "bare"
        set = { "database.servers" = 2 }
    "#;

    fn of(source: &str) -> Grid {
        grid(source, "pinned.toml", Path::new(""), &Overrides::default(), Which::Sweep, &[]).unwrap().0
    }

    #[test]
    fn a_setting_at_the_path_or_above_it_pins_an_axis_with_its_own_value() {
        let grid = of(PINNED);
        let pinned = |variant: usize| -> Vec<Option<&str>> {
            (0..2).map(|axis| grid.pin(variant, axis).map(|value| value.label.as_str())).collect()
        };
        assert_eq!(pinned(0), [None, None]);
        assert_eq!(pinned(1), [Some("7s"), None]);
        assert_eq!(pinned(2), [Some("9s"), None]);
        assert_eq!(pinned(3), [None, Some("2")]);
        assert_eq!(grid.pin(1, 0).unwrap().amount, Some(Amount { kind: Kind::Duration, value: 7.0 }));
    }

    #[test]
    fn a_pinned_variant_stands_once_for_each_value_of_the_axes_that_it_follows() {
        let grid = of(PINNED);
        let stands = |variant: usize| (0..6).filter(|&cell| grid.stands(cell, variant)).collect::<Vec<_>>();
        assert_eq!(stands(0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(stands(1), [0, 1], "one row for each number of servers");
        assert_eq!(stands(3), [0, 2, 4], "one row for each time to live");
        let name = |cell: usize, variant: usize| grid.place(&grid.cells[cell].at, variant);
        assert_eq!(name(1, 1), "tier.l2.ttl pinned at 7s, database.servers = 3");
        assert_eq!(name(1, 0), "tier.l2.ttl = 5s, database.servers = 3");
        let same = |cell: usize| &grid.cells[cell].fingerprints[1];
        assert!(same(0) == same(2) && same(0) == same(4) && same(0) != same(1), "simulated once for each");
    }
}
