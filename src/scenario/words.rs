//! The names of measures in a scenario: the headline, and the figures and claims of its answer.

use super::diagnostic::{Diagnostic, nearest};
use super::fields::Context;
use super::file::{Node, Value};
use super::model::{Answer, Model, Variant};
use crate::measure::catalog::{CATALOG, find};

/// A piece of an answer's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// `{variant:measure}`: the mean of the measure over the replications of the variant.
    Figure(Figure),
}

/// A measure of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub variant: String,
    pub measure: String,
}

/// Splits an answer's text at its placeholders.
///
/// ```
/// use herdlab::scenario::words::{Figure, Piece, pieces};
/// let parsed = pieces("Load falls to {ttl only:db.qps.peak}.").unwrap();
/// let figure = Figure { variant: "ttl only".into(), measure: "db.qps.peak".into() };
/// assert_eq!(parsed[1], Piece::Figure(figure));
/// assert!(pieces("Load falls to {db.qps.peak}.").is_err());
/// ```
///
/// # Errors
/// Says which brace is not a placeholder.
pub fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(brace) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(brace);
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let (figure, after) = figure(from)?;
        pieces.push(Piece::Figure(figure));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// Reads `{variant:measure}` at the start of a text; gives what follows as well.
fn figure(text: &str) -> Result<(Figure, &str), String> {
    let inner = text.strip_prefix('{').ok_or("a '}' without its '{'")?;
    let (inside, after) = inner.split_once('}').ok_or("a '{' without its '}'")?;
    let (variant, measure) = inside
        .split_once(':')
        .ok_or_else(|| format!("{{{inside}}} is not a placeholder: expected {{variant:measure}}"))?;
    let figure = Figure { variant: variant.trim().to_owned(), measure: measure.trim().to_owned() };
    Ok((figure, after))
}

/// A comparison that must hold for an answer's words to be true:
/// `{xfetch:db.qps.peak} < 0.5 * {ttl only:db.qps.peak}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub left: Expression,
    pub order: Order,
    pub right: Expression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// A number computed from figures.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    Number(f64),
    Figure(Figure),
    Operation(Box<Expression>, Operator, Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Plus,
    Minus,
    Times,
    Over,
}

impl Claim {
    /// Parses two expressions of numbers, placeholders, `+ - * /` and parentheses around one of
    /// `<`, `<=`, `>`, `>=`.
    ///
    /// # Errors
    /// Says what was expected where.
    pub fn parse(text: &str) -> Result<Claim, String> {
        let mut parser = Parser { rest: text };
        let left = parser.sum()?;
        let order =
            [("<=", Order::AtMost), (">=", Order::AtLeast), ("<", Order::Less), (">", Order::Greater)]
                .into_iter()
                .find(|(sign, _)| parser.take(sign))
                .map(|(_, order)| order)
                .ok_or_else(|| parser.expected("<, <=, > or >="))?;
        let right = parser.sum()?;
        if parser.rest.trim().is_empty() {
            Ok(Claim { left, order, right })
        } else {
            Err(parser.expected("the end"))
        }
    }

    /// Whether the claim holds; `None` where a figure is not known.
    pub fn holds(&self, value: &impl Fn(&Figure) -> Option<f64>) -> Option<bool> {
        let (left, right) = (self.left.value(value)?, self.right.value(value)?);
        Some(match self.order {
            Order::Less => left < right,
            Order::AtMost => left <= right,
            Order::Greater => left > right,
            Order::AtLeast => left >= right,
        })
    }

    fn figures(&self) -> Vec<&Figure> {
        let mut figures = Vec::new();
        self.left.collect(&mut figures);
        self.right.collect(&mut figures);
        figures
    }
}

impl Expression {
    fn value(&self, value: &impl Fn(&Figure) -> Option<f64>) -> Option<f64> {
        match self {
            Expression::Number(number) => Some(*number),
            Expression::Figure(figure) => value(figure),
            Expression::Operation(left, operator, right) => {
                let (left, right) = (left.value(value)?, right.value(value)?);
                Some(match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times => left * right,
                    Operator::Over => left / right,
                })
            }
        }
    }

    fn collect<'a>(&'a self, figures: &mut Vec<&'a Figure>) {
        match self {
            Expression::Number(_) => {}
            Expression::Figure(figure) => figures.push(figure),
            Expression::Operation(left, _, right) => {
                left.collect(figures);
                right.collect(figures);
            }
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn take(&mut self, sign: &str) -> bool {
        let trimmed = self.rest.trim_start();
        let after = trimmed.strip_prefix(sign);
        self.rest = after.unwrap_or(trimmed);
        after.is_some()
    }

    fn expected(&self, what: &str) -> String {
        match self.rest.trim() {
            "" => format!("expected {what} at the end"),
            rest => format!("expected {what} before \"{rest}\""),
        }
    }

    fn chain(
        &mut self,
        operators: [(&str, Operator); 2],
        operand: fn(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.into_iter().find(|(sign, _)| self.take(sign)) {
            left = Expression::Operation(Box::new(left), operator, Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expression, String> {
        self.chain([("+", Operator::Plus), ("-", Operator::Minus)], Self::product)
    }

    fn product(&mut self) -> Result<Expression, String> {
        self.chain([("*", Operator::Times), ("/", Operator::Over)], Self::atom)
    }

    fn atom(&mut self) -> Result<Expression, String> {
        if self.take("(") {
            let inside = self.sum()?;
            return if self.take(")") { Ok(inside) } else { Err(self.expected(")")) };
        }
        if self.rest.starts_with('{') {
            let (figure, after) = figure(self.rest)?;
            let rest = after.len();
            self.rest = &self.rest[self.rest.len() - rest..];
            return Ok(Expression::Figure(figure));
        }
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
        let number = self.rest[..end].parse().map_err(|_| self.expected("a number or {variant:measure}"))?;
        self.rest = &self.rest[end..];
        Ok(Expression::Number(number))
    }
}

/// Reports headline measures that no variant has.
pub(crate) fn check_headline(cx: &mut Context, root: &Node, headline: &[String], variants: &[Variant]) {
    let known = known_measures(variants.iter().map(|variant| &variant.model));
    let Some(Value::Array(items)) = root.get("headline").map(|node| &node.value) else { return };
    for (name, node) in headline.iter().zip(items) {
        if let Err((label, help)) = measure(name, &known) {
            let title = format!("unknown measure \"{name}\"");
            cx.report(Diagnostic::new(title, node.span, label).help(help));
        }
    }
}

/// Reports placeholders and claims that do not parse, or name what does not exist.
pub(crate) fn check_answer(cx: &mut Context, root: &Node, answer: Option<&Answer>, variants: &[Variant]) {
    let (Some(answer), Some(node)) = (answer, root.get("answer")) else { return };
    if let Some(place) = node.get("text") {
        match pieces(&answer.text) {
            Err(reason) => cx.report(Diagnostic::new("wrong placeholder in the answer", place.span, reason)),
            Ok(pieces) => {
                for piece in &pieces {
                    if let Piece::Figure(figure) = piece {
                        check_figure(cx, place, figure, variants);
                    }
                }
            }
        }
    }
    for (claim, place) in answer.claims.iter().zip(node.elements("claims")) {
        match Claim::parse(claim) {
            Err(reason) => cx.report(
                Diagnostic::new("not a claim", place.span, reason)
                    .help("for example \"{xfetch:db.qps.peak} < 0.5 * {ttl only:db.qps.peak}\""),
            ),
            Ok(claim) => {
                claim.figures().into_iter().for_each(|figure| check_figure(cx, place, figure, variants))
            }
        }
    }
}

fn check_figure(cx: &mut Context, place: &Node, figure: &Figure, variants: &[Variant]) {
    let Some(variant) = variants.iter().find(|variant| variant.name == figure.variant) else {
        let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
        let label = nearest(&figure.variant, names.iter().copied())
            .map_or_else(|| "unknown name".to_owned(), |name| format!("did you mean \"{name}\"?"));
        let title = format!("no variant is called \"{}\"", figure.variant);
        cx.report(Diagnostic::new(title, place.span, label).help(format!("variants: {}", names.join(", "))));
        return;
    };
    if let Err((label, help)) = measure(&figure.measure, &known_measures(std::iter::once(&variant.model))) {
        let title = format!("unknown measure \"{}\"", figure.measure);
        cx.report(Diagnostic::new(title, place.span, label).help(help));
    }
}

/// Whether a measure exists; else what to say and to advise.
fn measure(name: &str, known: &[String]) -> Result<(), (String, String)> {
    if known.iter().any(|known| known == name) {
        return Ok(());
    }
    let label = match nearest(name, known.iter().map(String::as_str)) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => "not a measure".to_owned(),
    };
    let help = match find(name) {
        Some(info) => format!("{} needs a name of this scenario in its middle", info.pattern),
        None => "for example hit_ratio, db.qps.peak, latency.all.p99_ms; all: docs/model.md".to_owned(),
    };
    Err((label, help))
}

/// Every measure that one of the models has.
fn known_measures<'m>(models: impl Iterator<Item = &'m Model>) -> Vec<String> {
    let (mut tiers, mut classes, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for model in models {
        tiers.extend(model.tiers.iter().map(|tier| tier.name.as_str()));
        classes.extend(model.workload.classes.iter().map(|class| class.name.as_str()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_arithmetic_on_figures() {
        let value = |figure: &Figure| match (figure.variant.as_str(), figure.measure.as_str()) {
            ("ttl only", "db.qps.peak") => Some(1_000.0),
            ("xfetch", "db.qps.peak") => Some(300.0),
            _ => None,
        };
        let holds = |text: &str| Claim::parse(text).unwrap().holds(&value);
        assert_eq!(holds("{xfetch:db.qps.peak} < 0.5 * {ttl only:db.qps.peak}"), Some(true));
        assert_eq!(holds("({ttl only:db.qps.peak} - {xfetch:db.qps.peak}) / 7 >= 101"), Some(false));
        assert_eq!(holds("10 - 5 - 5 <= 0"), Some(true));
        assert_eq!(holds("{lease:db.qps.peak} < 1"), None);
    }

    #[test]
    fn what_is_not_a_claim_says_why() {
        for (text, reason) in [
            ("{a:b} =< 5", "expected <, <=, > or >= before \"=< 5\""),
            ("{a:b} <", "expected a number or {variant:measure} at the end"),
            ("{a:b} < 5 % 3", "expected the end before \"% 3\""),
            ("{ab} < 5", "{ab} is not a placeholder: expected {variant:measure}"),
            ("(1 < 5", "expected ) before \"< 5\""),
            ("{a:b < 5", "a '{' without its '}'"),
        ] {
            assert_eq!(Claim::parse(text).unwrap_err(), reason, "{text}");
        }
    }
}
