//! Short scenarios of common systems.

/// A system to start from.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// As `herdlab init --template NAME` takes it.
    pub name: &'static str,
    /// The system in a few words.
    pub about: &'static str,
    /// The text of the scenario.
    pub source: &'static str,
}

macro_rules! templates {
    ($($name:literal: $about:literal,)*) => {
        /// All of them.
        pub const TEMPLATES: &[Template] = &[$(Template {
            name: $name,
            about: $about,
            source: include_str!(concat!("templates/", $name, ".toml")),
        }),*];
    };
}

templates! {
    "api": "records of a database, read through Redis",
    "session": "sessions of users, extended by each request",
    "feed": "pages of many items each, some of them hot",
    "catalogue": "large documents that expire together",
    "rate-limiter": "requests of callers, counted in Redis",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, parse_with_warnings};

    #[test]
    fn every_template_is_short_and_checks_without_a_warning() {
        for Template { name, source, .. } in TEMPLATES {
            let path = format!("{name}.toml");
            let parsed = parse_with_warnings(source, &path, ".".as_ref(), &Overrides::default());
            let (whole, warnings) = parsed.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            assert_eq!(warnings.names(), [] as [&str; 0], "{name}");
            assert_eq!(whole.variants[whole.baseline].name, "today", "{name}");
            assert!((2..=3).contains(&whole.variants.len()), "{name}");
            let lines = source.lines().count();
            assert!((25..=45).contains(&lines), "{name}: {lines} lines");
        }
    }
}
