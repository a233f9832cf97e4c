//! Every text that describes what a check found.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::conclusion::{BackupFacts, ContentTotals, Restored};
use super::database::tests::{database, locale};
use super::database::{contradictions as of_the_database, document};
use super::drill::{Backup, Check, DrillCourse, DrillFindings};
use super::{Comparison, VerificationError, limits, stored};
use crate::archive::backup_manifest::{BackupManifest, Partial};
use crate::databases::postgres::database::Database;
use crate::databases::postgres::generated::Digests;
use crate::databases::postgres::proof::{DatabaseDifferences, Side, objects};
use crate::databases::postgres::settings::Settings;
use crate::databases::postgres::sql::{Group, LargeObjects, Scan};

const DUMP: &str = "CREATE TABLE s.a;\nCREATE INDEX i ON s.a (x);\nCREATE VIEW s.v AS SELECT 1;\n\
    COPY s.a (x) FROM stdin;\n1\n2\n\\.\nCOPY s.b (x) FROM stdin;\n\\.\n\
    SELECT pg_catalog.setval('s.q', 42, true);\nREFRESH MATERIALIZED VIEW s.m;\n";

fn compared_on(restored: &str, majors: (u32, u32), left_out: Option<&str>) -> Comparison {
    let (before, after) = (Scan::of(DUMP), Scan::of(restored));
    let (contents, restored) = (before.contents().unwrap(), after.contents().unwrap());
    let left_out = left_out.map(|table| [("s".to_owned(), table.to_owned())].into());
    Comparison::new(
        &Side { contents: &contents, inventory: before.inventory(), majors: (15, 15) },
        &Side { contents: &restored, inventory: after.inventory(), majors },
        left_out.as_ref(),
    )
}

fn compared(from: &str, to: &str) -> Comparison {
    compared_on(&DUMP.replace(from, to), (15, 15), None)
}

/// Each kind of text under its title.
fn reviewed(name: &str, chapters: &[(&str, Vec<String>)]) {
    let chapter = |(title, lines): &(&str, Vec<String>)| format!("{title}\n  {}\n", lines.join("\n  "));
    crate::reviewed::text(name, &chapters.iter().map(chapter).collect::<String>());
}

#[test]
fn proof_errors_and_hints_read_as_reviewed() {
    let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
    let stale = |taken: Option<Timestamp>| {
        limits::freshness("s3://b/backups/", taken, now, Duration::from_secs(8 * 3600)).unwrap_err()
    };
    let old: Timestamp = "2026-11-26T11:00:00Z".parse().unwrap();
    let errors: Vec<VerificationError> = vec![
        stale(Some(old)),
        stale(None),
        stored::refuted("s3://b/backups/x.sql.gz", vec!["one finding".to_owned(), "another".to_owned()]),
    ];
    crate::reviewed::errors(
        "errors-proof",
        errors.iter().map(|error| (error.to_string(), Some(error.hint.clone()))),
    );
}

#[test]
fn findings_of_a_comparison_read_as_reviewed() {
    let many: String = (0..25).map(|n| format!("CREATE TABLE s.t{n};\n")).collect();
    let sum = |sum: &str| Digests::from([(("s".to_owned(), "a".to_owned()), sum.to_owned())]);
    let generated = compared("", "").with_database(DatabaseDifferences::default(), &sum("1"), &sum("2"));
    let without = |text: &str| compared(text, "");
    let nothing = DUMP.replace("1\n2\n", "");
    let mut chapters = vec![
        ("other rows", compared("1\n2\n", "1\n3\n").findings()),
        ("one row", compared("1\n2\n", "1\n").findings()),
        ("more rows", compared("1\n2\n", &"1\n".repeat(1234)).findings()),
        ("another table", compared("COPY s.b", "COPY s.c").findings()),
        ("generated columns", generated.findings()),
        ("sequence elsewhere", compared("42, true", "43, false").findings()),
        ("sequence missing", without("SELECT pg_catalog.setval('s.q', 42, true);\n").findings()),
        (
            "sequence added",
            compared("SELECT", "SELECT pg_catalog.setval('s.p', 1, true);\nSELECT").findings(),
        ),
        ("index missing", without("CREATE INDEX i ON s.a (x);\n").findings()),
        ("view changed", compared("SELECT 1", "SELECT 2").findings()),
        ("many statements", compared("CREATE INDEX", &format!("{many}CREATE INDEX")).findings()),
        ("all rows left out", compared_on(&nothing, (15, 15), Some("a")).findings()),
        ("not compared", compared("", "").not_compared()),
        ("not compared on another version", compared_on(DUMP, (18, 18), None).not_compared()),
    ];
    let other = compared_on(&DUMP.replace("CREATE TABLE", "CREATE  TABLE"), (18, 18), None);
    chapters.push(("not compared, and statements differ", other.not_compared()));
    reviewed("findings-comparison", &chapters);
}

#[test]
fn findings_about_large_objects_read_as_reviewed() {
    let objects = |shift: u32, groups: &[(u32, u64, u64, u128)]| LargeObjects {
        shift,
        groups: groups
            .iter()
            .map(|&(first, count, bytes, digest)| (first, Group { count, bytes, digest }))
            .collect(),
    };
    let before = objects(0, &[(7, 1, 3, 1), (8, 1, 3, 2), (9, 1, 3, 3)]);
    let after = objects(0, &[(8, 1, 4, 9), (9, 1, 3, 4), (10, 1, 1, 1)]);
    let (many, fewer) = (objects(1, &[(8, 2, 6, 5)]), objects(1, &[(8, 1, 3, 5)]));
    reviewed(
        "findings-large-objects",
        &[
            ("one each", objects::large_objects(&before, &after).all()),
            ("neighbors", objects::large_objects(&many, &fewer).all()),
            ("neighbors that changed", objects::large_objects(&many, &objects(1, &[(8, 2, 6, 6)])).all()),
        ],
    );
}

#[test]
fn findings_about_the_database_itself_read_as_reviewed() {
    let was = database(locale("tr-TR"), &[("search_path", "app, public"), ("app.key", "secret")]);
    let told = document(&was.locale, &was.settings);
    let found = |is: &Database| {
        let DatabaseDifferences { locales, differing } =
            DatabaseDifferences::new(&told, Some(&was.settings), is, "db");
        locales.into_iter().chain(differing).collect::<Vec<_>>()
    };
    let other = database(locale("en-US"), &[("app.key", "other"), ("work_mem", "1MB")]);
    let mut newer = was.clone();
    newer.locale.collation_version = Some("154".to_owned());
    let mut latin = was.clone();
    latin.locale.encoding = "LATIN1".to_owned();
    let commented = Settings::new(Vec::new(), Some("a comment".to_owned()));
    reviewed(
        "findings-database",
        &[
            ("another locale and other settings", found(&other)),
            ("another collation version", found(&newer)),
            ("another encoding", found(&latin)),
            ("manifest: other settings", of_the_database(&told, Some(&other.settings))),
            ("manifest: a comment", of_the_database(&told, Some(&commented))),
            ("manifest: no settings", of_the_database(&told, None)),
            ("in a plan", vec![super::database::words(&told)]),
        ],
    );
}

fn manifest(contents: &Scan) -> BackupManifest {
    let text = |length: usize| "a".repeat(length);
    let document = json!({
        "format_version": 1, "sponsor": "callisto", "sponsor_code": "CAL", "environment": "production",
        "key": "backups/2026/01/01/backup-prod-20260101-000000.sql.gz",
        "timestamp": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:02Z",
        "dump": {"bytes": 5, "sha256": text(64)},
        "stored": {"bytes": 7, "sha256": text(64), "crc64nvme": "rosUhgp5mIg="},
        "encoding": {"codec": "gzip", "level": 3, "members": 1, "age_recipients": []},
        "includes_privileges": true, "tool": {"name": "sponsor-backup", "version": "0.1.0"},
        "pg_dump_version": "15.4", "server_version": "15.4", "git_sha": null, "version": null,
        "github_run_id": null, "github_run_attempt": null,
    });
    let mut manifest = BackupManifest::parse("s3://b/k", document.to_string().as_bytes()).unwrap();
    manifest.contents =
        Some(stored::manifest_contents(&contents.contents().unwrap(), contents.objects(), &Digests::new()));
    manifest
}

#[test]
fn findings_about_a_stored_backup_read_as_reviewed() {
    let dump = format!(
        "--\n-- PostgreSQL database dump\n--\n\n{DUMP}\n--\n-- PostgreSQL database dump complete\n--\n\n"
    );
    let manifest = manifest(&Scan::of(&dump));
    let key = manifest.key.as_str();
    let found = |bytes: u64, sha256: &str, crc64: &str| stored::StoredFacts {
        bytes,
        crc64: Some(crc64.to_owned()),
        sha256: sha256.to_owned(),
    };
    let (sha256, crc64) = ("a".repeat(64), "rosUhgp5mIg=");
    let beside =
        |asked: [&str; 3], found, is_encrypted| stored::contradictions(&manifest, asked, found, is_encrypted);
    let read = |text: &str, sha256: &str| {
        let scan = Scan::of(text);
        let read = stored::ReadFacts { stored_sha256: sha256, sha256, bytes: 5, scan: &scan };
        stored::judged(&manifest, read).unwrap_err()
    };
    let ours = ["callisto", "production", key];
    let mut forged = manifest.clone();
    forged.contents.as_mut().unwrap().large_objects.as_mut().unwrap().count = 2;
    let whole = Scan::of(&dump);
    let same = stored::ReadFacts { stored_sha256: &sha256, sha256: &sha256, bytes: 5, scan: &whole };
    reviewed(
        "findings-stored",
        &[
            ("of another", beside(["titan", "staging", "k"], found(7, &sha256, crc64), false)),
            ("checksums and size", beside(ours, found(8, "b", "c"), false)),
            ("encryption", beside(ours, found(7, &sha256, crc64), true)),
            ("bytes", read(&dump, "b")),
            ("cut off", read(DUMP, &sha256)),
            ("rows", read(&dump.replace("1\n2\n", "1\n"), &sha256)),
            ("sequence", read(&dump.replace("42", "7"), &sha256)),
            ("commands", read(&dump.replace("CREATE VIEW", "\\! ls\nCREATE VIEW"), &sha256)),
            ("large objects", stored::judged(&forged, same).unwrap_err()),
        ],
    );
}

#[test]
fn a_backup_from_the_future_meets_no_age_limit() {
    let backup = |snapshot: &str| Backup {
        location: "s3://b/k".to_owned(),
        snapshot_at: snapshot.parse().unwrap(),
        bytes: 1,
        sha256: "0".repeat(64),
        partial: None,
    };
    let findings =
        |snapshot: &str| DrillFindings { backup: Some(backup(snapshot)), ..DrillFindings::default() };
    let course = |max_rpo| DrillCourse {
        at: "2026-11-20T19:30:00Z".parse().unwrap(),
        took: Duration::from_secs(1),
        max_rpo,
        max_rto: None,
        broken: None,
    };
    let limited = course(Some(Duration::from_secs(6 * 3600)));
    let ahead = findings("2026-11-20T22:30:00Z");
    assert_eq!((limited.age(&ahead), limited.is_rpo_kept(&ahead)), (None, Some(false)));
    let words = "the age of the backup is unknown (`max-rpo`): its time is 3h ahead of this machine's clock"
        .to_owned();
    assert_eq!(limited.wrong(&ahead), [words]);
    assert_eq!((course(None).wrong(&ahead), course(None).is_rpo_kept(&ahead)), (Vec::new(), None));
    let near = findings("2026-11-20T19:31:00Z");
    assert_eq!((limited.wrong(&near), limited.is_rpo_kept(&near)), (Vec::new(), Some(true)));
}

#[test]
fn a_manifest_of_another_time_is_of_another_backup() {
    let key = "backups/2026/11/20/backup-prod-20261120-193000.sql.gz";
    let told = ["callisto", "production", key];
    let at = |timestamp: &str| stored::of_another(told, told, timestamp.parse().unwrap());
    assert_eq!(at("2026-11-20T19:30:00.25Z"), Vec::<String>::new());
    assert_eq!(
        at("2026-11-19T19:30:00Z"),
        ["its manifest belongs to another backup: time 2026-11-19T19:30:00Z, expected 2026-11-20T19:30:00Z"]
    );
}

#[test]
fn findings_and_warnings_of_a_drill_read_as_reviewed() {
    let backup = Backup {
        location: "s3://b/k".to_owned(),
        snapshot_at: "2026-11-20T12:00:00Z".parse().unwrap(),
        bytes: 1,
        sha256: "0".repeat(64),
        partial: None,
    };
    let check = |answer: &str| Check {
        statement: "SELECT count(*) > 0 FROM s.a;".to_owned(),
        passed: false,
        answer: answer.to_owned(),
    };
    let findings = DrillFindings {
        backup: Some(backup),
        comparison: Some(compared("", "")),
        checks: ["false", "nothing", "something else", "error 42P01", "no answer"]
            .map(check)
            .into_iter()
            .chain([Check {
                statement: "-- Every visit has a patient.\nselect 1=2\n  and true ;".to_owned(),
                passed: false,
                answer: "false".to_owned(),
            }])
            .collect(),
        ..DrillFindings::default()
    };
    let course = DrillCourse {
        at: "2026-11-20T19:30:00Z".parse().unwrap(),
        took: Duration::from_secs(3725),
        max_rpo: Some(Duration::from_secs(6 * 3600)),
        max_rto: Some(Duration::from_secs(3600)),
        broken: None,
    };
    let partial = Partial {
        schemas: Vec::new(),
        exclude_schemas: vec!["audit".to_owned()],
        exclude_table_data: vec!["s.log".to_owned()],
    };
    let empty = Comparison::new(
        &Side { contents: &Scan::of("").contents().unwrap_or_default(), inventory: None, majors: (15, 15) },
        &Side { contents: &Scan::of("").contents().unwrap_or_default(), inventory: None, majors: (15, 15) },
        None,
    );
    let warnings = Restored { comparison: Some(&empty), falls_short: false }.warnings(Some(&partial));
    let taken = BackupFacts {
        held: ContentTotals { tables: 0, rows: 0, bytes: 1000 },
        partial: false,
        rows_before: Some(52_500),
    };
    reviewed(
        "findings-drill",
        &[
            ("wrong", course.wrong(&findings)),
            ("hint", vec![course.hint(&findings)]),
            ("hint of a check", vec![DrillCourse { max_rpo: None, max_rto: None, ..course }.hint(&findings)]),
            (
                "hint of an age",
                vec![
                    DrillCourse { max_rto: None, ..course }
                        .hint(&DrillFindings { checks: Vec::new(), ..findings.clone() }),
                ],
            ),
            ("warnings of a restore", warnings),
            ("no table", taken.warning().into_iter().collect()),
            ("all lost", taken.lost_everything().into_iter().collect()),
        ],
    );
}
