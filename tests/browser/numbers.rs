//! The script prints numbers as everything else of the report does.

use herdlab::measure::quantity::with_unit;
use herdlab::report::html::constants::constants;

use super::with_browser;

#[test]
fn the_script_prints_numbers_as_the_tables_do() {
    let values = [
        0.0,
        1e-12,
        0.000_02,
        0.000_123_4,
        0.0456,
        0.2,
        0.499_96,
        0.919_3,
        0.954,
        0.99,
        0.995_4,
        0.999_54,
        0.999_999,
        1.0,
        1.5,
        9.999,
        12.347,
        99.95,
        123.4,
        999.6,
        1180.2,
        9_999.4,
        10_000.0,
        12_345.0,
        64e6,
        1_234_567.8,
        3.2e9,
        -0.004_567,
        -83.12,
    ];
    let units = ["ms", "s", "1/s", "1", "bytes", "bytes/s", "count"];
    let pairs: Vec<(f64, &str)> = units.iter().flat_map(|unit| values.map(|value| (value, *unit))).collect();
    let script = format!(
        "(() => {{ {}{}\nreturn {}.map(([value, unit]) => withUnit(value, unit)); }})()",
        constants(),
        include_str!("../../templates/script/numbers.js"),
        serde_json::to_string(&pairs).unwrap()
    );
    with_browser(|browser| {
        let printed = browser.tab().eval(&script);
        for (index, (value, unit)) in pairs.iter().enumerate() {
            assert_eq!(printed[index], with_unit(*value, unit).as_str(), "{value} {unit}");
        }
        assert_eq!(printed.as_array().unwrap().len(), 203);
    });
}
