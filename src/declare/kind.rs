//! How a table of options is written down: names, types, what must be there.

/// The grammar of a value.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `"2m 30s"`; with `positive`, above zero.
    Duration {
        positive: bool,
    },
    /// `"0.5ns"`: fractions of a nanosecond.
    FineDuration,
    /// `"64MB"`.
    Size,
    /// `1000`, `"300/min"`.
    Rate,
    /// `"1GB/s"`.
    Bandwidth,
    /// `0.1`, `"10%"`; with `positive`, above zero.
    Share {
        positive: bool,
    },
    /// At least `least`.
    Number {
        least: f64,
    },
    /// Above zero, and below `below` where that is finite.
    Positive {
        below: f64,
    },
    /// A whole number within these bounds.
    Whole {
        least: u64,
        most: u64,
    },
    Text,
    /// Letters, digits, `-` and `_`: a part of a path.
    Name,
    Truth,
    /// `"ms"`.
    TimeUnit,
    /// One of these words.
    Words(&'static [&'static str]),
    /// One of what the function lists, for words that are kept elsewhere.
    WordsOf(fn() -> Vec<&'static str>),
    /// A text of this form (a regular expression), described in words.
    Form {
        pattern: &'static str,
        words: &'static str,
    },
    /// A duration or a distribution of durations.
    RandomTime,
    /// A size or a distribution of sizes.
    RandomSize,
    List(&'static Kind),
    Table(&'static Table),
    /// Exactly one of these, each with its parameters.
    Choice(&'static Choice),
    /// Any of these.
    Either(&'static [Kind]),
    /// A figure of production: a plain value, or a table with `value`, `spread` and `check`.
    Figure(&'static Kind),
    /// A table with a field for every tier.
    PerTier(&'static Kind),
    /// Settings of a variant: paths and values.
    Settings,
    /// Axes of a sweep: paths, each with a list or a range of values.
    Axes,
}

/// One option of a table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub default: Default,
    /// Its meaning in Markdown.
    pub words: &'static str,
}

/// Meaning of an option left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// It must be there; the words describe what is expected.
    Required(&'static str),
    /// As this value, in the form of the file: `"50ms"`, `2.0`.
    Written(&'static str),
    /// As this word: `none`, `unlimited`.
    Word(&'static str),
    /// These words, in Markdown: as `read`.
    Words(&'static str),
}

/// The options that stand together in one table of the file.
#[derive(Debug)]
pub struct Table {
    /// Its name in the schema.
    pub id: &'static str,
    pub fields: &'static [Field],
    /// Further ones, which a type of their own declares.
    pub also: &'static [Field],
    /// What may stand below any other name; `None`: nothing may.
    pub others: Option<&'static Kind>,
}

impl Table {
    /// All of them.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().chain(self.also)
    }
}

/// A choice of which each possibility has parameters of its own.
#[derive(Debug)]
pub struct Choice {
    /// Its name in the schema.
    pub id: &'static str,
    pub tags: &'static [Tag],
}

/// One possibility of a [`Choice`].
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    pub name: &'static str,
    /// Whether the word alone will do.
    pub plain: bool,
    pub body: Option<Kind>,
    /// Parameters as a file has them: `{ beta = 1.0 }`; empty where it has none.
    pub example: &'static str,
    /// Its meaning in Markdown.
    pub words: &'static str,
}

impl Field {
    pub fn is_required(&self) -> bool {
        matches!(self.default, Default::Required(_))
    }

    /// The word that means what leaving the option out means.
    pub fn unless(&self) -> Option<&'static str> {
        match self.default {
            Default::Word(word) => Some(word),
            _ => None,
        }
    }
}

impl Default {
    /// As the reference has it, in Markdown.
    pub fn words(&self) -> String {
        match self {
            Default::Required(_) => "required".to_owned(),
            Default::Written(value) => format!("`{value}`"),
            Default::Word(words) | Default::Words(words) => (*words).to_owned(),
        }
    }
}

impl Tag {
    /// `"uniform"`, `{ zipf = { exponent = 1.0 } }`, or both.
    pub fn form(&self) -> String {
        let word = format!("\"{}\"", self.name);
        let table = format!("{{ {} = {} }}", self.name, self.example);
        match (self.plain, self.body.is_some()) {
            (true, true) => format!("`{word}`, or `{table}`"),
            (true, false) => format!("`{word}`"),
            (false, _) => format!("`{table}`"),
        }
    }
}

pub(crate) const DURATION: Kind = Kind::Duration { positive: false };
pub(crate) const POSITIVE_DURATION: Kind = Kind::Duration { positive: true };
pub(crate) const SHARE: Kind = Kind::Share { positive: false };
pub(crate) const POSITIVE_SHARE: Kind = Kind::Share { positive: true };
pub(crate) const COUNT: Kind = Kind::Whole { least: 1, most: u32::MAX as u64 };

impl Kind {
    /// The expected value, in words: `a duration such as "250ms"`.
    pub fn words(&self) -> String {
        match self {
            Kind::Duration { positive: false } => "a duration such as \"250ms\" or \"2m 30s\"".to_owned(),
            Kind::Duration { positive: true } => "a duration above zero such as \"250ms\"".to_owned(),
            Kind::FineDuration => "a duration with one unit such as \"0.5ns\"".to_owned(),
            Kind::Size => "a size such as \"1kB\" or \"64MiB\"".to_owned(),
            Kind::Rate => "a rate above 0 such as 1000 (per second), \"5000/s\" or \"300/min\"".to_owned(),
            Kind::Bandwidth => "a bandwidth above 0 such as \"1GB/s\" (bytes, not bits)".to_owned(),
            Kind::Share { positive: false } => "a share from 0 to 1 such as 0.1 or \"10%\"".to_owned(),
            Kind::Share { positive: true } => "a share above 0, at most 1, such as 0.1 or \"10%\"".to_owned(),
            Kind::Number { least } if least.is_finite() => format!("a number of at least {least}"),
            Kind::Number { .. } => "a number".to_owned(),
            Kind::Positive { below } if below.is_finite() => format!("a number above 0 and below {below}"),
            Kind::Positive { .. } => "a number above 0".to_owned(),
            Kind::Whole { least, most } if *most < u64::from(u32::MAX) => {
                format!("a whole number from {least} to {most}")
            }
            Kind::Whole { least, .. } => format!("a whole number of at least {least}"),
            Kind::Text => "a text".to_owned(),
            Kind::Name => "a name of letters, digits, '-' and '_'".to_owned(),
            Kind::Truth => "true or false".to_owned(),
            Kind::TimeUnit => "a unit of time such as \"s\" or \"ms\"".to_owned(),
            Kind::Words(words) => quoted(words),
            Kind::WordsOf(words) => quoted(&words()),
            Kind::Form { words, .. } => (*words).to_owned(),
            Kind::RandomTime => {
                "a random time: a duration, or a distribution such as { exponential = { mean = \"50ms\" } }"
                    .to_owned()
            }
            Kind::RandomSize => {
                "a random size: a size, or a distribution such as { lognormal = { median = \"300B\", p99 = \"10kB\" } }"
                    .to_owned()
            }
            Kind::List(kind) => format!("a list, each element {}", kind.words()),
            Kind::Table(table) => {
                let fields: Vec<&str> = table.fields().map(|field| field.name).collect();
                format!("a table with {}", fields.join(", "))
            }
            Kind::Choice(choice) => {
                let tags: Vec<String> = choice.tags.iter().map(Tag::shape).collect();
                format!("one of {}", tags.join(", "))
            }
            Kind::Either(kinds) => kinds.iter().map(Kind::words).collect::<Vec<_>>().join("; or "),
            Kind::Figure(kind) => {
                format!("{}; or a table with it as `value`, its `spread`, and `check`", kind.words())
            }
            Kind::PerTier(kind) => format!("a table with a field for each tier: {}", kind.words()),
            Kind::Settings => "a table of paths in quotes with their values".to_owned(),
            Kind::Axes => {
                "a table of paths in quotes, each with a list of values or a range such as \"10s..5m:log 5\"".to_owned()
            }
        }
    }
}

impl Tag {
    /// `"uniform"` or `{ zipf = ... }`.
    fn shape(&self) -> String {
        match (self.plain, self.body.is_some()) {
            (true, true) => format!("\"{0}\" or {{ {0} = ... }}", self.name),
            (true, false) => format!("\"{}\"", self.name),
            (false, _) => format!("{{ {} = ... }}", self.name),
        }
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}
