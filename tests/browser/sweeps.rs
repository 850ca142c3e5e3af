//! The page of a sweep on a phone and on paper.

use super::{folder, herdlab, with_browser};

/// Three axes, so that there are several maps, a front and a table of many columns.
fn swept() -> std::path::PathBuf {
    let out = folder().join("sweep");
    let mut arguments = vec!["sweep", "ttl-sweep", "--duration", "5s", "--replications", "2", "--quiet"];
    for axis in ["tier.l2.ttl=10s,20s", "tier.l2.capacity=500,1000", "database.servers=5,10"] {
        arguments.extend(["--sweep", axis]);
    }
    arguments.extend(["--out", out.to_str().unwrap()]);
    herdlab(&arguments);
    out.join("index.html")
}

#[test]
fn words_and_tables_of_a_sweep_fit_a_phone_and_wide_pictures_say_that_they_go_on() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&swept());
        tab.resize(390, 800);
        let widest = "Math.max(...[...document.querySelectorAll('main *')].filter((one) => !one.closest('.still, pre')).map((one) => one.getBoundingClientRect().right))";
        assert!(tab.eval(widest).as_f64().unwrap() <= 390.0);
        let hint = "[...document.querySelectorAll('.still')].filter((one) => getComputedStyle(one, '::before').content.includes('swipe')).length";
        assert_eq!(tab.eval(hint), 5, "one for each picture");
        tab.resize(1280, 800);
        assert_eq!(tab.eval(hint), 0);
    });
}

#[test]
fn a_printed_sweep_has_its_scenario_and_no_page_for_the_footer_alone() {
    with_browser(|browser| {
        let mut tab = browser.tab();
        tab.open(&swept());
        tab.media("print", "light");
        let source = "[...document.querySelectorAll('pre')].some((one) => one.innerText.includes('[sweep.axes]') && one.getBoundingClientRect().height > 100)";
        assert_eq!(tab.eval(source), true);
        assert_eq!(tab.text("getComputedStyle(document.querySelector('footer')).breakBefore"), "avoid");
    });
}

/// Two axes whose cells include the file itself, and a limit that one cell breaks.
const TINY: &str = r#"
name = "sliders"
question = "How long?"
duration = "10s"
replications = 4

[workload]
arrivals = { poisson = { rate = 200 } }
keys = 100
popularity = { zipf = { exponent = 0.9 } }

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
network = { exponential = { mean = "1ms" } }

[database]
read = { exponential = { mean = "5ms" } }

[[threshold]]
measure = "db.qps.mean"
max = 60

[sweep]
measures = ["db.qps.mean", "hit_ratio"]

[sweep.axes]
"tier.l2.ttl" = ["500ms", "1s", "2s", "4s"]
"workload.keys" = [50, 100]

[[variant]]
name = "cache"

[[variant]]
name = "fixed"
set = { "tier.l2.ttl" = "3s" }
"#;

fn with_sliders() -> std::path::PathBuf {
    let out = folder().join("sliders");
    std::fs::create_dir_all(&out).unwrap();
    let file = out.join("sliders.toml");
    std::fs::write(&file, TINY).unwrap();
    herdlab(&["sweep", file.to_str().unwrap(), "--quiet", "--force", "--out", out.to_str().unwrap()]);
    out.join("index.html")
}

const FIGURE: &str = "document.querySelector('#setting .live strong').textContent";
const FIRST_DIFFERENCE: &str = "document.querySelector('#setting .live small span')?.textContent ?? ''";
const VERDICT: &str = "document.querySelector('#setting .live .verdict').textContent";

#[test]
fn sliders_show_simulated_cells_and_the_address_keeps_them() {
    with_browser(|browser| {
        let page = with_sliders();
        let record: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(page.with_file_name("sweep.json")).unwrap())
                .unwrap();
        let loads = |cell: usize| -> Vec<f64> {
            let values = record["cells"][cell]["variants"][0][0]["values"].as_array().unwrap();
            values.iter().filter_map(serde_json::Value::as_f64).collect()
        };
        let mut tab = browser.tab();
        tab.open(&page);
        // Today: 1s and 100 keys.
        assert_eq!(tab.eval("document.querySelector('#axis-0').value"), "1");
        assert_eq!(tab.eval("document.querySelector('#axis-1').value"), "1");
        assert_eq!((tab.text("location.hash"), tab.text(FIRST_DIFFERENCE)), (String::new(), String::new()));
        let today = tab.text(FIGURE);
        tab.eval("document.querySelector('#axis-0').focus()");
        tab.key("ArrowRight");
        tab.key("ArrowRight");
        assert_eq!(tab.eval("document.querySelector('.slider output').textContent"), "4s");
        assert_ne!(tab.text(FIGURE), today);
        // Two of the two axes' cells come before each value of the first.
        let differences: Vec<f64> =
            loads(7).iter().zip(loads(3)).map(|(after, before)| after - before).collect();
        let mean = differences.iter().sum::<f64>() / 4.0;
        let square = |one: &f64| (one - mean).powi(2);
        let half = 3.182446 * (differences.iter().map(square).sum::<f64>() / 3.0 / 4.0).sqrt();
        let decimals = (-half.log10().floor()).max(0.0) as usize;
        let expected = format!("−{:.decimals$} ± {half:.decimals$}/s", -mean);
        assert_eq!(tab.text(FIRST_DIFFERENCE), expected);
        assert_eq!(tab.eval("document.querySelector('#setting .live small span').className"), "better");
        let hash = tab.text("location.hash");
        assert_eq!(hash, "#cell=7");
        // In both maps: a frame and its rim.
        assert_eq!(tab.eval("document.querySelectorAll('.here.current').length"), 2);
        assert_eq!(tab.eval("document.querySelectorAll('.here.compared').length"), 2);
        let figure = tab.text(FIGURE);
        assert_eq!(tab.problems(&page), Vec::<String>::new());
        drop(tab);

        let mut tab = browser.tab();
        tab.open_at(&page, "cell=7&with=0");
        assert_eq!(tab.text(FIGURE), figure);
        assert!(tab.text("document.querySelector('#setting .live .soft').textContent").contains("500ms"));
        drop(tab);
        for nonsense in ["cell=99&with=x", "cell=-1", "cell=%E0%A4%A"] {
            let mut tab = browser.tab();
            tab.open_at(&page, nonsense);
            assert_eq!(tab.text(FIGURE), today, "{nonsense}");
            assert_eq!(tab.problems(&page), Vec::<String>::new());
        }
    });
}

#[test]
fn a_click_on_a_cell_goes_there_and_a_pinned_variant_holds_its_slider() {
    with_browser(|browser| {
        let page = with_sliders();
        let mut tab = browser.tab();
        tab.open(&page);
        let [left, top, width, height] = tab.show("#charts rect.spot[data-spot=\"1\"]");
        tab.click(left + width / 2.0, top + height / 2.0, 1);
        assert_eq!(tab.text("location.hash"), "#cell=1");
        assert!(tab.text(VERDICT).contains("not safe"), "{}", tab.text(VERDICT));
        let reasons = tab.text("document.querySelector('#setting .live .why').textContent");
        assert!(reasons.contains("database load exceeds 60/s"), "{reasons}");
        tab.eval("{ const choice = document.querySelector('#variant'); choice.value = 1; choice.dispatchEvent(new Event('input')); }");
        assert_eq!(tab.eval("document.querySelector('#axis-0').disabled"), true);
        assert_eq!(tab.eval("document.querySelector('.slider output').textContent"), "3s (pinned)");
        // Compared with this one, it is the cell itself.
        tab.eval("document.querySelector('.sliders button:nth-child(2)').click()");
        assert_eq!(tab.text(FIRST_DIFFERENCE), "");
        assert!(tab.text("location.hash").contains("&with="));
        tab.media("print", "light");
        assert_eq!(tab.eval("getComputedStyle(document.querySelector('#setting .live')).display"), "none");
        assert_eq!(
            tab.eval("getComputedStyle(document.querySelector('#setting .printed')).display"),
            "block"
        );
        assert!(
            tab.text("document.querySelector('#setting .printed').innerText")
                .contains("Today: tier.l2.ttl = 1s")
        );
    });
}

#[test]
fn without_a_script_the_page_shows_today_and_the_table() {
    with_browser(|browser| {
        let page = with_sliders();
        let mut tab = browser.tab();
        tab.without_scripts();
        tab.open(&page);
        let seen = "[...document.querySelectorAll('#setting .printed, #cells table')].filter((one) => one.getBoundingClientRect().height > 50).length";
        assert_eq!(tab.eval(seen), 2);
        assert_eq!(tab.eval("document.querySelectorAll('input, select').length"), 0);
        assert_eq!(tab.eval("document.querySelector('.hint').getBoundingClientRect().height"), 0);
    });
}

#[test]
fn pictures_of_a_sweep_at_three_widths_and_in_the_dark() {
    with_browser(|browser| {
        let page = with_sliders();
        for (name, width, scheme) in [
            ("phone", 390, "light"),
            ("laptop", 1280, "light"),
            ("wide", 1800, "dark"),
            ("phone-dark", 390, "dark"),
        ] {
            let mut tab = browser.tab();
            tab.media("screen", scheme);
            tab.open_at(&page, "cell=1");
            tab.resize(width, 900);
            std::fs::write(folder().join(format!("sliders-{name}.png")), tab.screenshot()).unwrap();
            let widest = "Math.max(...[...document.querySelectorAll('main *')].filter((one) => !one.closest('.still, pre')).map((one) => one.getBoundingClientRect().right))";
            assert!(tab.eval(widest).as_f64().unwrap() <= f64::from(width), "{name}");
        }
    });
}
