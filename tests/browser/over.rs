//! A second run that is laid over a page.

use std::path::PathBuf;

use super::{folder, herdlab, report, with_browser};

/// Lines of the second run in the chart of database load.
const LINES: &str = "document.querySelectorAll('#database-load svg.plot path.curve[stroke-opacity]').length";
const HASH: &str = "location.hash";
const READOUT: &str = "document.querySelector('#database-load .readout').innerText";

/// The stampede, with another seed and three of its variants laid over it.
fn laid() -> PathBuf {
    let run = report("stampede");
    let (other, out) = (folder().join("other"), folder().join("over"));
    let [other, out_text] = [other.to_str().unwrap(), out.to_str().unwrap()];
    let mut arguments =
        vec!["run", "stampede", "--seed", "7", "--replications", "2", "--quiet", "--out", other];
    for variant in ["ttl only", "jitter", "singleflight"] {
        arguments.extend(["--variant", variant]);
    }
    herdlab(&arguments);
    herdlab(&[
        "report",
        run.to_str().unwrap().strip_suffix("index.html").unwrap(),
        "--over",
        other,
        "--out",
        out_text,
    ]);
    out.join("index.html")
}

#[test]
fn one_button_hides_the_second_run_in_all_charts() {
    with_browser(|browser| {
        let page = laid();
        let mut tab = browser.tab();
        tab.open(&page);
        assert_eq!(tab.eval(LINES), 3);
        let [left, top, width, height] = tab.show("#database-load svg.plot");
        tab.hover(left + 0.5 * width, top + 0.6 * height);
        let readout = tab.text(READOUT);
        assert!(
            readout.lines().any(|line| line.contains("jitter, ") && line.contains("browser/other")),
            "{readout}"
        );
        tab.eval("document.querySelector('.variants .over').click()");
        assert_eq!((tab.eval(LINES), tab.text(HASH)), (0.into(), "#over=off".to_owned()));
        drop(tab);
        let mut tab = browser.tab();
        tab.open_at(&page, "over=off&hide=jitter");
        // What is far from the screen is drawn when there is time.
        tab.show("#database-load svg.plot");
        assert_eq!(tab.eval(LINES), 0);
        tab.eval("document.querySelector('.variants .over').click()");
        assert_eq!((tab.eval(LINES), tab.text(HASH)), (2.into(), "#hide=jitter".to_owned()));
        assert_eq!(tab.problems(&page), Vec::<String>::new());
    });
}
