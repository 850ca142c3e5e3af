//! The page of a sweep on a phone and on paper.

use super::{folder, herdlab, with_browser};

/// Three axes, so that there are several maps, a front and a table of many columns.
fn swept() -> std::path::PathBuf {
    let out = folder().join("sweep");
    let mut arguments = vec!["sweep", "ttl-sweep", "--duration", "5s", "--replications", "2", "--quiet"];
    for axis in ["tier.l2.ttl=10s,20s", "tier.l2.capacity=500,1000", "database.servers=5,10"] {
        arguments.extend(["--sweep", axis]);
    }
    arguments.extend(["--out", out.to_str().unwrap()]);
    herdlab(&arguments);
    out.join("index.html")
}

#[test]
fn words_and_tables_of_a_sweep_fit_a_phone_and_wide_pictures_say_that_they_go_on() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&swept());
        tab.resize(390, 800);
        let widest = "Math.max(...[...document.querySelectorAll('main *')].filter((one) => !one.closest('.still, pre')).map((one) => one.getBoundingClientRect().right))";
        assert!(tab.eval(widest).as_f64().unwrap() <= 390.0);
        let hint = "[...document.querySelectorAll('.still')].filter((one) => getComputedStyle(one, '::before').content.includes('swipe')).length";
        assert_eq!(tab.eval(hint), 5, "one for each picture");
        tab.resize(1280, 800);
        assert_eq!(tab.eval(hint), 0);
    });
}

#[test]
fn a_printed_sweep_has_its_scenario_and_no_page_for_the_footer_alone() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&swept());
        tab.media("print", "light");
        let source = "[...document.querySelectorAll('pre')].some((one) => one.innerText.includes('[sweep.axes]') && one.getBoundingClientRect().height > 100)";
        assert_eq!(tab.eval(source), true);
        assert_eq!(tab.text("getComputedStyle(document.querySelector('footer')).breakBefore"), "avoid");
    });
}
