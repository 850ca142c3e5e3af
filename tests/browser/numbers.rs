//! The script prints numbers as everything else of the report does.

use herdlab::measure::quantity::with_unit;

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
        12.345,
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
    let expected: Vec<String> = units
        .iter()
        .flat_map(|unit| values.map(|value| format!("{value} {unit}: {}", with_unit(value, unit))))
        .collect();
    with_browser(|browser| {
        let mut tab = browser.tab();
        for (line, (unit, value)) in
            expected.iter().zip(units.iter().flat_map(|unit| values.iter().map(move |value| (unit, value))))
        {
            let script = format!(
                "{}; withUnit({value:?}, {unit:?})",
                include_str!("../../templates/script/numbers.js")
            );
            let printed = tab.text(&format!("(() => eval({script:?}))()"));
            assert_eq!(&format!("{value} {unit}: {printed}"), line);
        }
    });
}
