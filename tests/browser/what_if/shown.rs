//! What the page shows, in every window.

use std::fs;

use serde_json::json;

use super::canned::{Canned, EVIL};
use super::{BOARD, DONE, wait_for};
use crate::{folder, with_browser};

#[test]
fn the_page_is_quiet_loads_nothing_and_fits_every_window() {
    with_browser(|browser| {
        let file = Canned::usual().page("usual");
        let mut tab = browser.tab();
        // Requests of the worker are its own.
        tab.call(
            "Target.setAutoAttach",
            json!({ "autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true }),
        );
        tab.open_at(&file, "set=tier.l2.ttl=80s");
        wait_for(&mut tab, DONE);
        assert_eq!(tab.workers_heard(), 1);
        for (width, scheme) in
            [(360, "light"), (768, "light"), (1280, "light"), (360, "dark"), (1280, "dark")]
        {
            tab.media("screen", scheme);
            tab.resize(width, 800);
            fs::write(folder().join(format!("what-if-{width}-{scheme}.png")), tab.screenshot()).unwrap();
            let wide = tab.eval("document.documentElement.scrollWidth").as_u64().unwrap();
            assert_eq!(wide, u64::from(width), "wider than its window");
            let paper = tab.text("getComputedStyle(document.body).backgroundColor");
            assert_eq!(paper, if scheme == "dark" { "rgb(21, 24, 27)" } else { "rgb(255, 255, 255)" });
            assert_eq!(tab.text(crate::whole::COVERED), "", "texts of charts at {width}");
            let bare = "[...document.querySelectorAll('figure:not([hidden]) svg.plot')].filter((plot) => !plot.querySelector('.curve')).length";
            assert_eq!(tab.eval(bare), 0);
        }
        assert_eq!(tab.problems(&file), Vec::<String>::new());
        assert_eq!(tab.eval("performance.getEntriesByType('resource').filter(({ name }) => !name.startsWith('blob:')).length"), 0);
    });
}

#[test]
fn verdicts_intervals_and_differences_stand_beside_today() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&Canned::usual().page("usual"));
        wait_for(&mut tab, DONE);
        let rows = tab.text(BOARD);
        let rows: Vec<&str> = rows.lines().collect();
        // One: 204 is within the intervals; two: half of 200; three: nearly twice as much.
        assert_eq!(
            rows[0],
            "Db.qps.mean | 200/s ± 550.0 % of capacity 400/s | 204/s ± 5no difference51.0 % of capacity 400/s \
             | 100/s ± 5−50.0 % (better)25.0 % of capacity 400/s | 390/s ± 5+95.0 % (worse)97.5 % of capacity 400/s"
        );
        assert!(rows[2].starts_with("Hit_ratio | 90.0 % ± 1.0 | 90.0 % ± 1.0no difference"), "{}", rows[2]);
        let levels = tab.text("[...document.querySelectorAll('#board .level')].map((one) => `${one.textContent} ${one.className}`).join(', ')");
        assert_eq!(levels, "at risk level risk, at risk level risk, safe level better, not safe level worse");
        assert_eq!(
            tab.text("document.querySelector('#spoken').textContent"),
            "Today: at risk. one: at risk. two: safe. three: not safe."
        );
        assert_eq!(
            tab.text("document.querySelector('#status').textContent"),
            "4 replications of 60 s, seed 18446744073709551615"
        );
        // Goodput is none of the few that matter.
        let goodput = "document.querySelector('[data-measure=goodput]').getClientRects().length";
        assert_eq!(tab.eval(goodput), 0);
        tab.eval("document.querySelector('.expand button').click()");
        assert_eq!(tab.eval(goodput), 1);
        assert_eq!(
            tab.text("document.querySelector('#load .rim').textContent"),
            "capacity 400/s",
            "one level, since all have the same"
        );
    });
}

#[test]
fn markup_in_names_stays_text_and_a_fourth_variant_replaces_the_first() {
    with_browser(|browser| {
        let file = Canned::usual().page("usual");
        let mut tab = browser.tab();
        tab.open(&file);
        wait_for(&mut tab, DONE);
        let own = "document.querySelector('.knob .own').innerText";
        assert_eq!(tab.text(own), "Not followed by three, which sets this.");
        let names = "[...document.querySelectorAll('#board .who')].map((one) => one.textContent).join(', ')";
        assert_eq!(tab.text(names), "Today, one, two, three");
        tab.eval("document.querySelector('#variants button:last-child').click()");
        assert_eq!(tab.text(names), format!("Today, two, three, four {EVIL}"));
        wait_for(&mut tab, DONE);
        // Without intervals a difference decides nothing.
        let change = "document.querySelector('#board tbody td:last-child .change')";
        assert_eq!(tab.text(&format!("{change}.textContent + {change}.className")), "−50.0 %change change");
        assert_eq!(tab.text("document.title"), "canned: what if? – herdlab");
        assert_eq!(
            tab.text("document.querySelector('details.warn').textContent"),
            format!("One lint warns of this scenariovulnerable: {EVIL}")
        );
        assert_eq!(tab.eval("document.querySelectorAll('main img').length"), 0);
        // The last one stays.
        for _ in 0..4 {
            tab.eval("document.querySelector('#variants button[aria-pressed=true]').click()");
        }
        assert_eq!(tab.text(names), format!("Today, four {EVIL}"));
        assert_eq!(tab.problems(&file), Vec::<String>::new());
    });
}

#[test]
fn on_paper_the_changes_and_figures_stand_without_knobs() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open_at(&Canned::usual().page("usual"), "set=tier.l2.ttl=80s");
        wait_for(&mut tab, DONE);
        tab.media("print", "light");
        let seen =
            |selector: &str| format!("document.querySelector('{selector}').getClientRects().length > 0");
        assert_eq!(tab.eval(&seen("aside")), false);
        assert_eq!(tab.eval(&seen("#progress")), false);
        assert_eq!(tab.eval(&seen("#board")), true);
        assert_eq!(tab.eval(&seen("#load svg.plot")), true);
        assert_eq!(tab.text("document.querySelector('#changes').innerText"), "TTL of l2 40s → 80s");
        fs::write(folder().join("what-if.pdf"), tab.pdf()).unwrap();
    });
}
