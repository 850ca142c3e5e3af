//! Charts answer to the pointer and to keys.

use std::fs;
use std::path::Path;

use herdlab::measure::quantity::with_unit;
use herdlab::record::Record;

use super::{devtools::Tab, folder, report, with_browser};

const READOUT: &str = "document.querySelector('#database-load .readout').innerText";
/// First and last text below the plot.
const TIMES: &str = "[...document.querySelectorAll('#database-load svg.plot text[text-anchor=middle]')].map((text) => text.textContent)";

fn record(page: &Path) -> Record {
    serde_json::from_str(&fs::read_to_string(page.with_file_name("results.json")).unwrap()).unwrap()
}

/// The middle of the first plot of database load, and its box.
fn plot(tab: &mut Tab<'_>) -> [f64; 4] {
    tab.show("#database-load svg.plot")
}

/// Second of the run that a read-out is about.
fn second(readout: &str) -> usize {
    readout.split(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("no time in {readout}"))
}

/// What the record has for every variant in the window that starts at the read-out's second.
fn assert_reads(record: &Record, readout: &str) {
    assert_reads_window(record, readout, ("db.qps.first", "1/s"), second(readout));
}

fn assert_reads_window(record: &Record, readout: &str, (series, unit): (&str, &str), window: usize) {
    for variant in &record.variants {
        let value = variant.series(series).unwrap().values[window].unwrap();
        let line = readout.lines().map(|line| line.split('\t').map(str::trim).collect::<Vec<_>>());
        let mut found = line.filter(|cells| cells.contains(&variant.name.as_str()));
        let cells = found.next().unwrap_or_else(|| panic!("{} is missing in {readout}", variant.name));
        assert_eq!(cells.last(), Some(&with_unit(value, unit).as_str()), "{}, window {window}", variant.name);
    }
}

#[test]
fn the_cursor_reads_every_variant_as_the_record_has_it() {
    with_browser(|browser| {
        let file = report("stampede");
        let record = record(&file);
        let mut tab = browser.tab();
        tab.open(&file);
        let [left, top, width, height] = plot(&mut tab);
        let mut seen = Vec::new();
        for share in [0.25, 0.5, 0.8] {
            tab.hover(left + share * width, top + 0.6 * height);
            let readout = tab.text(READOUT);
            assert_reads(&record, &readout);
            seen.push(second(&readout));
        }
        fs::write(folder().join("stampede-cursor.png"), tab.window()).unwrap();
        assert!(seen.is_sorted() && seen[0] < seen[2], "{seen:?}");
        // Every panel shows where the cursor is.
        let cursors = tab.eval("document.querySelectorAll('#database-load .cursor').length");
        assert_eq!(cursors, record.variants.len());
        tab.hover(left + 5.0, top - 400.0);
        assert_eq!(tab.eval("document.querySelector('#database-load .readout').hidden"), true);
    });
}

#[test]
fn a_state_is_read_at_the_end_of_its_window_up_to_the_end_of_the_run() {
    with_browser(|browser| {
        let file = report("stampede");
        let record = record(&file);
        let mut tab = browser.tab();
        tab.open(&file);
        tab.show("#key-count-l2 svg.plot");
        tab.eval("document.querySelector('#key-count-l2 svg.plot').focus()");
        for (key, at) in [("Home", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("End", 105)] {
            tab.key(key);
            let readout = tab.text("document.querySelector('#key-count-l2 .readout').innerText");
            assert_eq!(second(&readout), at);
            assert_reads_window(&record, &readout, ("tier.l2.entries", "count"), at - 1);
        }
    });
}

#[test]
fn a_click_in_the_legend_hides_a_variant_in_every_chart() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&report("stampede"));
        let panels = "[...document.querySelectorAll('#database-load .panels > div')].filter((panel) => !panel.hidden).length";
        let lines = "document.querySelectorAll('#latency-percentiles .curve.s1').length";
        let toggle = |tab: &mut Tab<'_>| {
            let [left, top, width, height] = tab.show(".variants .name:nth-child(2)");
            tab.click(left + width / 2.0, top + height / 2.0, 1);
        };
        assert_eq!(
            (
                tab.eval(panels),
                tab.text("document.querySelector('.variants .name:nth-child(2)').textContent")
            ),
            (7.into(), "jitter".into())
        );
        tab.show("#latency-percentiles");
        assert_eq!(tab.eval(lines), 1);
        toggle(&mut tab);
        assert_eq!(tab.eval(panels), 6);
        assert_eq!(
            tab.text("document.querySelector('.variants .name:nth-child(2)').getAttribute('aria-pressed')"),
            "false"
        );
        tab.show("#latency-percentiles");
        assert_eq!(tab.eval(lines), 0);
        toggle(&mut tab);
        assert_eq!(tab.eval(panels), 7);
        tab.show("#latency-percentiles");
        assert_eq!(tab.eval(lines), 1);
    });
}

#[test]
fn dragging_zooms_all_charts_over_time_and_a_double_click_shows_everything() {
    with_browser(|browser| {
        let file = report("stampede");
        let mut tab = browser.tab();
        tab.open(&file);
        let [left, top, width, height] = plot(&mut tab);
        let whole = tab.eval(TIMES);
        assert_eq!(whole[0], "0");
        let y = top + 0.6 * height;
        tab.drag((left + 0.5 * width, y), (left + 0.75 * width, y));
        let times: Vec<f64> = tab
            .eval(TIMES)
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|text| text.as_str().unwrap().parse().ok())
            .collect();
        assert!(times.iter().all(|time| (40.0..85.0).contains(time)) && times.len() > 3, "{times:?}");
        // The cursor still reads the record.
        tab.hover(left + 0.4 * width, y);
        assert_reads(&record(&file), &tab.text(READOUT));
        fs::write(folder().join("stampede-zoomed.png"), tab.window()).unwrap();
        // Another chart over time shows the same; percentiles have no time.
        tab.show("#hit-ratio");
        let first = "document.querySelector('#CHART svg.plot text[text-anchor=middle]').textContent";
        let start: f64 = tab.text(&first.replace("CHART", "hit-ratio")).parse().unwrap();
        assert!(start > 40.0, "{start}");
        tab.show("#latency-percentiles");
        assert_eq!(tab.text(&first.replace("CHART", "latency-percentiles")), "0 %");
        let [left, top, width, height] = plot(&mut tab);
        tab.click(left + 0.5 * width, top + 0.6 * height, 2);
        assert_eq!(tab.eval(TIMES), whole);
    });
}

#[test]
fn keys_move_the_cursor_and_zoom() {
    with_browser(|browser| {
        let file = report("stampede");
        let mut tab = browser.tab();
        tab.open(&file);
        plot(&mut tab);
        tab.eval("document.querySelector('#database-load svg.plot').focus()");
        tab.key("Home");
        let first = second(&tab.text(READOUT));
        for _ in 0..3 {
            tab.key("ArrowRight");
        }
        let readout = tab.text(READOUT);
        assert_eq!((first, second(&readout)), (0, 3));
        assert_reads(&record(&file), &readout);
        assert_eq!(tab.text("document.querySelector('#database-load .unseen').textContent"), readout);
        tab.key("End");
        tab.key("ArrowLeft");
        assert_eq!(second(&tab.text(READOUT)), 103);
        let whole = tab.eval(TIMES);
        tab.key("+");
        assert_ne!(tab.eval(TIMES), whole);
        tab.key("Escape");
        assert_eq!(tab.eval(TIMES), whole);
        // Tab reaches the legend, and Enter presses it.
        tab.eval("document.querySelector('.variants .name').focus()");
        tab.eval("document.activeElement.click()");
        assert_eq!(tab.text("document.activeElement.getAttribute('aria-pressed')"), "false");
    });
}

#[test]
fn command_and_scenario_are_copied_from_a_file() {
    with_browser(|browser| {
        browser.allow_clipboard();
        let mut tab = browser.tab();
        tab.open(&report("tiers"));
        tab.call("Page.bringToFront", serde_json::json!({}));
        for (id, beginning) in [("command", "herdlab run "), ("source", "#:schema ")] {
            let [left, top, width, height] = tab.show(&format!("#{id} + button"));
            tab.click(left + width / 2.0, top + height / 2.0, 1);
            tab.eval("new Promise((done) => setTimeout(done, 100))");
            assert_eq!(tab.text(&format!("document.querySelector('#{id} + button').textContent")), "Copied");
            let copied = tab.text("navigator.clipboard.readText()");
            assert!(copied.starts_with(beginning), "{copied}");
            assert_eq!(copied, tab.text(&format!("document.getElementById('{id}').textContent")));
        }
    });
}

#[test]
fn a_finger_reads_along_and_buttons_zoom_on_a_phone() {
    with_browser(|browser| {
        let file = report("cold-start");
        let mut tab = browser.tab();
        tab.resize(360, 740);
        tab.open(&file);
        let [left, top, width, height] = tab.show("#goodput svg.plot");
        let touch = |what: &str, share: f64| {
            let points = match what {
                "touchEnd" => serde_json::json!([]),
                _ => serde_json::json!([{ "x": left + share * width, "y": top + height / 2.0 }]),
            };
            serde_json::json!({ "type": what, "touchPoints": points })
        };
        let read = "document.querySelector('#goodput .readout').innerText";
        tab.call("Input.dispatchTouchEvent", touch("touchStart", 0.4));
        let first = tab.text(read);
        // The first move may be taken for a tremble; what a browser makes of the next one comes with a frame.
        tab.call("Input.dispatchTouchEvent", touch("touchMove", 0.6));
        tab.call("Input.dispatchTouchEvent", touch("touchMove", 0.8));
        tab.eval("new Promise((done) => setTimeout(done, 200))");
        let second = tab.text(read);
        fs::write(folder().join("cold-start-finger.png"), tab.window()).unwrap();
        tab.call("Input.dispatchTouchEvent", touch("touchEnd", 0.8));
        assert!(first != second && second.contains("singleflight"), "{first} {second}");
        let shown = "document.querySelector('#goodput .readout').getBoundingClientRect()";
        let (from, to) = (tab.eval(&format!("{shown}.left")), tab.eval(&format!("{shown}.right")));
        assert!(from.as_f64().unwrap() >= 0.0 && to.as_f64().unwrap() <= 360.0, "{from} to {to}");
        let last = "[...document.querySelectorAll('#goodput svg.plot text[text-anchor=middle]')].map((text) => text.textContent).join()";
        let whole = tab.text(last);
        let [left, top, width, height] = tab.show("#goodput .zoom button");
        tab.click(left + width / 2.0, top + height / 2.0, 1);
        assert_ne!(tab.text(last), whole);
    });
}
