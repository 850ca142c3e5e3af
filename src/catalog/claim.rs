//! References to measured values in an author's words: placeholders in a text, and claims that must hold for
//! the text to be true.
//!
//! A placeholder is `{variant:measure}`. A claim is `A op B` with `<`, `<=`, `>` or `>=`, where `A` and `B` are
//! a placeholder, `number * placeholder` or a number; or `A in [low, high]` with two numbers. All values are
//! means over replications in the unit of the catalogue, shares as fractions of one. Whether variant and measure
//! exist is for the reader of the scenario to check.

use std::fmt;

/// One measured value: a measure of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub variant: String,
    pub measure: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}:{}}}", self.variant, self.measure)
    }
}

/// A text cut at its placeholders.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(String),
    Value(Reference),
}

/// Cuts a text at its placeholders.
///
/// # Errors
/// A brace without partner or a placeholder without `:`.
///
/// ```
/// use herdlab::catalog::claim::pieces;
/// assert_eq!(pieces("falls to {jitter:db.qps.peak}").unwrap().len(), 2);
/// assert!(pieces("falls to {jitter}").is_err());
/// ```
pub fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        if rest.as_bytes()[open] == b'}' {
            return Err("`}` without `{` before it".to_string());
        }
        if open > 0 {
            found.push(Piece::Text(rest[..open].to_string()));
        }
        let (reference, after) = reference(&rest[open..])?;
        found.push(Piece::Value(reference));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest.to_string()));
    }
    Ok(found)
}

/// Reads a placeholder at the start of `text`; also returns what follows it.
fn reference(text: &str) -> Result<(Reference, &str), String> {
    let inner =
        text.strip_prefix('{').ok_or_else(|| format!("expected `{{variant:measure}}`, found `{text}`"))?;
    let (inside, after) = inner.split_once('}').ok_or("`{` without `}` after it")?;
    // Names of measures hold no colon, names of variants may.
    let (variant, measure) = inside
        .rsplit_once(':')
        .ok_or_else(|| format!("`{{{inside}}}` names no measure; write {{variant:measure}}"))?;
    let reference = Reference { variant: variant.trim().to_string(), measure: measure.trim().to_string() };
    Ok((reference, after))
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Number(f64),
    Scaled { factor: f64, reference: Reference },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The statement of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    Compare { left: Operand, relation: Relation, right: Operand },
    Within { value: Operand, low: f64, high: f64 },
}

impl Claim {
    /// Parses a claim.
    ///
    /// # Errors
    /// The expected and the found value.
    ///
    /// ```
    /// use herdlab::catalog::claim::Claim;
    /// assert!(Claim::parse("{xfetch:db.qps.peak} < 0.5 * {ttl only:db.qps.peak}").is_ok());
    /// assert!(Claim::parse("{base:hit_ratio} in [0.79, 0.81]").is_ok());
    /// assert!(Claim::parse("{base:hit_ratio} = 0.8").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Claim, String> {
        let (left, rest) = operand(text.trim())?;
        let rest = rest.trim_start();
        if let Some(range) = rest.strip_prefix("in ").or_else(|| rest.strip_prefix("in[").map(|_| &rest[2..]))
        {
            let (low, high) = range
                .trim()
                .strip_prefix('[')
                .and_then(|range| range.strip_suffix(']'))
                .and_then(|range| range.split_once(','))
                .ok_or_else(|| format!("expected `in [low, high]`, found `in {}`", range.trim()))?;
            let (low, high) = (number(low)?, number(high)?);
            if low > high {
                return Err(format!("the range [{low}, {high}] is empty"));
            }
            return Ok(Claim::Within { value: left, low, high });
        }
        let (relation, rest) = [
            ("<=", Relation::LessOrEqual),
            (">=", Relation::GreaterOrEqual),
            ("<", Relation::Less),
            (">", Relation::Greater),
        ]
        .into_iter()
        .find_map(|(sign, relation)| rest.strip_prefix(sign).map(|rest| (relation, rest)))
        .ok_or_else(|| format!("expected <, <=, >, >= or `in [low, high]`, found `{rest}`"))?;
        let (right, rest) = operand(rest.trim_start())?;
        if !rest.trim().is_empty() {
            return Err(format!("expected the end of the claim, found `{}`", rest.trim()));
        }
        Ok(Claim::Compare { left, relation, right })
    }

    /// Whether the claim holds, given the mean of each referenced value; `None` if a value is not defined.
    pub fn holds(&self, value_of: &dyn Fn(&Reference) -> Option<f64>) -> Option<bool> {
        let value = |operand: &Operand| match operand {
            Operand::Number(number) => Some(*number),
            Operand::Scaled { factor, reference } => value_of(reference).map(|value| factor * value),
        };
        Some(match self {
            Claim::Compare { left, relation, right } => {
                let (left, right) = (value(left)?, value(right)?);
                match relation {
                    Relation::Less => left < right,
                    Relation::LessOrEqual => left <= right,
                    Relation::Greater => left > right,
                    Relation::GreaterOrEqual => left >= right,
                }
            }
            Claim::Within { value: operand, low, high } => (*low..=*high).contains(&value(operand)?),
        })
    }

    /// The measured values it speaks of.
    pub fn references(&self) -> Vec<&Reference> {
        let operands = match self {
            Claim::Compare { left, right, .. } => vec![left, right],
            Claim::Within { value, .. } => vec![value],
        };
        operands
            .into_iter()
            .filter_map(|operand| match operand {
                Operand::Scaled { reference, .. } => Some(reference),
                Operand::Number(_) => None,
            })
            .collect()
    }
}

/// Reads an operand at the start of `text`; also returns what follows it.
fn operand(text: &str) -> Result<(Operand, &str), String> {
    if text.starts_with('{') {
        let (reference, rest) = reference(text)?;
        return Ok((Operand::Scaled { factor: 1.0, reference }, rest));
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "._+-".contains(c))).unwrap_or(text.len());
    let (factor, rest) = (number(&text[..end])?, text[end..].trim_start());
    match rest.strip_prefix('*') {
        Some(rest) => {
            let (reference, rest) = reference(rest.trim_start())?;
            Ok((Operand::Scaled { factor, reference }, rest))
        }
        None => Ok((Operand::Number(factor), rest)),
    }
}

fn number(text: &str) -> Result<f64, String> {
    let text = text.trim();
    match text.replace('_', "").parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("expected a number or {{variant:measure}}, found `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(claim: &str) -> Option<bool> {
        Claim::parse(claim).unwrap().holds(&|reference| match reference.variant.as_str() {
            "a" => Some(100.0),
            "b: two" => Some(40.0),
            _ => None,
        })
    }

    #[test]
    fn claims_compare_means() {
        assert_eq!(evaluate("{b: two:db.qps.peak} < 0.5 * {a:db.qps.peak}"), Some(true));
        assert_eq!(evaluate("2.5*{b: two:db.qps.peak} >= {a:db.qps.peak}"), Some(true));
        assert_eq!(evaluate("{a:db.qps.peak} > 1_000"), Some(false));
        assert_eq!(evaluate("{a:db.qps.peak} in [99.5, 1e2]"), Some(true));
        assert_eq!(evaluate("{gone:db.qps.peak} > 0"), None);
    }

    #[test]
    fn mistakes_are_named() {
        let problem = |claim| Claim::parse(claim).unwrap_err();
        assert!(problem("{a} < 1").contains("names no measure"));
        assert!(problem("{a:db.qps.peak} < 1 2").contains("end of the claim"));
        assert!(problem("{a:db.qps.peak} in [2, 1]").contains("empty"));
        assert!(problem("{a:db.qps.peak < 1").contains("without `}`"));
        assert!(problem("ten < {a:db.qps.peak}").contains("found `ten`"));
        assert!(pieces("a } b").is_err());
    }
}
