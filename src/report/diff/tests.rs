use serde_json::{Value, json};

use super::*;
use crate::verification::backup_diff::tests::{backup, limits, object, table, whole};

const WAS: &str = "s3://hht-diary-backups-callisto/backups/2026/11/19/backup-prod-20261119-013000.sql.gz";
const IS: &str = "s3://hht-diary-backups-callisto/backups/2026/11/20/backup-prod-20261120-013000.sql.gz";

/// What a report makes of two backups.
fn reported<T>(was: &BackupManifest, is: &BackupManifest, take: impl FnOnce(&DiffReport<'_>) -> T) -> T {
    let diff = BackupDiff::between(was, is);
    let limits = limits();
    let findings = diff.findings(&limits, "20261119-013000");
    let side = |location, at: &str| (location, at.parse().unwrap());
    let (before, after) = (side(WAS, "2026-11-19T01:30:00Z"), side(IS, "2026-11-20T01:30:00Z"));
    take(&DiffReport {
        before: ComparedSide { location: before.0, at: before.1, manifest: was },
        after: ComparedSide { location: after.0, at: after.1, manifest: is },
        diff: &diff,
        limits: &limits,
        findings: &findings,
    })
}

fn needs(extensions: &[&str], roles: &[&str]) -> Value {
    json!({"client_major": 15, "server_major": 15, "restricted": true, "encoding": "UTF8", "extensions": extensions, "roles": roles})
}

fn large_objects(count: u64, digest: &str) -> Value {
    json!({"count": count, "bytes": count, "digest": digest, "oids_per_group": 1, "groups": []})
}

/// [`whole`], and much of it changed.
fn two() -> [BackupManifest; 2] {
    let mut before = whole();
    before.restore = serde_json::from_value(needs(&["hstore"], &["app"])).unwrap();
    let tables = [table("events", 5, "e"), table("patients", 1_000, "q"), table("visits", 67_900, "w")];
    let objects = [
        object("function", "total(integer)", "9"),
        object("table", "events", "4"),
        object("table", "visits", "2"),
    ];
    let after = backup(&tables, &objects, |document| {
        document["restore"] = needs(&["citext", "pgcrypto"], &["app"]);
        document["large_objects"] = large_objects(3, "x");
        document["dump"]["bytes"] = 640_000.into();
        document["stored"]["bytes"] = 190_000.into();
        document["version"] = "v2.4.0".into();
        document["server_version"] = "15.5".into();
        document["pg_dump_version"] = "17.2".into();
    });
    before.contents.as_mut().unwrap().large_objects = serde_json::from_value(large_objects(3, "y")).unwrap();
    [before, after]
}

#[test]
fn a_comparison_reads_as_reviewed() {
    let [before, after] = two();
    let lines = |was: &BackupManifest, is: &BackupManifest| {
        reported(was, is, |report| {
            format!("{}\n{}\nhint: {}\n", report.title(), report.lines().join("\n"), report.hint())
        })
    };
    let mut unknown = after.clone();
    unknown.contents = None;
    unknown.restore = None;
    let partial = backup(&[], &[], |document| {
        document["partial"] = json!({"schemas": ["diary"], "exclude_schemas": [], "exclude_table_data": []});
    });
    crate::reviewed::text(
        "diff",
        &[
            lines(&before, &after),
            lines(&before, &before),
            lines(&before, &unknown),
            lines(&before, &partial),
        ]
        .join("\n"),
    );
}

#[test]
fn the_document_has_every_change() {
    let [before, after] = two();
    let document: Value = serde_json::from_str(&reported(&before, &after, |report| report.json())).unwrap();
    assert_eq!(document["rows"], json!({"before": 100_000, "after": 68_905, "percent": -31.1}));
    assert_eq!((&document["outcome"], &document["objects_equal"]), (&json!("failure"), &json!(1)));
    assert_eq!(document["extensions"], json!({"removed": ["hstore"], "added": ["citext", "pgcrypto"]}));
    assert_eq!(document["large_objects"]["equal"], json!(false));
    assert_eq!(document["limits"]["max_row_drop"], json!("20%"));
    let same: Value = serde_json::from_str(&reported(&before, &before, |report| report.json())).unwrap();
    assert_eq!((&same["outcome"], &same["table_changes"]), (&json!("success"), &json!([])));
}

/// The name of a table can contain characters that color, clear or reverse text on a terminal.
#[test]
fn names_hold_nothing_that_a_terminal_obeys() {
    let odd = "visits\u{1b}[2J\u{202e}\u{7}x";
    let before = backup(&[table(odd, 1, "x")], &[object("table", odd, "x")], |document| {
        document["partial"] = json!({"schemas": [odd], "exclude_schemas": [], "exclude_table_data": []});
        document["version"] = odd.into();
    });
    let (lines, chapter) =
        reported(&before, &whole(), |report| (report.lines().join("\n"), report.chapter()));
    for text in [lines, chapter] {
        assert!(text.contains("visits[2Jx"), "{text:?}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    }
}

/// A name cannot begin a line of its own, and very many changes are counted.
#[test]
fn names_and_numbers_cannot_flood_the_log() {
    let none = backup(&[], &[], |_| {});
    let tables: Vec<Value> = (0..1_000).map(|n| table(&format!("t{n}\nhint: run this"), 1, "x")).collect();
    let objects: Vec<Value> = (0..1_000).map(|n| object("view", &format!("v{n}\n"), "x")).collect();
    let many = backup(&tables, &objects, |_| {});
    let (lines, chapter) = reported(&none, &many, |report| (report.lines(), report.chapter()));
    assert!(lines.iter().all(|line| !line.contains('\n')));
    let more = lines.iter().filter(|line| line.starts_with("… and 800 more")).count();
    assert!(more == 2 && lines.len() < 2 * ROWS + 30, "{}", lines.len());
    assert!(chapter.lines().count() < SUMMARY_LINES + 10);
}
