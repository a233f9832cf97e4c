//! The texts of this folder as people read them, kept in `tests/snapshots`.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::archive::backup_manifest::Partial;
use crate::databases::postgres::proof::TablePair;
use crate::databases::postgres::restore::{LeftOut, TargetState};
use crate::record::drill::DrillReport;
use crate::report::drill::{self, ReportedDrill};
use crate::report::restore::{self, Restored as RestoredFacts};
use crate::report::sample::{backed_up, drilled, result};
use crate::report::summary::{self, Subject, Title};
use crate::report::{SponsorResult, issue, lines, workflow};
use crate::reviewed;
use crate::verification::conclusion::{BackupFacts, ContentTotals, VerifyCounts};
use crate::verification::drill::{Check, Status};
use crate::verification::{Conclusion, Outcome};

const ABOUT: &str = "**v2.4.0** · adds consent forms · by octocat · 2026-11-20 12:00:00 UTC · 12.3s";

fn title(subject: Subject) -> Title<'static> {
    Title { subject, environment: "production", about: ABOUT, dry_run: false }
}

fn restored_facts() -> RestoredFacts {
    RestoredFacts {
        place: "db.example.org:5432/diary_restored".to_owned(),
        backup: None,
        passed: Vec::new(),
        partial: None,
        target: TargetState::Created,
        is_loaded: true,
        left_out: vec![LeftOut {
            statement: "EXTENSION pg_cron".to_owned(),
            reason: "not available".to_owned(),
        }],
        tables: Vec::new(),
        notes: vec![LeftOut {
            statement: "CREATE TRIGGER stamped ON diary.visits".to_owned(),
            reason: "needs diary.stamped, which the target does not have".to_owned(),
        }],
        bring_back: Some("INSERT INTO diary.visits (id)\n  SELECT id FROM ONLY recovered.visits\n  ON CONFLICT DO NOTHING;\n".to_owned()),
        consequences: Vec::new(),
        comparison: None,
    }
}

fn partial() -> SponsorResult {
    let held = ContentTotals { tables: 3, rows: 52_500, bytes: 53_687_091 };
    let facts = BackupFacts { held, partial: true, rows_before: None };
    let mut partial = result("callisto", Outcome::Success);
    partial.warnings = vec!["rows excluded by request: diary.audit_log".to_owned()];
    SponsorResult { conclusion: Conclusion::of_backup(&facts), ..partial }
}

fn empty() -> SponsorResult {
    let held = ContentTotals { tables: 0, rows: 0, bytes: 500 };
    let facts = BackupFacts { held, partial: false, rows_before: None };
    let mut empty = result("titan", Outcome::Success);
    empty.warnings = facts.warning().into_iter().collect();
    SponsorResult { conclusion: Conclusion::of_backup(&facts), ..empty }
}

fn disabled() -> SponsorResult {
    let mut disabled = result("europa", Outcome::Disabled);
    disabled.message = Some("ENABLE_S3_BACKUP_ARCHIVAL is empty".to_owned());
    disabled.backup_location = Some("not-configured".to_owned());
    disabled.backup_size = Some(0);
    disabled.hint =
        Some("Run `doppler secrets set --project hht-diary-europa --config production ENABLE_S3_BACKUP_ARCHIVAL=true`.".to_owned());
    disabled
}

fn verified() -> SponsorResult {
    let conclusion = Conclusion::of_reading(VerifyCounts { verified: 3, not_verified: 0 });
    let mut verified = SponsorResult::new("callisto", conclusion, 75.9);
    verified.message = Some("3 backups verified".to_owned());
    verified
}

fn cancelled() -> SponsorResult {
    let mut cancelled = result("io", Outcome::Failure);
    cancelled.fail("cancelled", "cancelled by SIGINT".to_owned(), Some("Run it again.".to_owned()));
    cancelled
}

/// A backup that is stored although its record is not.
fn unrecorded() -> SponsorResult {
    let mut unrecorded = result("dione", Outcome::Success);
    let message = "record not saved: S3 rejected the upload to s3://audit/x.json: NoSuchBucket";
    unrecorded.fail("record", message.to_owned(), None);
    unrecorded
}

fn planned() -> SponsorResult {
    let mut planned = result("callisto", Outcome::Planned);
    planned.plan = vec![
        ("database", "db.example.org:5432/app, 51.2 MiB on disk".to_owned()),
        ("arguments", "--format=plain".to_owned()),
        ("object", "s3://b/backups/x.sql.gz".to_owned()),
        ("record", "s3://a/deployments/x.json".to_owned()),
        ("lock", "none".to_owned()),
        ("checked", "both buckets".to_owned()),
        ("not checked", "rows".to_owned()),
    ];
    planned
}

#[test]
fn headlines_count_every_result_once() {
    let failed = || result("titan", Outcome::Failure);
    let done = || result("callisto", Outcome::Success);
    let results = [
        vec![failed(), disabled(), done()],
        vec![failed(), cancelled(), disabled(), done(), done()],
        vec![cancelled()],
        vec![cancelled(), done()],
        vec![unrecorded()],
        vec![unrecorded(), failed(), done()],
    ];
    let headline = |results: &Vec<SponsorResult>| {
        let (sign, headline) = summary::headline(title(Subject::Backup), results);
        assert_eq!(sign, "❌", "{headline}");
        headline
    };
    assert_eq!(
        results.iter().map(headline).collect::<Vec<_>>(),
        [
            "Backup, production: 1 of 3 failed, 1 backed up, 1 not enabled",
            "Backup, production: 1 of 5 failed, 1 cancelled, 2 backed up, 1 not enabled",
            "Backup, production: 1 of 1 cancelled",
            "Backup, production: 1 of 2 cancelled, 1 backed up",
            "Backup, production: 1 of 1 failed (1 backed up, but record not saved)",
            "Backup, production: 2 of 3 failed, 1 backed up (1 backed up, but record not saved)",
        ]
    );
    let dry = Title { dry_run: true, ..title(Subject::Backup) };
    assert_eq!(
        summary::headline(dry, &[failed(), planned()]).1,
        "Backup, production, dry run: nothing was backed up, 1 of 2 would fail, 1 planned"
    );
    let text = summary::of_results(title(Subject::Backup), &[cancelled()]);
    assert!(text.contains("| io | ❌\u{a0}cancelled |"), "{text}");
}

#[test]
fn a_flag_of_another_value_is_a_code_span() {
    let mut disabled = disabled();
    disabled.message = Some("ENABLE_S3_BACKUP_ARCHIVAL is `no`, not `true`".to_owned());
    disabled.warnings = vec!["not locked, as `object-lock: off` requests".to_owned()];
    let text = summary::of_results(title(Subject::Backup), &[disabled]);
    for shown in [
        "- europa: ENABLE_S3_BACKUP_ARCHIVAL is `no`, not `true`. Run ",
        "- europa: not locked, as `object-lock: off` requests",
    ] {
        assert!(text.contains(shown), "{text}");
    }
}

#[test]
fn summaries_are_as_reviewed() {
    let planned = [planned(), result("titan", Outcome::Planned)];
    let recorded = SponsorResult { backup_location: None, ..result("callisto", Outcome::Success) };
    let shown = [
        (
            "partial, empty and disabled",
            summary::of_results(title(Subject::Backup), &[partial(), empty(), disabled()]),
        ),
        ("dry run", summary::of_results(Title { dry_run: true, ..title(Subject::Backup) }, &planned)),
        ("record", summary::of_results(title(Subject::Record), &[recorded])),
        ("verify", summary::of_results(title(Subject::Verify), &[verified()])),
        (
            "restore",
            summary::with_chapter(
                title(Subject::Restore),
                &[result("callisto", Outcome::Success)],
                &restore::chapter(&restored_facts()),
            ),
        ),
        (
            "before any sponsor",
            summary::of_failure(
                title(Subject::Backup),
                "manifest",
                "sponsor manifest in Doppler: sponsors[0].code is missing",
                Some("Write `code: CAL`."),
            ),
        ),
    ];
    let text: Vec<String> = shown.iter().map(|(name, text)| format!("<!-- {name} -->\n{text}")).collect();
    reviewed::text("summaries", &text.join("\n"));
}

#[test]
fn drill_summary_is_as_reviewed() {
    let drilled =
        [ReportedDrill { report: drilled(), location: Some("s3://audit/drill-reports/x.json".to_owned()) }];
    let mut result = result("callisto", Outcome::Success);
    result.message = Some(drill::line(&drilled[0]));
    let text = summary::with_chapter(title(Subject::Drill), &[result], &drill::summary(&drilled));
    reviewed::text("summary-drill", &text);
}

/// What docs/summary.png shows.
#[test]
fn summaries_of_the_picture_are_as_reviewed() {
    let results = [
        result("callisto", Outcome::Success),
        result("rhea", Outcome::Success),
        result("titan", Outcome::Failure),
        disabled(),
    ];
    reviewed::text("summary-picture", &summary::of_results(title(Subject::Backup), &results));
    let failed = drilled();
    let tables = failed.tables.into_iter().map(|table| TablePair {
        rows_found: table.rows_expected,
        is_equal: true,
        ..table
    });
    let checks = failed.checks.into_iter().map(|check| Check { passed: true, ..check });
    let report = DrillReport {
        status: Status::Passed,
        verdict: Some("equal"),
        rows_found: failed.rows_expected,
        restore_duration_minutes: 1.6,
        rto_compliant: Some(true),
        tables: tables.collect(),
        checks: checks.collect(),
        findings: Vec::new(),
        left_out: Vec::new(),
        not_compared: Vec::new(),
        ..failed
    };
    let location =
        "s3://hht-diary-audit-logs-callisto-eu-west-1/drills/2026/11/20/drill-prod-20261120-120005.json";
    let drilled = [ReportedDrill { report, location: Some(location.to_owned()) }];
    let mut result = result("callisto", Outcome::Success);
    (result.message, result.deployment_log) = (Some(drill::line(&drilled[0])), None);
    let text = summary::with_chapter(title(Subject::Drill), &[result], &drill::summary(&drilled));
    reviewed::text("summary-picture-drill", &text);
}

#[test]
fn issue_texts_are_as_reviewed() {
    let run = issue::ReportingRun {
        subject: Subject::Backup,
        environment: "production",
        url: Some("https://github.example/cure-hht/hht_diary/actions/runs/17342009911"),
        attempt: Some("2"),
    };
    let drill = issue::ReportingRun { subject: Subject::Drill, url: None, attempt: None, ..run };
    let failed = [result("callisto", Outcome::Failure), result("titan", Outcome::Success)];
    let text = [
        issue::title(run),
        issue::title(drill),
        issue::of_failures(run, &failed),
        issue::of_a_refusal(run, ("manifest", "sponsors is not a list"), Some("Write a list.")),
        issue::of_a_recovery(run, &BTreeSet::from(["callisto".to_owned(), "titan".to_owned()])),
        issue::of_a_recovery(drill, &BTreeSet::new()),
    ];
    reviewed::text("issue", &text.join("\n=====\n"));
}

#[test]
fn log_lines_are_as_reviewed() {
    let results = [
        result("callisto", Outcome::Success),
        result("titan", Outcome::Failure),
        disabled(),
        result("rhea", Outcome::Planned),
        partial(),
        empty(),
        verified(),
        SponsorResult::new("io", backed_up(), 7_260.0),
    ];
    let shown = results.iter().flat_map(|result| lines::of_result(result).into_iter().chain([String::new()]));
    reviewed::text("log-of-sponsors", &shown.collect::<Vec<_>>().join("\n"));
}

#[test]
fn annotation_texts_are_as_reviewed() {
    let results = [result("callisto", Outcome::Failure), disabled(), partial(), empty()];
    let shown = workflow::annotations_of(&results);
    let shown: Vec<String> = shown.iter().map(|shown| shown.command()).collect();
    reviewed::text("annotations", &shown.join("\n"));
}

#[test]
fn lines_of_plans_progress_and_restores_are_as_reviewed() {
    let facts = [
        ("database", "db.example.org:5432/app, 51.2 MiB on disk".to_owned()),
        ("lock", "none".to_owned()),
        ("roles", lines::join_names(&BTreeSet::from(["app".to_owned(), "reader".to_owned()]))),
        ("extensions", lines::join_names(&BTreeSet::new())),
    ];
    let reading = lines::DumpProgress {
        sponsor: "callisto",
        bytes_read: 1 << 30,
        bytes_stored: 300 << 20,
        elapsed: Duration::from_secs(75),
    };
    let mut lines = lines::plan("callisto: restore".to_owned(), &facts).split_off(1);
    lines.push(reading.line());
    for target in [TargetState::Unchanged, TargetState::Created, TargetState::Replaced, TargetState::Unknown]
    {
        for is_loaded in [true, false] {
            let facts = RestoredFacts { target, is_loaded, ..restored_facts() };
            lines.push(restore::state(&facts));
        }
    }
    let partial = Partial {
        schemas: Vec::new(),
        exclude_schemas: Vec::new(),
        exclude_table_data: vec!["diary.audit_log".to_owned()],
    };
    lines.push(drill::line(&ReportedDrill { report: drilled(), location: None }));
    let mut report = drilled();
    (report.partial, report.tables) = (Some(partial), report.tables.into_iter().take(1).collect());
    lines.push(drill::line(&ReportedDrill { report, location: None }));
    reviewed::text("lines", &lines.join("\n"));
}
