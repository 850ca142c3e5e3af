//! Charts are saved as they are shown: as SVG, as PNG, and their values as CSV.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use herdlab::record::Record;
use herdlab::report::png;

use super::devtools::Tab;
use super::{folder, report, with_browser};

/// Presses a button of the chart of database load, and gives the file that the browser leaves.
fn saved(tab: &mut Tab<'_>, folder: &Path, kind: &str) -> PathBuf {
    let file = folder.join(format!("database-load.{}", kind.to_lowercase()));
    let _ = fs::remove_file(&file);
    tab.eval(&format!(
        "[...document.querySelectorAll('#database-load .save button')].find((one) => one.textContent === '{kind}').click()"
    ));
    // A browser reserves the name with an empty file first.
    let length = || fs::metadata(&file).map_or(0, |metadata| metadata.len());
    let start = Instant::now();
    let mut before = 0;
    while before == 0 || length() != before {
        assert!(start.elapsed() < Duration::from_secs(60), "no {}", file.display());
        before = length();
        std::thread::sleep(Duration::from_millis(50));
    }
    file
}

#[test]
fn a_chart_is_saved_as_picture_and_as_values() {
    with_browser(|browser| {
        let out = folder().join("saved");
        fs::create_dir_all(&out).unwrap();
        browser.downloads_to(&out);
        let page = report("tiers");
        let record: Record =
            serde_json::from_str(&fs::read_to_string(page.with_file_name("results.json")).unwrap()).unwrap();
        let hidden = &record.variants[1].name;
        let mut tab = browser.tab();
        tab.open_at(&page, &format!("t=30-40&hide={}", hidden.replace(' ', "%20")));

        let svg = fs::read_to_string(saved(&mut tab, &out, "SVG")).unwrap();
        assert!(
            svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"")
                && svg.contains("Database load over time")
        );
        assert!(!svg.contains("class=") && !svg.contains("var("), "it needs no style sheet");
        // Another program draws it: of a colour from the style sheet and of the paper there are pixels.
        png::from_svg(&svg).unwrap();

        let picture = fs::read(saved(&mut tab, &out, "PNG")).unwrap();
        let width =
            tab.eval("document.querySelector('#database-load .panels').clientWidth").as_u64().unwrap();
        let pixels = u32::from_be_bytes(picture[16..20].try_into().unwrap());
        assert_eq!((&picture[1..4], u64::from(pixels)), (&b"PNG"[..], 2 * (width + 28)));

        let values = fs::read_to_string(saved(&mut tab, &out, "CSV")).unwrap();
        let mut lines = values.lines();
        assert_eq!(lines.next(), Some("panel,series,time_s,requests to the database (1/s),lowest,highest"));
        assert!(!values.contains(&format!(",{hidden},")), "{hidden} is hidden");
        let first = &record.variants[0];
        let value = |series: &str| first.series(series).unwrap().values[30].unwrap();
        let expected = format!(
            "{0},{0},30,{1},{2},{3}",
            first.name,
            value("db.qps.first"),
            value("db.qps.low"),
            value("db.qps.high")
        );
        assert!(lines.clone().any(|line| line == expected), "{expected} is missing in\n{values}");
        let times = lines.map(|line| line.split(',').nth(2).unwrap().parse::<f64>().unwrap());
        assert!(times.clone().count() > 10 && times.into_iter().all(|time| (29.0..=40.0).contains(&time)));
        assert_eq!(tab.problems(&page), Vec::<String>::new());
    });
}
