//! What goes wrong: traps, refusals, browsers that lack something. The page stays usable, and explains.

use serde_json::json;

use super::canned::{Canned, page_of};
use super::{DONE, wait_for};
use crate::devtools::Tab;
use crate::with_browser;

fn status(tab: &mut Tab<'_>) -> String {
    tab.text("document.querySelector('#status').textContent")
}

fn turn(tab: &mut Tab<'_>, value: u32) {
    tab.eval(&format!("{{ const choice = document.querySelector('.knob select'); choice.value = {value}; choice.dispatchEvent(new Event('input')); }}"));
}

#[test]
fn after_a_trap_the_page_names_it_and_a_fresh_engine_goes_on() {
    with_browser(|browser| {
        // A draft and a whole run; the third ask traps. A fresh instance has two good ones again.
        let mut tab = browser.tab();
        tab.open(&Canned { trap: Some(3), ..Canned::usual() }.page("trap"));
        wait_for(&mut tab, DONE);
        turn(&mut tab, 1);
        wait_for(&mut tab, "document.querySelector('#status').textContent.includes('fault')");
        assert_eq!(
            status(&mut tab),
            "The simulation ended with a fault: index out of bounds, src/canned.rs:7. The engine was started anew; other \
             settings work. Please report it with the link of this page."
        );
        assert_eq!(tab.eval("document.querySelectorAll('#board td.stale').length > 0"), true);
        assert_eq!(tab.eval("document.querySelector('#save-results').disabled"), true);
        turn(&mut tab, 0);
        wait_for(&mut tab, "document.querySelector('#status').textContent.startsWith('4 replications')");
        assert_eq!(tab.eval("document.querySelectorAll('#board td.stale').length"), 0);
    });
}

#[test]
fn a_problem_stands_beside_its_knob_and_an_error_in_the_status() {
    with_browser(|browser| {
        let mut canned = Canned::usual();
        canned.ask["problem"] = json!({ "path": "coalescing", "text": "needs a shared tier" });
        let mut tab = browser.tab();
        tab.open(&canned.page("problem"));
        wait_for(&mut tab, DONE);
        assert_eq!(status(&mut tab), "needs a shared tier");
        assert_eq!(
            tab.text("document.querySelector('[data-path=coalescing] .note').innerText"),
            "needs a shared tier"
        );
        let invalid =
            "[...document.querySelectorAll('[aria-invalid=true]')].map((one) => one.localName).join()";
        assert_eq!(tab.text(invalid), "select");
        assert_eq!(
            tab.text("document.querySelector('#command').textContent"),
            "herdlab run canned.toml --replications 4",
            "a terminal may have the memory that a page has not"
        );
        drop(tab);
        canned.ask = json!({ "error": "the trace is not in the page" });
        let mut tab = browser.tab();
        tab.open(&canned.page("error"));
        wait_for(&mut tab, DONE);
        assert_eq!(status(&mut tab), "the trace is not in the page");
    });
}

#[test]
fn a_page_that_cannot_start_says_why_and_shows_the_scenario() {
    with_browser(|browser| {
        for (name, module, reason) in [
            ("not-gzip", &b"nothing"[..], "the compressed module is damaged"),
            ("not-wasm", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], "WebAssembly"),
        ] {
            let mut tab = browser.tab();
            tab.open(&page_of(name, module));
            wait_for(&mut tab, "!document.querySelector('#fatal').hidden");
            let fatal = tab.text("document.querySelector('#fatal').textContent");
            assert!(
                fatal.starts_with("The engine did not start:") && fatal.contains(reason),
                "{name}: {fatal}"
            );
            assert!(tab.text("document.querySelector('#toml').innerText").starts_with("name = \"canned\""));
        }
        let mut tab = browser.tab();
        tab.without_scripts();
        tab.open(&Canned::usual().page("usual"));
        assert!(tab.text("document.querySelector('noscript').innerText").contains("Scripts are off"));
    });
}
