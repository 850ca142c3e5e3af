//! Knobs under mouse and keyboard, undo, and the address that holds the state.

use serde_json::Value;

use super::canned::Canned;
use super::{ADDRESS, DONE, wait_for};
use crate::devtools::Tab;
use crate::with_browser;

const CTRL: u32 = 2;
const SHIFT: u32 = 8;

fn opened_at(tab: &mut Tab<'_>, fragment: &str) {
    tab.open_at(&Canned::usual().page("usual"), fragment);
    wait_for(tab, DONE);
}

/// Values of the knobs, as everybody sees them.
const VALUES: &str = "[...document.querySelectorAll('.knob')].map((one) => one.querySelector('select')?.selectedOptions[0].textContent ?? one.querySelector('output').textContent).join(', ')";

fn address(tab: &mut Tab<'_>, expected: &str) {
    wait_for(tab, &format!("{ADDRESS} === {}", Value::from(expected)));
}

#[test]
fn keys_turn_a_knob_and_undo_goes_back_step_by_step() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        opened_at(&mut tab, "");
        assert_eq!(tab.text(VALUES), "40s, none (today), off");
        tab.eval("document.querySelector('.knob input').focus()");
        tab.key("ArrowRight");
        assert_eq!(tab.text(VALUES), "80s, none (today), off");
        address(&mut tab, "#set=tier.l2.ttl=80s");
        assert_eq!(tab.eval("document.querySelector('.knob').classList.contains('changed')"), true);
        assert_eq!(
            tab.text("document.querySelector('.knob input').getAttribute('aria-valuetext')"),
            "80s, today 40s"
        );
        tab.key("End");
        address(&mut tab, "#set=tier.l2.ttl=160s");
        tab.eval("{ const choice = document.querySelector('.knob select'); choice.value = 1; choice.dispatchEvent(new Event('input')); }");
        tab.eval("document.querySelector('[role=switch]').click()");
        let all = "#set=tier.l2.ttl=160s&set=coalescing=singleflight&set=tier.l2.locks=on";
        address(&mut tab, all);
        assert_eq!(
            tab.text("document.querySelector('#changes').innerText.replace(/\\n/g, ' ')"),
            "TTL of l2 40s → 160s× Coalescing none → singleflight× Locks off → on×"
        );
        for before in [
            "#set=tier.l2.ttl=160s&set=coalescing=singleflight",
            "#set=tier.l2.ttl=160s",
            "#set=tier.l2.ttl=80s",
            "",
        ] {
            tab.key_with("z", CTRL);
            address(&mut tab, before);
        }
        assert_eq!(tab.eval("document.querySelector('#undo').disabled"), true);
        for _ in 0..4 {
            tab.key_with("z", CTRL + SHIFT);
        }
        address(&mut tab, all);
        assert_eq!(tab.text(VALUES), "160s, singleflight, on");
        assert_eq!(tab.eval("document.querySelector('[role=switch]').checked"), true);
        assert_eq!(tab.eval("document.querySelector('#redo').disabled"), true);
        // All at once, and that is one step as well.
        tab.eval("document.querySelector('#reset').click()");
        address(&mut tab, "");
        tab.eval("document.querySelector('#undo').click()");
        address(&mut tab, all);
    });
}

#[test]
fn a_slider_that_is_dragged_is_one_step_and_comes_back_by_its_button() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        opened_at(&mut tab, "");
        let [left, top, width, height] = tab.show(".knob input[type=range]");
        let middle = top + height / 2.0;
        tab.drag((left + width / 2.0, middle), (left + width - 2.0, middle));
        address(&mut tab, "#set=tier.l2.ttl=160s");
        tab.eval("document.querySelector('#undo').click()");
        address(&mut tab, "");
        tab.eval("document.querySelector('#redo').click()");
        address(&mut tab, "#set=tier.l2.ttl=160s");
        tab.eval("document.querySelector('.knob .back').click()");
        address(&mut tab, "");
        assert_eq!(tab.eval("document.activeElement === document.querySelector('.knob input')"), true);
        assert_eq!(tab.text("getComputedStyle(document.querySelector('.knob .back')).visibility"), "hidden");
    });
}

#[test]
fn a_link_restores_knobs_and_variants_and_names_what_it_cannot() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        opened_at(
            &mut tab,
            "set=tier.l2.ttl=10s&set=tier.l2.ttl=11s&set=tier.l9.ttl=1s&show=three&show=nine&t=10-20",
        );
        assert_eq!(tab.text(VALUES), "10s, none (today), off");
        let shown = "[...document.querySelectorAll('#variants [aria-pressed=true]')].map((one) => one.textContent).join()";
        assert_eq!(tab.text(shown), "three");
        let notice = tab.text("document.querySelector('#notice').textContent");
        assert_eq!(
            notice,
            "The link asks for “tier.l2.ttl=11s”, “tier.l9.ttl=1s”, “nine”, which this page does not have. All else is set."
        );
        assert_eq!(tab.eval("document.querySelector('#load .zoom button:last-child').disabled"), false);
        // Another link in the same page.
        tab.eval("location.hash = '#set=coalescing=singleflight'");
        wait_for(&mut tab, &format!("{shown} === 'one,two,three'"));
        assert_eq!(tab.text(VALUES), "40s, singleflight, off");
        tab.eval("document.querySelector('#undo').click()");
        wait_for(&mut tab, &format!("{shown} === 'three'"));
        drop(tab);
        for nonsense in ["set", "set=%E0%A4%A", "show=%E0%A4%A", "t=9-1", "&&=&", "set=tier.l2.ttl"] {
            let mut tab = browser.tab();
            opened_at(&mut tab, nonsense);
            assert_eq!(tab.text(VALUES), "40s, none (today), off", "{nonsense}");
        }
    });
}

#[test]
fn every_control_has_a_name_and_can_be_reached_by_tab() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        opened_at(&mut tab, "set=tier.l2.ttl=10s");
        let nameless = "[...document.querySelectorAll('button, input, select, [role=application]')]
            .filter((one) => !(one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim())).length";
        assert_eq!(tab.eval(nameless), 0);
        let described = "[...document.querySelectorAll('.knob input, .knob select')].every((one) =>
            one.getAttribute('aria-describedby').split(' ').some((id) => document.getElementById(id).textContent.startsWith('Help of')))";
        assert_eq!(tab.eval(described), true);
        // From the first summary on: the way back, the slider, the choice, the switch.
        tab.eval("document.querySelector('.group summary').focus()");
        let mut reached = Vec::new();
        for _ in 0..5 {
            tab.key("Tab");
            reached.push(tab.text("document.activeElement.className || document.activeElement.type || document.activeElement.localName"));
        }
        assert_eq!(reached, ["back", "range", "summary", "select-one", "checkbox"]);
    });
}

#[test]
fn link_command_and_scenario_are_copied_and_results_saved() {
    with_browser(|browser| {
        let out = crate::folder().join("what-if-saved");
        std::fs::create_dir_all(&out).unwrap();
        let file = out.join("results.json");
        let _ = std::fs::remove_file(&file);
        browser.allow_clipboard();
        browser.downloads_to(&out);
        let mut tab = browser.tab();
        opened_at(&mut tab, "set=tier.l2.ttl=10s");
        for (button, copied) in [
            ("#copy-link", "#set=tier.l2.ttl=10s"),
            ("#command + button", "herdlab run canned.toml --replications 4"),
            ("#toml + button", "name = \"canned\""),
        ] {
            tab.eval(&format!("document.querySelector('{button}').click()"));
            wait_for(&mut tab, &format!("document.querySelector('{button}').textContent === 'Copied'"));
            let text = tab.text("navigator.clipboard.readText()");
            assert!(text.ends_with(copied), "{text}");
        }
        tab.eval("document.querySelector('#save-results').click()");
        let start = std::time::Instant::now();
        while std::fs::read_to_string(&file).unwrap_or_default() != "{ \"canned\": true }\n" {
            assert!(start.elapsed() < std::time::Duration::from_secs(60), "no results.json");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
}
