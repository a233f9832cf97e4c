//! From the findings of a drill to its result.

use std::collections::BTreeSet;

use super::*;
use crate::databases::postgres::proof::Side;
use crate::databases::postgres::sql::Scan;
use crate::verification::drill::Backup;

const DUMP: &str = "CREATE TABLE s.a;\nCOPY s.a (x) FROM stdin;\n1\n2\n\\.\nCOPY s.b (x) FROM stdin;\n5\n\\.\nSELECT pg_catalog.setval('s.q', 42, true);\n";

fn compared(restored: &str, majors: (u32, u32), is_partial: bool) -> Comparison {
    let (before, after) = (Scan::of(DUMP), Scan::of(restored));
    let (contents, restored) = (before.contents().unwrap(), after.contents().unwrap());
    Comparison::new(
        &Side { contents: &contents, inventory: before.inventory(), majors: (15, 15) },
        &Side { contents: &restored, inventory: after.inventory(), majors },
        is_partial.then(|| [("s".to_owned(), "a".to_owned())].into()).as_ref(),
    )
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// A drill without findings: a backup one hour old, restored within two minutes.
fn findings() -> DrillFindings {
    let backup = Backup {
        location: "s3://b/backups/2026/11/20/backup-prod-20261120-120000.sql.gz".to_owned(),
        snapshot_at: "2026-11-20T12:00:00.25Z".parse().unwrap(),
        bytes: 1,
        sha256: "0".repeat(64),
        partial: None,
    };
    let checks =
        vec![Check { statement: "SELECT true;".to_owned(), passed: true, answer: "true".to_owned() }];
    let comparison = Some(compared(DUMP, (15, 15), false));
    DrillFindings { backup: Some(backup), comparison, checks, ..DrillFindings::default() }
}

type Broken = Option<(&'static str, &'static str, bool)>;

/// Status, findings and report, with the limits for RPO and RTO.
fn came_to(
    findings: &DrillFindings,
    limits: [Option<Duration>; 2],
    broken: Broken,
) -> (Status, String, DrillReport) {
    let sponsor = Sponsor {
        name: "callisto".to_owned(),
        code: "CAL".to_owned(),
        region: None,
        partners: BTreeSet::new(),
    };
    let run = RunIdentity::default();
    let whose = DrillContext { sponsor: &sponsor, environment: Environment::Production, run: &run };
    let course = DrillCourse {
        at: "2026-11-20T13:00:00Z".parse().unwrap(),
        took: minutes(2),
        max_rpo: limits[0],
        max_rto: limits[1],
        broken,
    };
    let report = DrillReport::new(whose, &course, findings);
    (course.status(findings), course.wrong(findings).join("; "), report)
}

#[test]
fn what_was_compared_makes_the_status() {
    let other_words = DUMP.replace("CREATE TABLE", "CREATE  TABLE");
    let without = DUMP.replace("COPY s.a (x) FROM stdin;\n1\n2\n\\.\n", "");
    for (restored, majors, is_partial, status, wrong) in [
        (DUMP.to_owned(), (15, 15), false, Status::Passed, ""),
        (other_words, (18, 18), false, Status::Passed, ""),
        (without.clone(), (15, 15), true, Status::Incomplete, ""),
        (DUMP.replace("2\n", "3\n"), (15, 15), false, Status::Failed, "table s.a has rows that differ"),
        (DUMP.replace("2\n", "3\n"), (15, 15), true, Status::Failed, "table s.a has rows that differ"),
        (
            DUMP.replace("CREATE TABLE s.a;\n", ""),
            (15, 15),
            false,
            Status::Failed,
            "missing from the restored database: CREATE TABLE s.a",
        ),
    ] {
        let comparison = Some(compared(&restored, majors, is_partial));
        let findings = DrillFindings { comparison, ..findings() };
        let (came, told, report) = came_to(&findings, [None, None], None);
        assert_eq!((came, told.as_str()), (status, wrong), "{restored}");
        assert_eq!((report.status, report.findings.join("; ")), (status, told), "{restored}");
        assert_eq!(report.outcome == Outcome::Success, status == Status::Passed, "{restored}");
    }
}

#[test]
fn a_check_that_is_not_true_fails_the_drill() {
    let untrue = Check { statement: "SELECT 1 = 2;".to_owned(), passed: false, answer: "f".to_owned() };
    let mut findings = findings();
    findings.checks.push(untrue);
    let (status, wrong, _) = came_to(&findings, [None, None], None);
    assert_eq!((status, wrong.as_str()), (Status::Failed, "check returned f: SELECT 1 = 2"));
}

/// The snapshot is 59 minutes and 59.75 seconds old, and the drill took two minutes.
#[test]
fn limits_are_kept_or_fail_the_drill() {
    let old = "the backup is 59m 59s old, more than `max-rpo` (59m)";
    let slow = "the drill took 2m, more than `max-rto` (1m)";
    for (rpo, rto, status, kept, wrong) in [
        (None, None, Status::Passed, (None, None), String::new()),
        (Some(60), Some(2), Status::Passed, (Some(true), Some(true)), String::new()),
        (Some(59), None, Status::Failed, (Some(false), None), old.to_owned()),
        (None, Some(1), Status::Failed, (None, Some(false)), slow.to_owned()),
        (Some(59), Some(1), Status::Failed, (Some(false), Some(false)), format!("{old}; {slow}")),
    ] {
        let (came, told, report) = came_to(&findings(), [rpo.map(minutes), rto.map(minutes)], None);
        assert_eq!((came, &told), (status, &wrong));
        assert_eq!((report.rpo_compliant, report.rto_compliant), kept, "{told}");
        assert_eq!((report.backup_age_minutes, report.restore_duration_minutes), (Some(60.0), 2.0));
    }
}

#[test]
fn an_interrupted_drill_never_passes() {
    for (broken, status) in [
        (("restore", "the dump was not restored", false), Status::Error),
        (("archive", "the object is gone", false), Status::Error),
        (("proof", "its SHA-256 is another one", false), Status::Failed),
        (("cancelled", "cancelled by SIGTERM", true), Status::Cancelled),
    ] {
        for findings in [findings(), DrillFindings::default()] {
            let (came, _, report) = came_to(&findings, [None, Some(minutes(3))], Some(broken));
            assert_eq!((came, report.outcome), (status, Outcome::Failure), "{broken:?}");
            assert_eq!((report.stage, report.message.as_deref()), (Some(broken.0), Some(broken.1)));
            // Two minutes until it stopped do not show how long it would have taken.
            assert_eq!(report.rto_compliant, None);
        }
        let (_, _, report) = came_to(&findings(), [None, Some(minutes(1))], Some(broken));
        assert_eq!(report.rto_compliant, Some(false));
    }
    // Without a comparison there is no success, even if no error was reported.
    assert_eq!(came_to(&DrillFindings::default(), [None, None], None).0, Status::Error);
}

#[test]
fn the_report_has_the_keys_that_others_read() {
    let (_, _, report) = came_to(&findings(), [None, None], None);
    let report: serde_json::Value = serde_json::from_slice(&report.to_bytes()).unwrap();
    for path in [
        "/status",
        "/drill_timestamp",
        "/backup_age_minutes",
        "/restore_duration_minutes",
        "/rpo_compliant",
        "/rto_compliant",
        "/tables/0/rows_found",
        "/durations_ms/fetch",
        "/durations_ms/decrypt",
        "/durations_ms/load",
        "/durations_ms/verify",
        "/durations_ms/total",
    ] {
        assert!(report.pointer(path).is_some(), "{path} is not in {report:#}");
    }
    assert_eq!((&report["status"], &report["verdict"]), (&"passed".into(), &"equal".into()));
    assert_eq!(report["drill_timestamp"], "2026-11-20T13:00:00Z");
    assert_eq!((&report["rows_expected"], &report["rows_found"]), (&3.into(), &3.into()));
}
