//! The what-if page: with an engine from a tin, and with the one that the program has inside.

mod canned;
mod faults;
mod hands;
mod pure;
mod real;
mod shown;

use std::time::{Duration, Instant};

use crate::devtools::Tab;

/// Waits until an expression is true. The limit is only for a page that never gets there: machines may be busy.
fn wait_for(tab: &mut Tab<'_>, condition: &str) {
    let start = Instant::now();
    while tab.eval(condition) != true {
        let failed =
            tab.eval("document.body.classList.contains('failed')") == true && !condition.contains("fatal");
        if failed || start.elapsed() > Duration::from_secs(120) {
            panic!("never true: {condition}; the page shows\n{}", tab.text("document.body.innerText"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every replication is in the figures on show.
const DONE: &str = "document.body.classList.contains('ready') && document.querySelector('#results').getAttribute('aria-busy') === 'false'";

/// What the board shows: a row for each measure, a text for each column.
const BOARD: &str = "[...document.querySelectorAll('#board tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent.replace(/\\s+/g, ' ').trim()).join(' | ')).join('\\n')";

const ADDRESS: &str = "location.hash";
