//! Everything that is made from a record, but for the pictures of dots.

use herdlab::experiment::answer::answer;
use herdlab::experiment::comparison::compare;
use herdlab::record::Record;
use herdlab::report::drawing::Heading;
use herdlab::report::html::Charts;
use herdlab::report::{charts, csv, draw, html, markdown, summary, table};

/// Draws it all; panics where something cannot be drawn.
pub fn draw_all(record: &Record) {
    let comparison = compare(record);
    let answer = answer(record, &comparison);
    let figures = charts::figures(record, &comparison);
    for figure in &figures {
        draw::to_svg(figure, Heading::Inside).unwrap_or_else(|problem| panic!("{problem}"));
    }
    for charts in [Charts::Interactive, Charts::Static] {
        html::render(record, &comparison, &answer, &figures, charts)
            .unwrap_or_else(|problem| panic!("{problem}"));
    }
    summary::render(record, &comparison, &answer).unwrap_or_else(|problem| panic!("{problem}"));
    for width in [0, 80, 200] {
        table::page(record, &comparison, &answer, width, true);
    }
    markdown::render(record, &comparison, &answer);
    csv::summary(record, &comparison);
    csv::timeseries(record);
    csv::percentiles(record);
}
