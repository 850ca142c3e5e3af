//! The axes of `herdlab sweep` and `herdlab recommend`: `[sweep]` and `[recommend]` of a scenario.

/// A value that is varied, and the values that it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Dotted path, as `--set` takes it.
    pub path: String,
    /// At least one, all different.
    pub values: Vec<AxisValue>,
}

impl Axis {
    /// Whether all values are quantities of one kind, and so have an order and distances.
    pub fn is_numeric(&self) -> bool {
        let kind = |value: &AxisValue| value.amount.map(|amount| amount.kind);
        let first = self.values.first().and_then(kind);
        first.is_some() && self.values.iter().all(|value| kind(value) == first)
    }
}

/// One value of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisValue {
    /// As TOML: `"5m"`, `8`, `{ plus = "10%" }`.
    pub toml: String,
    /// As people read it: the same without quotes around a string.
    pub label: String,
    /// `None` for words, tables and lists.
    pub amount: Option<Amount>,
}

/// A quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount {
    pub kind: Kind,
    /// Seconds, bytes, fractions of one, per second, or a plain number.
    pub value: f64,
}

/// Dimension of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Number,
    Duration,
    Size,
    Share,
    Rate,
}

impl Kind {
    /// As in a message: `a duration`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::Duration => "a duration",
            Kind::Size => "a size",
            Kind::Share => "a percentage",
            Kind::Rate => "a rate",
        }
    }

    /// Unit of [`Amount::value`] as the catalogue of measures names units.
    pub fn unit(self) -> &'static str {
        match self {
            Kind::Number => "count",
            Kind::Duration => "s",
            Kind::Size => "bytes",
            Kind::Share => "1",
            Kind::Rate => "1/s",
        }
    }
}

/// `[sweep]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sweep {
    /// In file order: the first lies along the x axis of charts.
    pub axes: Vec<Axis>,
    /// Measures that are charted; empty: the headline.
    pub measures: Vec<String>,
    /// Two measures between which the best compromises are sought.
    pub pareto: Option<(String, String)>,
}
