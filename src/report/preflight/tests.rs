use super::{PreflightReport, counts, summary};
use crate::finding::{Check, Finding};
use crate::report::sample;
use crate::report::summary::{Subject, Title};
use crate::verification::Outcome;

const FLAG: Check = Check { name: "flag", about: "The flag" };
const BUCKET: Check = Check { name: "bucket-versioning", about: "Versions" };

fn findings() -> Vec<Finding> {
    vec![
        FLAG.ok("the flag is `true`"),
        BUCKET.warn("b|ucket has no replica", "A region can fail.", "Set `replica_region`."),
        BUCKET.fail("bucket is not versioned", "An overwrite ends a backup.", "Enable versioning."),
    ]
}

fn report() -> PreflightReport {
    PreflightReport {
        general: vec![FLAG.ok("2 sponsors")],
        sponsors: vec![("callisto".to_owned(), findings())],
    }
}

#[test]
fn the_json_is_one_array_with_the_sponsor_and_no_empty_text() {
    let array: serde_json::Value = serde_json::from_str(&report().json()).unwrap();
    let row = |at: usize| &array[at];
    let ok = serde_json::json!({
        "sponsor": null, "check": "flag", "level": "ok", "what": "2 sponsors", "why": null, "fix": null,
    });
    assert_eq!(*row(0), ok);
    let failed = serde_json::json!({
        "sponsor": "callisto", "check": "bucket-versioning", "level": "fail", "what": "bucket is not versioned",
        "why": "An overwrite ends a backup.", "fix": "Enable versioning.",
    });
    assert_eq!(*row(3), failed);
    assert_eq!(array.as_array().unwrap().len(), 4);
    assert_eq!(PreflightReport::default().json(), "[]\n");
}

#[test]
fn the_worst_finding_comes_first_with_why_and_fix() {
    let tables = report().tables();
    let (title, lines, is_well) = &tables[1];
    assert_eq!(title, "callisto: 1 failed, 1 warning, 1 ok");
    let expected = [
        "  fail  bucket-versioning  bucket is not versioned",
        "        why: An overwrite ends a backup.",
        "        fix: Enable versioning.",
        "  warn  bucket-versioning  b|ucket has no replica",
        "        why: A region can fail.",
        "        fix: Set `replica_region`.",
        "  ok    flag               the flag is `true`",
    ];
    assert_eq!(lines, &expected);
    assert!(!is_well);
    assert!(tables[0].2);
    assert_eq!(counts(&[]), "0 ok");
}

#[test]
fn the_summary_has_a_table_per_sponsor_within_githubs_limit() {
    let title =
        Title { subject: Subject::Preflight, environment: "production", about: "now", dry_run: false };
    let results = [sample::result("callisto", Outcome::Failure)];
    let text = summary(title, &results, &report());
    assert!(text.contains("### callisto: 1 failed, 1 warning, 1 ok"), "{text}");
    let row = "| ❌ | bucket-versioning | bucket is not versioned. An overwrite ends a backup. | Enable versioning. |";
    assert!(text.contains(row), "{text}");
    assert!(text.contains("b\\|ucket"), "{text}");
    let many =
        (0..30_000).map(|n| BUCKET.fail(format!("bucket {n} is not versioned"), "Why.", "Fix it.")).collect();
    let long = PreflightReport { general: Vec::new(), sponsors: vec![("callisto".to_owned(), many)] };
    let text = summary(title, &results, &long);
    assert!(text.len() < 1 << 20, "{}", text.len());
    assert!(text.contains("more. The log has them all."));
}
