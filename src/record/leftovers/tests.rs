use std::path::Path;

use super::{local_records, remove_local};
use crate::sponsors::Environment;

const RECORD: &str = r#"{"event": "backup", "sponsor": "callisto", "environment": "production", "tool_version": "0.1.0",
    "deployment_timestamp": "2026-11-20T12:59:55Z", "outcome": "success"}"#;
const NAME: &str = "deployment-prod-20261120-125955.json";

fn write(workspace: &Path, path: &str, text: &str) {
    let path = workspace.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn only_records_by_name_place_and_contents_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path();
    write(workspace, &format!("deployment-logs/callisto/{NAME}"), RECORD);
    for (path, text) in [
        ("deployment-logs/callisto/notes.json", RECORD),
        ("deployment-logs/callisto/deployment-prod-20261120-130500.json", RECORD),
        ("deployment-logs/callisto/deployment-prod-20261120-125956.json", "{}"),
        ("deployment-logs/callisto/deployment-staging-20261120-125955.json", RECORD),
        ("deployment-logs/titan/deployment-prod-20261120-125955.json", RECORD),
        ("deployments/callisto/deployment-prod-20261120-125955.json", RECORD),
    ] {
        write(workspace, path, text);
    }
    let elsewhere = workspace.join("elsewhere.json");
    write(workspace, "elsewhere.json", RECORD);
    let link = workspace.join("deployment-logs/callisto/deployment-prod-20261120-125957.json");
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    let found = local_records(workspace, "callisto", Environment::Production);
    let paths: Vec<String> = found.iter().map(|record| record.path.display().to_string()).collect();
    assert_eq!(paths, [format!("deployment-logs/callisto/{NAME}")]);
    assert_eq!(found[0].entry.key, format!("deployments/2026/11/20/{NAME}"));
    assert_eq!(found[0].document, RECORD.as_bytes());
    remove_local(workspace, &found[0]).unwrap();
    assert!(local_records(workspace, "callisto", Environment::Production).is_empty());
    assert!(elsewhere.exists() && link.is_symlink());
    assert!(remove_local(workspace, &found[0]).is_err());
}

/// Behind a link can be the store itself, whose only copy would go.
#[test]
fn nothing_behind_a_link_is_ours() {
    let (folder, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(store.path(), NAME, RECORD);
    std::fs::create_dir(folder.path().join("deployment-logs")).unwrap();
    std::os::unix::fs::symlink(store.path(), folder.path().join("deployment-logs/callisto")).unwrap();
    assert!(local_records(folder.path(), "callisto", Environment::Production).is_empty());
}
