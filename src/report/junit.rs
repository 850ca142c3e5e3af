//! JUnit XML, in which build servers read passes and failures.
//!
//! A threshold in a variant is a test case: `classname` is scenario and variant, `name` the threshold, so that GitLab and
//! Jenkins group by variant. Times are left out: the file depends on the record alone.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::ReportError;
use super::thresholds::{self, ThresholdRow};
use crate::experiment::threshold::Standing;
use crate::record::Record;

/// The thresholds of a record as one test suite; a suite without cases where the scenario has none.
///
/// # Errors
/// Never: the text is made in memory.
pub fn thresholds(record: &Record) -> Result<String, ReportError> {
    let mut suite = TestSuite::new(format!("{}: thresholds", record.scenario.name));
    suite.add_test_cases(thresholds::rows(record).iter().map(|row| threshold(&record.scenario.name, row)));
    to_xml(vec![suite])
}

fn threshold(scenario: &str, row: &ThresholdRow) -> TestCase {
    let mut case = TestCase::new(format!("{} {}", row.measure, row.limit), status(row));
    case.set_classname(format!("{scenario}.{}", row.variant));
    if row.standing == Standing::Kept {
        case.set_system_out(row.sentence());
    }
    case
}

fn status(row: &ThresholdRow) -> TestCaseStatus {
    match row.standing {
        Standing::Kept => TestCaseStatus::success(),
        Standing::NotMeasured | Standing::NotJudged => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(row.reason.as_str());
            status
        }
        Standing::Broken => failure("threshold", row.sentence()),
    }
}

pub(super) fn failure(kind: &str, message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(message.as_str()).set_type(kind).set_description(message);
    status
}

pub(super) fn to_xml(suites: Vec<TestSuite>) -> Result<String, ReportError> {
    let mut report = Report::new("herdlab");
    report.add_test_suites(suites);
    report
        .to_string()
        .map_err(|error| ReportError::Make { what: "JUnit XML".to_owned(), problem: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bound, Threshold};
    use crate::record::fixture::stampede;

    #[test]
    fn build_servers_read_back_what_passed_and_what_failed() {
        let mut record = stampede(2);
        record.scenario.name = "a <b> & \"c\"".to_owned();
        record.variants[1].name = "]]> it's\u{1}".to_owned();
        let threshold = |measure: &str, bound, limit| Threshold {
            measure: measure.to_owned(),
            bound,
            limit,
            variant: None,
            confident: false,
            runs: None,
        };
        record.variants[0].measures.retain(|measure| measure.name != "goodput");
        record.scenario.thresholds = vec![
            threshold("db.qps.peak", Bound::Max, 500.0),
            threshold("hit_ratio", Bound::Min, 0.5),
            threshold("goodput", Bound::Min, 1.0),
        ];
        let text = thresholds(&record).unwrap();
        let read = Report::deserialize_from_str(&text).unwrap();
        let suite = &read.test_suites[0];
        assert_eq!((suite.tests, suite.failures, suite.skipped, suite.errors), (6, 2, 1, 0));
        assert_eq!((read.tests, read.failures), (6, 2));
        assert_eq!(suite.name.as_str(), "a <b> & \"c\": thresholds");
        let cases: Vec<(&str, &str)> = suite
            .test_cases
            .iter()
            .map(|case| (case.classname.as_ref().map_or("", |name| name.as_str()), case.name.as_str()))
            .collect();
        // A control character cannot stand in XML at all.
        assert_eq!(cases[0], ("a <b> & \"c\".ttl only", "db.qps.peak ≤ 500/s"));
        assert_eq!(cases[1], ("a <b> & \"c\".]]> it's", "db.qps.peak ≤ 500/s"));
        let TestCaseStatus::NonSuccess { message: Some(message), .. } = &suite.test_cases[0].status else {
            panic!("{text}")
        };
        assert!(message.as_str().starts_with("db.qps.peak ≤ 500/s in ttl only: broken: 1,178 ± "), "{text}");
        assert!(matches!(suite.test_cases[2].status, TestCaseStatus::Success { .. }));
        assert!(matches!(suite.test_cases[4].status, TestCaseStatus::Skipped { .. }));
    }
}
