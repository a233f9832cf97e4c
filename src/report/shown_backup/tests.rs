use super::*;

fn document() -> Value {
    let text = |length: usize| "a".repeat(length);
    let table =
        |name: &str, rows: u64| json!({"schema": "diary", "name": name, "rows": rows, "digest": text(32)});
    json!({
        "format_version": 1, "sponsor": "callisto", "sponsor_code": "CAL", "environment": "production",
        "key": "backups/2026/11/20/backup-prod-20261120-120000.sql.gz",
        "timestamp": "2026-11-20T12:00:00.25Z", "started_at": "2026-11-20T12:00:01Z",
        "finished_at": "2026-11-20T12:00:02Z",
        "dump": {"bytes": 4_194_304, "sha256": text(64)},
        "stored": {"bytes": 1_048_576, "sha256": text(64), "crc64nvme": "rosUhgp5mIg="},
        "encoding": {"codec": "zstd", "level": 3, "members": 1, "age_recipients": ["age1x"]},
        "tables": [table("small", 1), table("visits", 2_000), table("also_small", 1)],
        "rows_total": 2_002, "statements": 9, "statements_digest": text(32),
        "sequences": [], "large_objects":
            {"count": 2, "bytes": 2_048, "digest": text(32), "oids_per_group": 1, "groups": []},
        "previous_backup":
            {"location": "s3://b/before.sql.gz", "rows_total": 2_001, "dump_size_bytes": 4_000_000},
        "warnings": ["one\nthing"], "includes_privileges": true,
        "tool": {"name": "sponsor-backup", "version": "0.2.0"},
        "pg_dump_version": "16.4", "server_version": "15.4", "git_sha": text(40), "version": "v1.4.2",
        "github_run_id": "7", "github_run_attempt": "2",
        "tags": [{"name": "pre-migration", "value": "true"}],
        "metadata": [{"name": "deployer", "value": "octocat"}, {"name": "reason", "value": "a new diary"}],
        "restore": {"client_major": 15, "server_major": 15, "restricted": true, "encoding": "UTF8",
            "extensions": [], "roles": ["app", "reader"]},
    })
}

fn shown<T>(document: &Value, show: impl FnOnce(&ShownBackup<'_>) -> T) -> T {
    let bytes = document.to_string();
    let manifest = BackupManifest::parse("s3://b/k", bytes.as_bytes()).unwrap();
    show(&ShownBackup {
        location: "s3://b/x.sql.zst.age",
        at: "2026-11-20T12:00:00Z".parse().unwrap(),
        age: Duration::from_secs(7_260),
        storage_class: Some("STANDARD_IA"),
        locked_until: Some("2033-11-20T12:00:00Z".parse().unwrap()),
        manifest: &manifest,
        occasion: &Occasion::of_manifest(bytes.as_bytes()),
        document,
    })
}

#[test]
fn a_backup_is_shown_in_full() {
    let expected = [
        "location: s3://b/x.sql.zst.age",
        "taken: 2026-11-20T12:00:01Z, 2h 1m ago",
        "why: deployment of v1.4.2: a new diary",
        "by: octocat, run 7 attempt 2, commit aaaaaaaaaaaa",
        "size: 1.0 MiB stored, 4.0 MiB of dump (zstd)",
        &format!("sha256: {}", "a".repeat(64)),
        "storage class: STANDARD_IA",
        "locked until: 2033-11-20T12:00:00Z",
        "encrypted: for age1x",
        "left out: nothing",
        "holds: 2,002 rows in 3 tables",
        "sequences: 0",
        "large objects: 2, 2.0 KiB",
        "extensions: none",
        "roles: app, reader",
        "owners and grants: in this backup",
        "server: PostgreSQL 15.4",
        "written by: sponsor-backup 0.2.0, pg_dump 16.4",
        "compared with: s3://b/before.sql.gz, 2,001 rows",
        "warning: one thing",
        "TABLE              ROWS",
        "diary.visits      2,000",
        "diary.also_small      1",
        "diary.small           1",
    ];
    assert_eq!(shown(&document(), |backup| backup.lines()), expected);
    assert_eq!(shown(&document(), |backup| backup.title()), "callisto: backup 20261120-120000 of production");
    let json: Value = serde_json::from_str(&shown(&document(), |backup| backup.json())).unwrap();
    assert_eq!((&json["manifest"], &json["actor"]), (&document(), &json!("octocat")));
}

/// What a manifest of release 0.1 does not say is left out, or unknown.
#[test]
fn what_is_not_known_is_not_made_up() {
    let mut document = document();
    let fields = document.as_object_mut().unwrap();
    for name in [
        "tables",
        "rows_total",
        "statements",
        "statements_digest",
        "sequences",
        "large_objects",
        "tags",
        "metadata",
        "restore",
        "version",
        "git_sha",
        "github_run_id",
        "github_run_attempt",
        "previous_backup",
        "warnings",
    ] {
        fields.remove(name);
    }
    let lines = shown(&document, |backup| backup.lines());
    assert!(lines.contains(&"why: unknown".to_owned()), "{lines:?}");
    assert!(lines.contains(&"holds: unknown: the dump's text was not understood".to_owned()), "{lines:?}");
    for label in ["by: ", "sequences: ", "extensions: ", "compared with: ", "TABLE"] {
        assert!(!lines.iter().any(|line| line.starts_with(label)), "{label}: {lines:?}");
    }
}
