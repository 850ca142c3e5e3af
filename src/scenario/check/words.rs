//! The names of measures in a scenario: the headline, and the placeholders and claims of its answer and of its
//! findings about the practice.

use crate::catalog::claim::{Claim, Piece, Reference, pieces};
use crate::catalog::{CATALOG, find};
use crate::declare::diagnostic::{Diagnostic, Span, suggestion};
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value};
use crate::declare::vocabulary::{self, MeasureHint};
use crate::model::{Answer, Model, Practice, Precision, Variant};

/// Reports headline measures that no variant has.
pub(super) fn check_headline(cx: &mut Context, root: &Node, headline: &[String], variants: &[Variant]) {
    let known = known_measures(variants.iter().map(|variant| &variant.model));
    let Some(Value::Array(items)) = root.get("headline").map(|node| &node.value) else { return };
    for (name, node) in headline.iter().zip(items) {
        if let Err((label, help)) = measure(name, &known) {
            let title = format!("unknown measure \"{name}\"");
            cx.report(Diagnostic::new(title, node.span, label).help(help));
        }
    }
}

/// Reports a measure of `precision` that some variant lacks.
pub(super) fn check_precision(
    cx: &mut Context,
    root: &Node,
    precision: Option<&Precision>,
    variants: &[Variant],
) {
    let Some(precision) = precision else { return };
    let Some(place) = root.get("precision").and_then(|node| node.get("measure")) else { return };
    for variant in variants {
        let known = known_measures(std::iter::once(&variant.model));
        if let Err((label, help)) = measure(&precision.measure, &known) {
            let title = format!("unknown measure \"{}\"", precision.measure);
            return cx.report(Diagnostic::new(title, place.span, label).help(help));
        }
    }
}

/// Reports placeholders and claims that do not parse, or name what does not exist.
pub(super) fn check_answer(cx: &mut Context, root: &Node, answer: Option<&Answer>, variants: &[Variant]) {
    let (Some(answer), Some(node)) = (answer, root.get("answer")) else { return };
    check_text(cx, "the answer", node.get("text"), &answer.text, variants);
    check_claims(cx, node.elements("claims"), &answer.claims, variants);
}

/// The same for `[[practice]]`.
pub(super) fn check_practice(cx: &mut Context, root: &Node, practice: &[Practice], variants: &[Variant]) {
    for (finding, node) in practice.iter().zip(root.elements("practice")) {
        check_text(cx, "the finding", node.get("text"), &finding.text, variants);
        check_claims(cx, node.elements("tests"), &finding.tests, variants);
    }
}

fn check_text(cx: &mut Context, whose: &str, place: Option<&Node>, text: &str, variants: &[Variant]) {
    let Some(place) = place else { return };
    match pieces(text) {
        Err(reason) => {
            let title = format!("wrong placeholder in {whose}");
            cx.report(Diagnostic::new(title, place.span, reason));
        }
        Ok(pieces) => {
            for piece in &pieces {
                if let Piece::Value(reference) = piece {
                    check_reference(cx, place, reference, variants);
                }
            }
        }
    }
}

fn check_claims(cx: &mut Context, places: &[Node], claims: &[String], variants: &[Variant]) {
    for (claim, place) in claims.iter().zip(places) {
        match Claim::parse(claim) {
            Err(reason) => cx.report(
                Diagnostic::new("not a claim", place.span, reason)
                    .help("for example \"{xfetch:db.qps.peak} < 0.5 * {ttl only:db.qps.peak}\""),
            ),
            Ok(claim) => {
                for reference in claim.references() {
                    check_reference(cx, place, reference, variants);
                }
            }
        }
    }
}

fn check_reference(cx: &mut Context, place: &Node, reference: &Reference, variants: &[Variant]) {
    let Some(variant) = variants.iter().find(|variant| variant.name == reference.variant) else {
        let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
        return cx.report(unknown_variant(&reference.variant, &names, place.span));
    };
    if let Err((label, help)) = measure(&reference.measure, &known_measures(std::iter::once(&variant.model)))
    {
        let title = format!("unknown measure \"{}\"", reference.measure);
        cx.report(Diagnostic::new(title, place.span, label).help(help));
    }
}

/// A name in the file that is no variant's.
pub(super) fn unknown_variant(name: &str, names: &[&str], place: Span) -> Diagnostic {
    let label = suggestion(name, names.iter().copied(), "unknown name");
    let title = format!("no variant is called \"{name}\"");
    Diagnostic::new(title, place, label).help(format!("variants: {}", names.join(", ")))
}

/// Whether a measure exists; else the label and the help of the message.
pub(crate) fn measure(name: &str, known: &[String]) -> Result<(), (String, String)> {
    if known.iter().any(|known| known == name) {
        return Ok(());
    }
    if let Some((label, help)) = foreign_measure(name) {
        return Err((label, help));
    }
    let label = suggestion(name, known.iter().map(String::as_str), "not a measure");
    let help = match find(name) {
        Some(info) => format!("{} needs a name of this scenario in its middle", info.pattern),
        None => {
            "for example hit_ratio, db.qps.peak, latency.all.p99_ms; `herdlab explain` lists all".to_owned()
        }
    };
    Err((label, help))
}

/// The measures that a word of the trade may mean: the label and the help of the message.
pub(super) fn foreign_measure(name: &str) -> Option<(String, String)> {
    let row = vocabulary::row(name).filter(|_| find(name).is_none())?;
    let meanings: Vec<String> = row.measures.iter().map(MeasureHint::words).collect();
    Some((row.question_of_measures()?, meanings.join("; ")))
}

/// Every measure that one of the models has.
pub(crate) fn known_measures<'m>(models: impl Iterator<Item = &'m Model>) -> Vec<String> {
    let (mut tiers, mut classes, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for model in models {
        tiers.extend(model.tiers.iter().map(|tier| tier.name.as_str()));
        // The measures of a single class are those of the run.
        let of_classes = model.workload.classes.iter().map(|class| class.name.as_str());
        classes.extend(of_classes.filter(|_| model.workload.classes.len() > 1));
        events.extend(model.events.iter().map(|event| event.label.as_str()));
    }
    let mut known = Vec::new();
    for info in CATALOG {
        let names = match info.pattern {
            pattern if pattern.contains("<tier>") => ("<tier>", &tiers),
            pattern if pattern.contains("<class>") => ("<class>", &classes),
            pattern if pattern.contains("<event>") => ("<event>", &events),
            pattern => {
                known.push(pattern.to_owned());
                continue;
            }
        };
        let (placeholder, names) = names;
        known.extend(names.iter().map(|name| info.pattern.replace(placeholder, name)));
    }
    known.sort();
    known.dedup();
    known
}
