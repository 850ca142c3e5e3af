//! The page as a picture of its whole length: every chart is there, no text covers another, what goes on beyond an edge
//! says so.

use std::fs;
use std::time::{Duration, Instant};

use super::devtools::Tab;
use super::{SCENARIOS, folder, herdlab, report, with_browser};

/// Plots that show no line, no dot and no bar.
const BARE: &str = "[...document.querySelectorAll('svg.plot')].filter((plot) => !plot.querySelector('.curve, .sign')).length";

/// Plots that were drawn for another width than they have.
const STALE: &str = "[...document.querySelectorAll('svg.plot')].filter((plot) => plot.getBoundingClientRect().width > 0 && Math.abs(plot.viewBox.baseVal.width - plot.getBoundingClientRect().width) > 2).length";

/// Pairs of texts of one picture that cover each other, as they are shown.
pub const COVERED: &str = "[...document.querySelectorAll('svg')].flatMap((picture) => {
  const texts = [...picture.querySelectorAll('text')].map((one) => [one.textContent, one.getBoundingClientRect()])
    .filter(([text, box]) => text && box.width > 0);
  return texts.flatMap(([text, box], index) => texts.slice(index + 1)
    .filter(([, other]) => Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1
      && Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 3)
    .map(([other]) => `${picture.closest('figure')?.id}: ${text} / ${other}`));
}).join('\\n')";

/// Widths that plots were drawn for and have, and whether the page is shown: what a page that does not settle is asked.
const WIDTHS: &str = "[document.visibilityState, innerWidth, ...[...document.querySelectorAll('svg.plot')].map((plot) => `${plot.viewBox.baseVal.width}/${plot.getBoundingClientRect().width}`)].join(' ')";

/// Waits until every plot is drawn for the width that it has. The limit is only for a page that never settles: machines
/// may be busy.
fn settle(tab: &mut Tab<'_>, case: &str) {
    let start = Instant::now();
    while tab.eval(STALE) != 0 {
        if start.elapsed() > Duration::from_secs(120) {
            panic!("{case}: charts keep their old width: {}", tab.text(WIDTHS));
        }
        std::thread::sleep(Duration::from_millis(50));
        // Observers of sizes run when a frame is rendered, and a browser without a screen may put frames off for as long as
        // nobody looks. A picture is a look.
        tab.window();
    }
}

#[test]
fn every_chart_is_drawn_before_anybody_scrolls_and_follows_the_window() {
    with_browser(|browser| {
        for scenario in SCENARIOS {
            let mut tab = browser.tab();
            tab.open(&report(scenario));
            assert_eq!(tab.eval(BARE), 0, "{scenario}: charts out of sight are empty");
            tab.resize(700, 500);
            settle(&mut tab, &format!("{scenario} in a small window"));
            tab.resize(1280, 9000);
            settle(&mut tab, &format!("{scenario} in a tall window"));
            assert_eq!(tab.eval(BARE), 0, "{scenario}: charts of a tall window are empty");
            fs::write(folder().join(format!("{scenario}-tall.png")), tab.window()).unwrap();
        }
    });
}

#[test]
fn no_label_covers_another() {
    with_browser(|browser| {
        for scenario in SCENARIOS {
            let mut tab = browser.tab();
            tab.open(&report(scenario));
            for width in [360, 820, 1280] {
                tab.resize(width, 800);
                settle(&mut tab, &format!("{scenario} at {width}"));
                assert_eq!(tab.text(COVERED), "", "{scenario} at {width}");
            }
            // The pictures, which also stand in `charts/`.
            tab.eval(
                "document.querySelectorAll('figure').forEach((one) => one.classList.remove('responsive'))",
            );
            assert_eq!(tab.text(COVERED), "", "{scenario}, pictures");
        }
    });
}

/// Long names on an axis of words, decades on one of numbers, and many values.
#[test]
fn labels_of_a_sweep_keep_clear_of_each_other() {
    with_browser(|browser| {
        for (name, axes) in [
            (
                "names",
                &[
                    "tier.l2.jitter=none,{ around = \"10%\" },{ plus = \"5%\" },{ around = \"25%\" },{ plus = \"50%\" }",
                ][..],
            ),
            ("decades", &["tier.l2.ttl=1s,2s,3s,10s,11s,100s,110s,1000s,1100s,1200s"]),
            ("maps", &["tier.l2.ttl=1s..40s:step 1s", "tier.l2.jitter=none,{ around = \"10%\" }"]),
        ] {
            let out = folder().join(format!("labels-{name}"));
            let mut arguments =
                vec!["sweep", "ttl-sweep", "--duration", "2s", "--replications", "2", "--quiet"];
            axes.iter().for_each(|axis| arguments.extend(["--sweep", axis]));
            arguments.extend(["--set", "warmup=1s", "--out", out.to_str().unwrap()]);
            herdlab(&arguments);
            let mut tab = browser.tab();
            tab.open(&out.join("index.html"));
            tab.resize(1280, 800);
            assert_eq!(tab.text(COVERED), "", "{name}");
        }
    });
}

#[test]
fn a_table_that_goes_on_beyond_the_window_says_so() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&report("stampede"));
        let told = "JSON.stringify([...document.querySelectorAll('.wide')].map((one) => [one.scrollWidth > one.clientWidth + 1, getComputedStyle(one, '::before').display !== 'none']))";
        let mut wide = 0;
        for width in [660, 1280] {
            tab.resize(width, 800);
            let tables: Vec<(bool, bool)> = serde_json::from_str(&tab.text(told)).unwrap();
            assert!(!tables.is_empty());
            for (index, (goes_on, says)) in tables.into_iter().enumerate() {
                assert_eq!(goes_on, says, "table {index} at {width}");
                wide += usize::from(goes_on);
            }
        }
        assert!(wide > 0, "no table was too wide for 660 pixels");
        let shade = "getComputedStyle(document.querySelector('.wide')).backgroundAttachment";
        assert!(tab.text(shade).contains("local, local, scroll, scroll"));
    });
}
