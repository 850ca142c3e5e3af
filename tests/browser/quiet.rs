//! The page opens without a complaint, asks for nothing, and fits every window.

use std::fs;
use std::path::Path;

use super::{SCENARIOS, folder, herdlab, report, with_browser};

/// Everything that must be true of a page that has been opened.
const DRAWN: &str =
    "[...document.querySelectorAll('figure')].every((figure) => figure.classList.contains('responsive'))";

#[test]
fn reports_are_quiet_load_nothing_and_fit_every_window() {
    with_browser(|browser| {
        for scenario in SCENARIOS {
            let file = report(scenario);
            let mut tab = browser.tab();
            tab.open(&file);
            assert!(tab.eval(DRAWN).as_bool().unwrap(), "{scenario}: some chart is a picture");
            for (width, scheme) in
                [(360, "light"), (820, "light"), (1280, "light"), (360, "dark"), (1280, "dark")]
            {
                tab.media("screen", scheme);
                tab.resize(width, 800);
                let picture = tab.screenshot();
                fs::write(folder().join(format!("{scenario}-{width}-{scheme}.png")), &picture).unwrap();
                let wide = tab.eval("document.documentElement.scrollWidth").as_u64().unwrap();
                assert_eq!(wide, u64::from(width), "{scenario} at {width} is wider than its window");
                let paper = tab.text("getComputedStyle(document.body).backgroundColor");
                let expected = if scheme == "dark" { "rgb(21, 24, 27)" } else { "rgb(255, 255, 255)" };
                assert_eq!(paper, expected, "{scenario} at {width}, {scheme}");
                // A window that shows something takes more than a few kilobytes.
                assert!(picture.len() > 30_000, "{scenario} at {width}: {} bytes", picture.len());
                let bare = "[...document.querySelectorAll('svg.plot')].filter((plot) => !plot.querySelector('.curve')).length";
                assert_eq!(tab.eval(bare), 0, "{scenario} at {width}: plots without a line");
            }
            assert_eq!(tab.problems(&file), Vec::<String>::new(), "{scenario}");
        }
    });
}

/// What the test above relies on.
#[test]
fn a_page_that_loads_or_fails_is_found_out() {
    with_browser(|browser| {
        let page = fs::read_to_string(report("tiers")).unwrap();
        let loading = "<img src=\"https://example.invalid/a.png\">";
        for (name, addition, found) in [
            ("loads.html", loading, "violates the following Content Security Policy"),
            (
                "runs.html",
                "<script>document.title = 'changed'</script>",
                "violates the following Content Security Policy",
            ),
        ] {
            let file = folder().join(name);
            fs::write(&file, page.replacen("<main>", &format!("<main>{addition}"), 1)).unwrap();
            let mut tab = browser.tab();
            tab.open(&file);
            let problems = tab.problems(&file);
            assert!(problems.iter().any(|problem| problem.contains(found)), "{name}: {problems:?}");
            assert_ne!(tab.text("document.title"), "changed");
        }
        // Without the policy the request would go out, and would be seen.
        let file = folder().join("open.html");
        fs::write(&file, format!("<!DOCTYPE html>{loading}")).unwrap();
        let mut tab = browser.tab();
        tab.open(&file);
        let problems = tab.problems(&file);
        assert!(problems.contains(&"request for https://example.invalid/a.png".to_owned()), "{problems:?}");
    });
}

#[test]
fn without_scripts_and_on_static_pages_the_pictures_stand() {
    with_browser(|browser| {
        let shown = "[...document.querySelectorAll('.still svg')].filter((picture) => picture.getBoundingClientRect().height > 50).length";
        let charts = "document.querySelectorAll('figure').length";
        let file = report("stampede");
        let mut tab = browser.tab();
        tab.without_scripts();
        tab.open(&file);
        // What is asked from outside is not a script of the page.
        assert_eq!(tab.eval(shown), tab.eval(charts));
        assert!(
            tab.eval("document.querySelector('noscript p').getBoundingClientRect().height").as_f64().unwrap()
                > 10.0
        );
        drop(tab);
        let out = folder().join("static");
        herdlab(&["report", results_of(&file).to_str().unwrap(), "--static", "--out", out.to_str().unwrap()]);
        let mut tab = browser.tab();
        let file = out.join("index.html");
        tab.open(&file);
        assert_eq!(tab.eval(shown), tab.eval(charts));
        assert_eq!(tab.eval("document.scripts.length"), 0);
        assert_eq!(tab.problems(&file), Vec::<String>::new());
    });
}

fn results_of(page: &Path) -> std::path::PathBuf {
    page.with_file_name("results.json")
}

const EVIL: &str =
    "<script>document.title='changed'</script>\\\"'&</script><img src=x onerror=alert(1)>\u{2028}";

/// A scenario with markup in every text that it may hold.
fn hostile() -> String {
    format!(
        r#"
name = "hostile"
question = "Why {EVIL}?"
duration = "20s"
warmup = "2s"
replications = 6
headline = ["db.qps.peak"]
baseline = "base {EVIL}"

[answer]
text = "Because {EVIL}."
digest = "{}"
claims = []

[clients]
instances = 2
[workload]
arrivals = {{ poisson = {{ rate = 200 }} }}
keys = 500
[[tier]]
name = "l2"
scope = "shared"
ttl = "none"
[database]
read = "10ms"
[[event]]
at = "10s"
what = {{ flush = {{ tier = "l2" }} }}
[[variant]]
name = "base {EVIL}"
[[variant]]
name = "other {EVIL}"
[variant.set]
"tier.l2.ttl" = "3s"
"#,
        "0".repeat(64)
    )
}

#[test]
fn markup_in_every_string_of_a_scenario_stays_text() {
    with_browser(|browser| {
        let out = folder().join("hostile");
        fs::create_dir_all(&out).unwrap();
        let scenario = out.join("hostile.toml");
        fs::write(&scenario, hostile()).unwrap();
        herdlab(&["run", scenario.to_str().unwrap(), "--quiet", "--out", out.to_str().unwrap()]);
        let file = out.join("index.html");
        let mut tab = browser.tab();
        tab.open(&file);
        let [left, top, width, height] = tab.show("#database-load svg.plot");
        tab.hover(left + width / 2.0, top + height / 2.0);
        let seen = tab.text("document.querySelector('#database-load .readout').textContent");
        assert!(
            seen.contains("base <script>document.title='changed'</script>\"'&</script><img src=x"),
            "{seen}"
        );
        assert_eq!(tab.eval("document.querySelectorAll('main script, main img').length"), 0);
        assert_eq!(tab.eval(DRAWN), true);
        assert!(tab.text("document.title").starts_with("Why <script>document.title='changed'</script>"));
        assert_eq!(tab.problems(&file), Vec::<String>::new());
    });
}
