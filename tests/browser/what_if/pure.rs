//! States, history and words of the page, function by function.

use herdlab::report::html::constants::constants;
use serde_json::Value;

use crate::with_browser;

/// Evaluates an expression with the functions of the page.
fn evaluated(expressions: &[&str]) -> Vec<Value> {
    let parts = [
        include_str!("../../../templates/script/numbers.js"),
        include_str!("../../../templates/what-if/state.js"),
        include_str!("../../../templates/what-if/history.js"),
        include_str!("../../../templates/what-if/figures.js"),
    ];
    let scenario = "const knob = { path: 'a.ttl', today: 1, values: ['1s', '2s', '4s'].map((toml) => ({ toml })) };
        const other = { path: 'a.ttl=b', today: 0, values: [{ toml: '\"x & y\"' }, { toml: '{ plus = \"5%\" }' }] };
        const quoted = { path: 'c', today: 0, values: [{ toml: 'false' }, { toml: '\"x y\"' }] };
        const scenario = { variants: ['b', 'a', 'c & d', 'e'], baseline: 'a', knobs: [knob, other, quoted] };
        const read = (parts) => stateOfParts(scenario, (key) => parts.filter((part) => part.startsWith(key + '=')).map((part) => decodeURIComponent(part.slice(key.length + 1))));
        const first = firstState(scenario);
        const figure = (mean, half) => ({ mean, low: half === undefined ? null : mean - half, high: half === undefined ? null : mean + half });
        const lower = { unit: 'ms', direction: 'lower' };
        const same = (x, y) => x === y;";
    let script = format!(
        "(() => {{ {}{}\n{scenario}\nreturn [{}]; }})()",
        constants(),
        parts.concat(),
        expressions.join(",\n")
    );
    let mut values = Vec::new();
    with_browser(|browser| values = browser.tab().eval(&script).as_array().unwrap().clone());
    values
}

/// Each expression beside its value as JSON.
fn check(pairs: &[(&str, &str)]) {
    let expressions: Vec<&str> = pairs.iter().map(|(expression, _)| *expression).collect();
    for ((expression, expected), value) in pairs.iter().zip(evaluated(&expressions)) {
        assert_eq!(value, serde_json::from_str::<Value>(expected).unwrap(), "{expression}");
    }
}

#[test]
fn a_state_goes_to_the_address_and_comes_back() {
    check(&[
        ("first", r#"{ "settings": {}, "variants": ["a", "b", "c & d"] }"#),
        ("stateParts(scenario, first)", "[]"),
        ("stateParts(scenario, withKnob(withKnob(first, knob, 2), knob, 1))", "[]"),
        (
            "stateParts(scenario, withVariant(withKnob(withKnob(first, other, 1), knob, 0), 'a'))",
            r#"["set=a.ttl=1s", "set=a.ttl=b=%7B%20plus%20=%20%225%25%22%20%7D", "show=b", "show=c%20%26%20d"]"#,
        ),
        (
            "read(stateParts(scenario, withVariant(withKnob(withKnob(first, other, 1), knob, 0), 'a')))",
            r#"{ "state": { "settings": { "a.ttl": 0, "a.ttl=b": 1 }, "variants": ["b", "c & d"] }, "unknown": [] }"#,
        ),
        (
            "read(['set=a.ttl=3s', 'set=b=1', 'show=e', 'show=e', 'show=f', 'more=1'])",
            r#"{ "state": { "settings": {}, "variants": ["e"] }, "unknown": ["a.ttl=3s", "b=1", "f"] }"#,
        ),
        // Quotes of a plain string may stay away; a link of an older page may have them.
        (
            "stateParts(scenario, withKnob({ ...first, settings: { 'a.ttl=b': 1 } }, quoted, 1))",
            r#"["set=a.ttl=b=%7B%20plus%20=%20%225%25%22%20%7D", "set=c=x%20y"]"#,
        ),
        (r#"['set=c=x y', 'set=c="x y"'].map((part) => read([part]).state.settings.c)"#, "[1, 1]"),
        ("withVariant(first, 'e').variants", r#"["b", "c & d", "e"]"#),
        ("withVariant({ settings: {}, variants: ['a'] }, 'a').variants", r#"["a"]"#),
        ("shownVariants(scenario, first)", r#"["b", "a", "c & d"]"#),
    ]);
}

#[test]
fn a_gesture_is_one_step_and_one_that_comes_back_is_none() {
    check(&[
        // Over b and c to d, then a step of its own.
        (
            "(() => { let h = newHistory('a'); for (const s of ['b', 'c', 'd']) h = recorded(h, s, 'ttl', same); h = settled(h, same); return recorded(h, 'e', null, same).past; })()",
            r#"["a", "d"]"#,
        ),
        (
            "(() => { let h = newHistory('a'); for (const s of ['b', 'a']) h = recorded(h, s, 'ttl', same); return settled(h, same); })()",
            r#"{ "past": [], "present": "a", "future": [], "gesture": null }"#,
        ),
        // Another slider is another gesture.
        ("recorded(recorded(newHistory('a'), 'b', 'ttl', same), 'c', 'pool', same).past", r#"["a", "b"]"#),
        (
            "redone(undone(recorded(newHistory('a'), 'b', null, same)))",
            r#"{ "past": ["a"], "present": "b", "future": [], "gesture": null }"#,
        ),
        ("recorded(undone(recorded(newHistory('a'), 'b', null, same)), 'c', null, same).future", "[]"),
        ("recorded(newHistory('a'), 'a', null, same).past", "[]"),
    ]);
}

#[test]
fn differences_and_intervals_are_put_into_words() {
    check(&[
        ("intervalText(figure(1180.4, 12.3), '1/s')", r#""± 12""#),
        ("intervalText(figure(1.12, 0.0018), 'ms')", r#""± <0.01""#),
        ("intervalText(figure(0.954, 0.0012), '1')", r#""± 0.1""#),
        ("intervalText(figure(12.5), 'ms')", r#""""#),
        ("changeText(200, 100, '1/s')", r#""−50.0 %""#),
        ("changeText(200, 2460, '1/s')", r#""×12.3""#),
        ("changeText(0.9, 0.912, '1')", r#""+1.20 pt""#),
        ("changeText(0, 3, 'ms')", r#""+3 ms""#),
        // 100 ± 6 and 110 ± 6 overlap; ± 4 do not.
        (
            "differenceFrom(figure(100, 6), figure(110, 6), lower)",
            r#"{ "kind": "same", "sure": true, "text": "no difference" }"#,
        ),
        (
            "differenceFrom(figure(100, 4), figure(110, 4), lower)",
            r#"{ "kind": "worse", "sure": true, "text": "+10.0 %" }"#,
        ),
        ("differenceFrom(figure(100, 4), figure(90, 4), lower).kind", r#""better""#),
        (
            "differenceFrom(figure(100, 4), figure(90, 4), { unit: 'count', direction: null }).kind",
            r#""change""#,
        ),
        // Below a hundredth there is a difference, and no verdict; of 90 % a hundredth of the missing 10 %.
        (
            "differenceFrom(figure(100, 0.1), figure(100.9, 0.1), lower)",
            r#"{ "kind": "change", "sure": true, "text": "+0.900 %" }"#,
        ),
        (
            "differenceFrom(figure(0.9, 0.0001), figure(0.8992, 0.0001), { unit: '1', direction: 'higher' }).kind",
            r#""change""#,
        ),
        (
            "differenceFrom(figure(0.9, 0.0001), figure(0.8988, 0.0001), { unit: '1', direction: 'higher' }).kind",
            r#""worse""#,
        ),
        // Without intervals nothing is decided.
        (
            "differenceFrom(figure(100), figure(90), lower)",
            r#"{ "kind": "change", "sure": false, "text": "−10.0 %" }"#,
        ),
        ("differenceFrom(figure(100), figure(100), lower).text", r#""no difference""#),
        (
            "[secondsText(0.2), secondsText(59.6), secondsText(600), secondsText(9000)]",
            r#"["1 s", "60 s", "10 min", "2.50 h"]"#,
        ),
        ("[counted(1, 'replication'), counted(1200, 'event')]", r#"["1 replication", "1,200 events"]"#),
    ]);
}
