//! What other programs read: every output of `--format json`, and `results.json`, with its version and its JSON Schema.
//!
//! The schemas lie in docs/json and are written from the types themselves by the tests of this file, comments as descriptions.

use crate::experiment::{headroom, sweep};
use crate::record;

/// An output for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    Run,
    Differences,
    Compare,
    Sweep,
    Recommend,
    Headroom,
    Fit,
    Mrc,
    Trace,
    Verdict,
    Results,
}

impl Interface {
    /// All of them, in the order of docs/json.md.
    pub const ALL: [Interface; 11] = [
        Interface::Run,
        Interface::Differences,
        Interface::Compare,
        Interface::Sweep,
        Interface::Recommend,
        Interface::Headroom,
        Interface::Fit,
        Interface::Mrc,
        Interface::Trace,
        Interface::Verdict,
        Interface::Results,
    ];

    /// The field `schema` of the output. It changes where a program that reads the output would go wrong (docs/json.md has the rules).
    pub const fn version(self) -> u32 {
        match self {
            Interface::Sweep => sweep::record::SCHEMA,
            Interface::Headroom => headroom::record::SCHEMA,
            Interface::Results => record::SCHEMA,
            Interface::Run
            | Interface::Differences
            | Interface::Compare
            | Interface::Recommend
            | Interface::Fit
            | Interface::Mrc
            | Interface::Trace
            | Interface::Verdict => 1,
        }
    }

    /// Its name in `herdlab schema NAME`, and that of its file.
    pub const fn name(self) -> &'static str {
        match self {
            Interface::Run => "run",
            Interface::Differences => "differences",
            Interface::Compare => "compare",
            Interface::Sweep => "sweep",
            Interface::Recommend => "recommend",
            Interface::Headroom => "headroom",
            Interface::Fit => "fit",
            Interface::Mrc => "mrc",
            Interface::Trace => "trace",
            Interface::Verdict => "verdict",
            Interface::Results => "results",
        }
    }

    /// Where it is found.
    pub const fn written_by(self) -> &'static str {
        match self {
            Interface::Run => "herdlab run --format json, herdlab diff --format json",
            Interface::Differences => "herdlab diff --no-run --format json",
            Interface::Compare => "herdlab compare --format json",
            Interface::Sweep => "herdlab sweep --format json, sweep.json",
            Interface::Recommend => "herdlab recommend --format json",
            Interface::Headroom => "herdlab headroom --format json, headroom.json",
            Interface::Fit => "herdlab fit --format json",
            Interface::Mrc => "herdlab mrc --format json",
            Interface::Trace => "herdlab trace info --format json",
            Interface::Verdict => "herdlab verdict --format json",
            Interface::Results => "results.json in the folder of a run",
        }
    }

    /// Its JSON Schema (draft 2020-12).
    pub const fn schema(self) -> &'static str {
        match self {
            Interface::Run => include_str!("../../docs/json/run.schema.json"),
            Interface::Differences => include_str!("../../docs/json/differences.schema.json"),
            Interface::Compare => include_str!("../../docs/json/compare.schema.json"),
            Interface::Sweep => include_str!("../../docs/json/sweep.schema.json"),
            Interface::Recommend => include_str!("../../docs/json/recommend.schema.json"),
            Interface::Headroom => include_str!("../../docs/json/headroom.schema.json"),
            Interface::Fit => include_str!("../../docs/json/fit.schema.json"),
            Interface::Mrc => include_str!("../../docs/json/mrc.schema.json"),
            Interface::Trace => include_str!("../../docs/json/trace.schema.json"),
            Interface::Verdict => include_str!("../../docs/json/verdict.schema.json"),
            Interface::Results => include_str!("../../docs/json/results.schema.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use schemars::JsonSchema;
    use schemars::generate::SchemaSettings;
    use serde_json::{Value, json};

    use super::Interface;
    use crate::experiment::headroom::record::HeadroomRecord;
    use crate::experiment::sweep::record::SweepRecord;
    use crate::record::Record;
    use crate::report::{against, difference, fit, mrc, recommend, summary, survey, versus_data};

    fn of<T: JsonSchema>() -> Value {
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
    }

    /// The schema of an output as the types have it.
    fn generated(interface: Interface) -> String {
        let mut schema = match interface {
            Interface::Run => of::<summary::Summary<'_>>(),
            Interface::Differences => of::<difference::Differences<'_>>(),
            Interface::Compare => of::<versus_data::Page<'_>>(),
            Interface::Sweep => of::<SweepRecord>(),
            Interface::Recommend => of::<recommend::json::SearchData<'_>>(),
            Interface::Headroom => of::<HeadroomRecord>(),
            Interface::Fit => of::<fit::FitData<'_>>(),
            Interface::Mrc => of::<mrc::MrcData<'_>>(),
            Interface::Trace => of::<survey::SurveyData<'_>>(),
            Interface::Verdict => of::<against::AgainstData<'_>>(),
            Interface::Results => of::<Record>(),
        };
        plain(&mut schema);
        let root = schema.as_object_mut().unwrap();
        root.insert("title".into(), json!(format!("herdlab: {}", interface.name())));
        root.insert("description".into(), json!(interface.written_by()));
        root["properties"]["schema"] =
            json!({ "description": "Version of this layout.", "const": interface.version() });
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }

    /// Without what is about Rust (widths of numbers, links of its documentation), and open to further fields, which are no change of
    /// the version.
    fn plain(schema: &mut Value) {
        match schema {
            Value::Object(parts) => {
                if parts.get("format").is_some_and(Value::is_string) {
                    parts.remove("format");
                }
                if parts.get("additionalProperties") == Some(&Value::Bool(false)) {
                    parts.remove("additionalProperties");
                }
                if let Some(Value::String(text)) = parts.get_mut("description") {
                    *text = without_links(text);
                }
                let required = parts.get("required").cloned().unwrap_or_default();
                for (name, property) in
                    parts.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
                {
                    let is_always =
                        required.as_array().is_some_and(|required| required.contains(&json!(name)));
                    if let Some(Value::String(text)) = property.get_mut("description") {
                        *text = text.replace("`None`", if is_always { "`null`" } else { "absent" });
                    }
                }
                parts.values_mut().for_each(plain);
            }
            Value::Array(parts) => parts.iter_mut().for_each(plain),
            _ => {}
        }
    }

    /// ``[`A::b`]`` is `` `b` ``, and a paragraph is one line.
    fn without_links(text: &str) -> String {
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once("[`").and_then(|(before, link)| Some((before, link.split_once("`]")?)))
        {
            let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
            rest = target.map_or(after, |(_, after)| after);
            let name = name.rsplit("::").next().unwrap_or(name);
            plain = format!("{plain}{before}`{name}`");
        }
        plain += rest;
        plain.split("\n\n").map(|part| part.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
    }

    #[test]
    fn the_schemas_in_docs_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json");
        let is_update = std::env::var_os("HERDLAB_UPDATE_DOCS").is_some();
        for interface in Interface::ALL {
            let path = folder.join(format!("{}.schema.json", interface.name()));
            if is_update {
                std::fs::write(&path, generated(interface)).unwrap();
            }
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                found == generated(interface),
                "HERDLAB_UPDATE_DOCS=1 cargo test --lib report::interface writes {}; see docs/json.md for the version",
                path.display()
            );
        }
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, Interface::ALL.len(), "files in docs/json without an output");
    }

    #[test]
    fn every_schema_is_valid_and_its_version_is_a_constant() {
        for interface in Interface::ALL {
            let schema: Value = serde_json::from_str(&generated(interface)).unwrap();
            jsonschema::draft202012::meta::validate(&schema).unwrap();
            assert_eq!(schema["properties"]["schema"]["const"], interface.version());
            let required: Vec<&str> =
                schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert!(required.contains(&"schema") && required.contains(&"herdlab"), "{required:?}");
        }
    }

    #[test]
    fn links_of_the_documentation_are_their_names() {
        assert_eq!(without_links("Of [`a::B`], as\n[`c`](d::e) is."), "Of `B`, as `c` is.");
    }
}
