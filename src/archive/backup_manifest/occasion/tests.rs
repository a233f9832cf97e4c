use serde_json::{Value, json};

use super::*;

fn of(document: &Value) -> Occasion {
    Occasion::of_manifest(document.to_string().as_bytes())
}

#[test]
fn why_a_backup_was_taken_is_read_from_its_manifest() {
    let tagged =
        json!([{"name": "sponsor", "value": "callisto"}, {"name": "pre-migration", "value": "true"}]);
    let plain = json!([{"name": "sponsor", "value": "callisto"}]);
    for (document, why, version) in [
        (json!({"tags": tagged, "version": "v1", "trigger": "push"}), Some("deployment"), Some("v1")),
        (json!({"tags": tagged, "version": null}), Some("deployment"), None),
        (json!({"tags": plain, "version": "v1", "trigger": "schedule"}), Some("schedule"), None),
        (json!({"tags": plain, "trigger": "workflow_dispatch", "github_run_id": "7"}), Some("manual"), None),
        (json!({"tags": plain, "trigger": "repository_dispatch"}), Some("repository_dispatch"), None),
        (json!({"tags": plain, "github_run_id": "7"}), Some("workflow"), None),
        (json!({"tags": plain}), Some("manual"), None),
        // Release 0.1 wrote no tags down.
        (json!({"version": "v1", "github_run_id": "7"}), Some("deployment"), Some("v1")),
        (json!({"version": null, "github_run_id": "7"}), None, None),
        (json!({"tags": "nonsense", "version": "v1"}), None, None),
        (json!([]), None, None),
    ] {
        let occasion = of(&document);
        assert_eq!((occasion.why(), occasion.deployed_version()), (why, version), "{document}");
    }
}

#[test]
fn who_and_what_for_are_in_the_metadata() {
    let named = |name: &str, value: &str| json!({"name": name, "value": value});
    let occasion = of(&json!({"metadata": [named("deployer", "octocat"), named("reason", "a new diary")]}));
    assert_eq!((occasion.actor(), occasion.reason()), (Some("octocat"), Some("a new diary")));
    assert_eq!((of(&json!({})).actor(), of(&json!({"metadata": []})).reason()), (None, None));
}
