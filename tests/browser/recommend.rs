//! The page of a recommendation: its table is sorted and narrowed, it fits a phone, no label covers another.

use std::fs;

use super::whole::COVERED;
use super::{folder, herdlab, with_browser};

/// Nine candidates, three of which ask the database for more than the limit.
fn recommended() -> std::path::PathBuf {
    let out = folder().join("recommend");
    let search =
        ["recommend", "recommend-ttl", "--duration", "30s", "--replications", "3", "--quiet", "--force"];
    let knob = ["--knob", "tier.l2.ttl=2s,20s,80s", "--keep", "db.qps.mean <= 180"];
    let report = ["--report", out.to_str().unwrap()];
    herdlab(&[&search[..], &knob, &report].concat());
    out.join("index.html")
}

/// The times to live of the rows that are shown.
const SHOWN: &str = "[...document.querySelectorAll('.sorted tbody tr:not([hidden])')].map((row) => row.cells[0].textContent).join(' ')";

#[test]
fn candidates_are_sorted_by_a_column_and_narrowed_to_what_keeps_the_limits() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&recommended());
        tab.resize(1280, 900);
        tab.eval("document.querySelector('.sorted .sort').click()");
        assert_eq!(tab.text(SHOWN), "2s 2s 2s 20s 20s 20s 80s 80s 80s", "by size, not by letters");
        tab.eval("document.querySelector('.sorted .sort').click()");
        assert_eq!(tab.text(SHOWN), "80s 80s 80s 20s 20s 20s 2s 2s 2s");
        assert_eq!(tab.text("document.querySelector('.sorted th').getAttribute('aria-sort')"), "descending");
        tab.eval("document.querySelector('.tools [type=checkbox]').click()");
        assert_eq!(tab.text(SHOWN), "80s 80s 80s 20s 20s 20s");
        let filter = "(() => { const words = document.querySelector('.tools [type=search]'); words.value = 'xfetch'; words.dispatchEvent(new Event('input')); })()";
        tab.eval(filter);
        assert_eq!(tab.text(SHOWN), "80s 20s");
        assert_eq!(tab.text("document.querySelector('.tools span').textContent"), "2 of 9 rows");
        fs::write(folder().join("recommend-wide.png"), tab.window()).unwrap();
    });
}

#[test]
fn a_recommendation_fits_a_phone_and_no_label_covers_another() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&recommended());
        tab.resize(390, 800);
        let widest = "Math.max(...[...document.querySelectorAll('main *')].filter((one) => !one.closest('.still, pre')).map((one) => one.getBoundingClientRect().right))";
        assert!(tab.eval(widest).as_f64().unwrap() <= 390.0);
        fs::write(folder().join("recommend-phone.png"), tab.window()).unwrap();
        tab.resize(1280, 900);
        tab.eval("document.querySelectorAll('figure').forEach((one) => one.classList.remove('responsive'))");
        assert_eq!(tab.text(COVERED), "", "pictures");
        tab.media("print", "light");
        assert_eq!(tab.text("getComputedStyle(document.querySelector('.tools')).display"), "none");
    });
}
