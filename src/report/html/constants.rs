//! Constants that the script of the page shares with the tables and pictures: units and their scales, steps and names of
//! times, percentiles, places of markers. Written as constants before the script.

use serde::Serialize;

use crate::measure::quantity::SCALES;
use crate::report::axis::{FAR_FROM_ZERO, PERCENTILES, TIME_FORMS, TIME_STEPS};
use crate::report::backing::HEAT_OPACITIES;
use crate::report::charts::LEVEL_FAR;
use crate::report::draw::{MARK_LINES_MAX, MARKER_SHIFTS, MARKERS};
use crate::report::style::{OTHER_DASH, OTHER_OPACITY};

/// The constants as statements of the script.
pub fn constants() -> String {
    [
        scales(),
        constant("TIME_STEPS", &TIME_STEPS),
        constant("TIME_FORMS", &TIME_FORMS),
        constant("PERCENTILES", &PERCENTILES),
        constant("FAR_FROM_ZERO", &FAR_FROM_ZERO),
        constant("MARK_LINES_MAX", &MARK_LINES_MAX),
        constant("HEAT_OPACITIES", &HEAT_OPACITIES),
        constant("LEVEL_FAR", &LEVEL_FAR),
        constant("MARKERS", &MARKERS),
        constant("MARKER_SHIFTS", &MARKER_SHIFTS),
        constant("OTHER_DASH", &OTHER_DASH),
        constant("OTHER_OPACITY", &OTHER_OPACITY),
    ]
    .concat()
}

/// Units and their scales alone.
pub fn scales() -> String {
    let scales: std::collections::BTreeMap<_, _> = SCALES.iter().copied().collect();
    constant("SCALES", &scales)
}

fn constant(name: &str, value: &impl Serialize) -> String {
    // Numbers and words are always JSON; what is not finite becomes null.
    let value = serde_json::to_string(value).unwrap_or_default();
    format!("const {name} = {value};\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_its_constants_and_repeats_none() {
        let constants = constants();
        assert!(constants.contains(
            r#"const TIME_FORMS = [[180.0,"s"],[7200.0,"min:s"],[172800.0,"h:min"],[null,"days"]];"#
        ));
        assert!(constants.contains(r#""bytes":[[0.0,"B",1.0],[1000.0,"kB",1000.0]"#), "{constants}");
        let script = super::super::assets::script();
        for name in constants.lines().filter_map(|line| line.strip_prefix("const ")?.split(' ').next()) {
            assert_eq!(script.matches(&format!("const {name} =")).count(), 1, "{name}");
            assert!(script.matches(name).count() > 1, "{name} is of no use");
        }
    }
}
