use serde_json::{Value, json};

use super::*;

pub(crate) fn table(name: &str, rows: u64, digest: &str) -> Value {
    json!({"schema": "diary", "name": name, "rows": rows, "digest": digest})
}

pub(crate) fn object(kind: &str, name: &str, digest: &str) -> Value {
    json!({"kind": kind, "schema": "diary", "name": name, "digest": digest})
}

/// A manifest with these tables and objects, changed by `edit`.
pub(crate) fn backup(tables: &[Value], objects: &[Value], edit: impl FnOnce(&mut Value)) -> BackupManifest {
    let text = |length: usize| "a".repeat(length);
    let rows: u64 = tables.iter().map(|table| table["rows"].as_u64().unwrap()).sum();
    let mut document = json!({
        "format_version": 1, "sponsor": "callisto", "sponsor_code": "CAL", "environment": "production",
        "key": "backups/2026/01/01/backup-prod-20260101-000000.sql.gz",
        "timestamp": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:02Z",
        "dump": {"bytes": 1_000_000, "sha256": text(64)},
        "stored": {"bytes": 250_000, "sha256": text(64), "crc64nvme": "rosUhgp5mIg="},
        "encoding": {"codec": "gzip", "level": 3, "members": 1, "age_recipients": []},
        "tables": tables, "rows_total": rows, "statements": 9, "statements_digest": text(32), "objects": objects,
        "includes_privileges": false, "tool": {"name": "sponsor-backup", "version": "0.1.0"},
        "pg_dump_version": "15.4", "server_version": "15.4", "git_sha": null, "version": null,
        "github_run_id": null, "github_run_attempt": null,
    });
    edit(&mut document);
    BackupManifest::parse("s3://b/k", document.to_string().as_bytes()).unwrap()
}

pub(crate) fn whole() -> BackupManifest {
    let tables = [table("patients", 1_000, "p"), table("sites", 2_000, "s"), table("visits", 97_000, "v")];
    let objects = [
        object("function", "total(integer)", "1"),
        object("table", "visits", "2"),
        object("view", "recent", "3"),
    ];
    backup(&tables, &objects, |_| {})
}

fn without_objects(document: &mut Value) {
    document.as_object_mut().unwrap().remove("objects");
}

const LIMITS: DiffLimits =
    DiffLimits { max_row_drop: None, max_table_drop: Some(0), expect_schema_unchanged: true };

pub(crate) fn limits() -> DiffLimits {
    DiffLimits { max_row_drop: Share::parse("20%"), ..LIMITS }
}

#[test]
fn what_differs_is_found() {
    let before = whole();
    let tables = [table("events", 5, "e"), table("patients", 1_000, "q"), table("visits", 67_900, "w")];
    let objects = [
        object("function", "total(integer)", "9"),
        object("table", "events", "4"),
        object("table", "visits", "2"),
    ];
    let after = backup(&tables, &objects, |_| {});
    let diff = BackupDiff::between(&before, &after);
    assert_eq!(diff.rows, Some(Amounts { before: 100_000, after: 68_905 }));
    let names = |tables: &[TableRows]| tables.iter().map(|rows| rows.table.clone()).collect::<Vec<_>>();
    let ContentsChanges { gone, fewer, more, rewritten, new } = diff.tables.clone().unwrap();
    assert_eq!(names(&gone), ["diary.sites"]);
    assert_eq!(names(&fewer), ["diary.visits"]);
    assert_eq!((names(&more), names(&new)), (Vec::new(), vec!["diary.events".to_owned()]));
    assert_eq!(names(&rewritten), ["diary.patients"]);
    let changes = diff.objects.clone().unwrap();
    let words: Vec<String> = changes.words().collect();
    let expected =
        ["view diary.recent removed", "function diary.total(integer) changed", "table diary.events added"];
    assert_eq!((words, changes.equal), (expected.map(str::to_owned).to_vec(), 1));
    let same = BackupDiff::between(&before, &before);
    assert!(same.objects.clone().unwrap().is_empty() && same.tables.clone().unwrap().count() == 0);
    assert_eq!(same.findings(&limits(), "x"), Vec::<String>::new());
    let back = BackupDiff::between(&after, &before).objects.unwrap();
    assert_eq!(back.added.len(), changes.removed.len());
}

#[test]
fn nothing_is_within_a_limit_that_cannot_be_checked() {
    let known = whole();
    let unknown = backup(&[], &[], |document| {
        for name in ["tables", "rows_total", "statements", "statements_digest", "objects"] {
            document.as_object_mut().unwrap().remove(name);
        }
    });
    let partial = backup(&[], &[], |document| {
        document["partial"] = json!({"schemas": ["diary"], "exclude_schemas": [], "exclude_table_data": []});
    });
    let each = [
        DiffLimits { max_row_drop: Share::parse("100%"), ..DiffLimits::default() },
        DiffLimits { max_table_drop: Some(u64::MAX), ..DiffLimits::default() },
        DiffLimits { expect_schema_unchanged: true, ..DiffLimits::default() },
    ];
    for limits in each {
        for (before, after) in
            [(&known, &unknown), (&unknown, &known), (&known, &partial), (&partial, &known)]
        {
            let diff = BackupDiff::between(before, after);
            assert_eq!(diff.findings(&limits, "it").len(), 1, "{limits:?}");
            assert!(diff.findings(&DiffLimits::default(), "it").is_empty());
        }
        assert!(BackupDiff::between(&known, &known).findings(&limits, "it").is_empty());
    }
}

#[test]
fn findings_of_limits_read_as_reviewed() {
    let before = whole();
    let findings = |after: &BackupManifest| {
        BackupDiff::between(&before, after).findings(&limits(), "20261119-013000").join("\n  ")
    };
    let many: Vec<Value> = (0..20).map(|n| object("table", &format!("t{n}"), "5")).collect();
    let tables = [table("patients", 1_000, "q"), table("visits", 67_900, "w")];
    let old = backup(&tables, &[], without_objects);
    let privileges = backup(&tables, &[], |document| document["includes_privileges"] = true.into());
    let partial = backup(&tables, &[], |document| {
        document["partial"] = json!({"schemas": ["diary"], "exclude_schemas": [], "exclude_table_data": []});
    });
    let unread = PreviousBackup { location: "s3://b/k".to_owned(), rows_total: 500_000, dump_size_bytes: 1 };
    let totals = BackupDiff::of_totals(&unread, &before).findings(&limits(), "the previous backup");
    crate::reviewed::text(
        "diff-findings",
        &format!(
            "lost and changed\n  {}\n\nobjects unknown\n  {}\n\nprivileges\n  {}\n\nanother scope\n  {}\n\nonly totals\n  {}\n",
            findings(&backup(&tables, &many, |_| {})),
            findings(&old),
            findings(&privileges),
            findings(&partial),
            totals.join("\n  "),
        ),
    );
}

#[test]
fn warnings_of_a_backup_read_as_reviewed() {
    let before = whole();
    let warnings = |tables: &[Value], bytes: u64, sizes: &[u64]| {
        let after = backup(tables, &[], |document| document["dump"]["bytes"] = bytes.into());
        BackupDiff::between(&before, &after).warnings(sizes).join("\n  ")
    };
    let visits =
        |rows: u64| [table("patients", 1_000, "p"), table("sites", 2_000, "s"), table("visits", rows, "w")];
    let sites = [table("patients", 0, ""), table("sites", 0, "s"), table("visits", 99_000, "w")];
    let usual = [1_000_000; 3];
    crate::reviewed::text(
        "backup-changes",
        &format!(
            "fewer rows\n  {}\n\nfewer bytes\n  {}\n\nfewer rows and bytes\n  {}\n\nsmaller than usual\n  {}\n\nlarger than usual\n  {}\n\na table emptied\n  {}\n",
            warnings(&visits(1), 1_000_000, &usual),
            warnings(&visits(97_000), 700_000, &usual),
            warnings(&visits(1), 700_000, &usual),
            warnings(&visits(1), 400_000, &usual),
            warnings(&visits(97_000), 1_600_000, &usual),
            warnings(&sites, 1_000_000, &usual),
        ),
    );
    assert_eq!(warnings(&visits(77_000), 800_000, &usual), "", "a fifth, and no more");
    assert_eq!(warnings(&visits(97_000), 1_500_000, &usual), "", "half as much again, and no more");
    assert_eq!(warnings(&visits(97_000), 9_000_000, &[1_000_000; 2]), "", "no usual size yet");
    // One outlier does not make a usual size.
    assert_eq!(warnings(&visits(97_000), 1_000_000, &[1_000_000, 1, 1_000_000, 9_000_000, 1_000_000]), "");
}

#[test]
fn each_backup_passes_on_the_sizes_of_seven() {
    let sized = |bytes: u64, changes: Option<Changes>| {
        let mut manifest = backup(&[], &[], |document| document["dump"]["bytes"] = bytes.into());
        manifest.changes = changes;
        manifest
    };
    let mut last = sized(1, None);
    for bytes in 2..=20 {
        let sizes = sizes_up_to(&last);
        let next = sized(bytes, None);
        let changes = BackupDiff::between(&last, &next).changes("s3://b/k", &sizes);
        last = sized(bytes, changes);
    }
    assert_eq!(sizes_up_to(&last), (14..=20).collect::<Vec<_>>());
    assert_eq!(sizes_up_to(&sized(5, None)), [5]);
}

#[test]
fn the_changes_of_a_document_are_bounded() {
    let tables: Vec<Value> = (0..50).map(|n| table(&format!("t{n:02}"), 2, "x")).collect();
    let (many, none) = (backup(&tables, &[], |_| {}), backup(&[], &[], without_objects));
    let changes = BackupDiff::between(&many, &none).changes("s3://b/k", &[]).unwrap();
    let removed = changes.tables.unwrap().removed;
    assert_eq!((removed.count, removed.names.len(), &*removed.names[0]), (50, KEPT, "diary.t00"));
    assert_eq!((changes.objects, changes.rows), (None, Amounts { before: 100, after: 0 }));
}
