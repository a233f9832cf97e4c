use serde_json::json;

use super::*;

fn document() -> Value {
    let text = |length: usize| "a".repeat(length);
    json!({
        "format_version": 1, "sponsor": "callisto", "sponsor_code": "CAL", "environment": "production",
        "key": "backups/2026/01/01/backup-prod-20260101-000000.sql.gz",
        "timestamp": "2026-01-01T00:00:00.25Z", "started_at": "2026-01-01T00:00:01Z",
        "finished_at": "2026-01-01T00:00:02Z",
        "dump": {"bytes": 5_000_000_000_u64, "sha256": text(64)},
        "stored": {"bytes": 7, "sha256": text(64), "crc64nvme": "rosUhgp5mIg="},
        "encoding": {"codec": "zstd", "level": 3, "members": 1, "age_recipients": ["age1x"]},
        "tables": [{"schema": "public", "name": "visits", "rows": 3, "digest": text(32)}],
        "rows_total": 3, "statements": 9, "statements_digest": text(32),
        "partial": {"schemas": ["a"], "exclude_schemas": [], "exclude_table_data": []},
        "includes_privileges": true, "tool": {"name": "sponsor-backup", "version": "0.1.0"},
        "pg_dump_version": "15.4", "server_version": "15.4", "git_sha": null, "version": "1.2.3",
        "github_run_id": null, "github_run_attempt": null,
    })
}

fn refused(document: &Value) -> String {
    BackupManifest::parse("s3://b/k", document.to_string().as_bytes()).unwrap_err().to_string()
}

fn without(names: &[&str]) -> Value {
    let mut document = document();
    document.as_object_mut().unwrap().retain(|name, _| !names.contains(&name.as_str()));
    document
}

#[test]
fn what_was_written_is_read() {
    for document in [document(), without(&CONTENTS), without(&["partial"])] {
        let manifest = BackupManifest::parse("s3://b/k", document.to_string().as_bytes()).unwrap();
        let bytes = manifest.to_bytes();
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), document);
        assert_eq!(BackupManifest::parse("s3://b/k", &bytes).unwrap().to_bytes(), bytes);
    }
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let mut document = document();
    document["weather"] = json!({"rain": true});
    document["stored"]["colour"] = json!("red");
    let manifest = BackupManifest::parse("s3://b/k", document.to_string().as_bytes()).unwrap();
    assert_eq!(manifest.contents.unwrap().tables[0].rows, 3);
}

#[test]
fn what_is_not_a_manifest_says_why() {
    let error = BackupManifest::parse("s3://b/k", b"<html>").unwrap_err().to_string();
    assert!(error.starts_with("s3://b/k is not a JSON document: "), "{error}");
    let mut later = document();
    later["format_version"] = json!(2);
    assert_eq!(
        refused(&later),
        "s3://b/k has format version 2, but this sponsor-backup reads versions up to 1"
    );
    for name in ["format_version", "stored", "timestamp"] {
        let expected = format!("s3://b/k is not a backup manifest: missing field `{name}`");
        assert_eq!(refused(&without(&[name])), expected);
    }
    assert!(refused(&json!([1])).starts_with("s3://b/k is not a backup manifest: "));
}

#[test]
fn a_flaw_in_the_contents_is_not_their_absence() {
    for name in CONTENTS {
        let expected = format!("s3://b/k is not a backup manifest: missing field `{name}`");
        assert_eq!(refused(&without(&[name])), expected);
    }
    let mut negative = document();
    negative["tables"][0]["rows"] = json!(-1);
    assert!(refused(&negative).contains("-1"), "{}", refused(&negative));
}
