//! What is shown is kept in the address, and one legend is in sight of all charts.

use super::{report, with_browser};

const HASH: &str = "location.hash";
const PANELS: &str =
    "[...document.querySelectorAll('#database-load .panels > div')].filter((panel) => !panel.hidden).length";
const TIMES: &str = "[...document.querySelectorAll('#database-load .panels > div:not([hidden]) svg.plot text[text-anchor=middle]')].map((text) => text.textContent)";

#[test]
fn a_link_shows_the_same_range_and_variants_again() {
    with_browser(|browser| {
        let page = report("stampede");
        let mut tab = browser.tab();
        tab.open(&page);
        assert_eq!(tab.eval(HASH), "");
        let [left, top, width, height] = tab.show("#database-load svg.plot");
        let y = top + 0.6 * height;
        tab.drag((left + 0.5 * width, y), (left + 0.75 * width, y));
        tab.eval("document.querySelector('.variants .name:nth-child(2)').click()");
        let (hash, times) = (tab.text(HASH), tab.eval(TIMES));
        assert!(hash.starts_with("#t=") && hash.ends_with("&hide=jitter"), "{hash}");
        drop(tab);

        let mut tab = browser.tab();
        tab.open_at(&page, hash.trim_start_matches('#'));
        assert_eq!((tab.eval(TIMES), tab.eval(PANELS)), (times, 6.into()));
        // Everything again: nothing is left in the address.
        tab.eval("document.querySelector('.variants .name:nth-child(2)').click()");
        tab.eval("document.querySelector('#database-load .zoom button:last-child').click()");
        // What is not in sight is drawn when there is time.
        tab.eval(&format!(
            "new Promise((done) => {{ const look = () => ({PANELS} === 7 ? done() : setTimeout(look, 20)); look(); }})"
        ));
        assert_eq!(tab.text(HASH), "");
        assert_eq!(tab.problems(&page), Vec::<String>::new());
    });
}

#[test]
fn a_link_may_lead_to_a_chart_and_nonsense_shows_everything() {
    with_browser(|browser| {
        let page = report("stampede");
        let mut tab = browser.tab();
        tab.open_at(&page, "hit-ratio&t=40-60");
        let top =
            tab.eval("document.getElementById('hit-ratio').getBoundingClientRect().top").as_f64().unwrap();
        assert!((0.0..400.0).contains(&top), "{top}");
        assert_eq!(tab.eval(TIMES)[0], "40");
        // A link of the page moves on and keeps the range.
        tab.eval("document.querySelector('nav a[href=\"#charts\"]').click()");
        tab.eval("new Promise((done) => setTimeout(done, 100))");
        assert_eq!((tab.text(HASH), tab.eval(TIMES)[0].clone()), ("#charts&t=40-60".to_owned(), "40".into()));
        drop(tab);
        for nonsense in ["t=60-40", "t=x-y&hide=nobody", "t=400-500", "hide=%E0%A4%A"] {
            let mut tab = browser.tab();
            tab.open_at(&page, nonsense);
            assert_eq!((tab.eval(TIMES)[0].clone(), tab.eval(PANELS)), ("0".into(), 7.into()), "{nonsense}");
            assert_eq!(tab.problems(&page), Vec::<String>::new());
        }
    });
}

#[test]
fn the_legend_of_the_variants_stays_in_sight() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&report("stampede"));
        for (width, chart) in [(1280, "hit-ratio"), (1280, "memory-l2"), (360, "hit-ratio")] {
            tab.resize(width, 800);
            tab.show(&format!("#{chart}"));
            let place = tab.eval("(({ top, height }) => [top, height])(document.querySelector('#charts .variants').getBoundingClientRect())");
            assert_eq!(place[0], 0, "{chart} at {width}");
            assert!(place[1].as_f64().unwrap() < 110.0, "{place} at {width}");
        }
        // Hiding all but one, and then this one, shows all again.
        let press =
            |index: usize| format!("document.querySelector('.variants .name:nth-child({index})').click()");
        // The chart in sight shows it at once, the others when there is time.
        let panels = PANELS.replace("database-load", "hit-ratio");
        (1..7).for_each(|index| drop(tab.eval(&press(index))));
        assert_eq!(tab.eval(&panels), 1);
        tab.eval(&press(7));
        assert_eq!(tab.eval(&panels), 7);
    });
}
