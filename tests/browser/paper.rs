//! The page printed on A4.

use std::fs;

use super::{SCENARIOS, folder, report, with_browser};

/// What margins leave of A4, in CSS pixels of a 96th of an inch.
const WIDTH: f64 = (210.0 - 28.0) * 96.0 / 25.4;
const HEIGHT: f64 = (297.0 - 34.0) * 96.0 / 25.4;

#[test]
fn printed_reports_are_whole_and_have_the_expected_pages() {
    with_browser(|browser| {
        for scenario in SCENARIOS {
            let file = report(scenario);
            let mut tab = browser.tab();
            tab.open(&file);
            let pdf = tab.pdf();
            fs::write(folder().join(format!("{scenario}.pdf")), &pdf).unwrap();
            tab.media("print", "light");
            tab.resize(WIDTH as u32, HEIGHT as u32);
            let length = tab.eval("document.documentElement.scrollHeight").as_f64().unwrap();
            // What must not be cut moves to the next page as a whole, which leaves some room on many pages.
            let least = (length / HEIGHT).ceil() as usize;
            let pages = pages(&pdf);
            assert!(
                (least..=least + least / 2 + 1).contains(&pages),
                "{scenario}: {pages} pages for {length} pixels"
            );
            let tallest = tab.eval("Math.max(...[...document.querySelectorAll('figure, tr')].map((one) => one.getBoundingClientRect().height))");
            assert!(tallest.as_f64().unwrap() < HEIGHT, "{scenario}: {tallest} pixels do not fit a page");
            let widest = tab.eval("Math.max(...[...document.querySelectorAll('main *')].map((one) => one.getBoundingClientRect().right))");
            assert!(widest.as_f64().unwrap() <= WIDTH.ceil() + 1.0, "{scenario}: {widest} pixels wide");
            let controls = "[...document.querySelectorAll('button, nav, .live')].filter((one) => one.getBoundingClientRect().height > 0).length";
            assert_eq!(tab.eval(controls), 0, "{scenario}");
            let pictures = "[...document.querySelectorAll('figure')].every((one) => one.querySelector('.still svg').getBoundingClientRect().height > 50)";
            assert_eq!(tab.eval(pictures), true, "{scenario}");
        }
    });
}

/// Page objects of a PDF: Chromium writes their dictionaries uncompressed.
fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.split("/Type /Page").skip(1).filter(|rest| !rest.starts_with('s')).count()
}
