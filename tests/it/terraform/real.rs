//! With the real Terraform: `fmt`, `validate`, the modules' own tests, and `apply` of the root against an S3 server here. No package
//! registry has Terraform and its provider for AWS, so a machine may lack them. These tests then report by name that they did not
//! run: here, and at the end of `script/test`.

use serde_json::{Value, json};

use super::bucket::{Bucket, rules_on, settings_on};
use super::module::Module;
use super::program::Terraform;
use crate::support::Moto;

fn here(test: &str) -> Option<Terraform> {
    Terraform::here(&format!("terraform::real::{test}"))
}

const FOLDERS: [&str; 3] = ["modules/sponsor-s3", "modules/sponsor-s3-replica", "sponsors/callisto"];

#[test]
fn terraform_accepts_form_and_types_of_every_folder() {
    let Some(terraform) = here("terraform_accepts_form_and_types_of_every_folder") else { return };
    terraform.succeed(".", &["fmt", "-check", "-diff", "-recursive"], &[]);
    for folder in FOLDERS {
        terraform.init(folder);
        let answer: Value =
            serde_json::from_str(&terraform.succeed(folder, &["validate", "-json"], &[])).unwrap();
        assert_eq!(answer["valid"], true, "{answer}");
    }
}

/// A plan over existing buckets changes nothing, wrong values are refused, and each switch creates what it promises.
#[test]
fn the_modules_own_tests_pass() {
    let Some(terraform) = here("the_modules_own_tests_pass") else { return };
    for (folder, at_least) in [("modules/sponsor-s3", 26), ("modules/sponsor-s3-replica", 3)] {
        terraform.init(folder);
        let lines = terraform.succeed(folder, &["test", "-json"], &[]);
        let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let summary = lines.rfind(|line| line["type"] == "test_summary").unwrap();
        assert_eq!(summary["test_summary"]["status"], "pass", "{summary}");
        assert!(summary["test_summary"]["passed"].as_u64() >= Some(at_least), "{summary}");
    }
}

/// Without the fixture's equal, the test above would pass for a module that changes everything.
#[test]
fn a_plan_that_would_change_existing_buckets_is_noticed() {
    let Some(terraform) = here("a_plan_that_would_change_existing_buckets_is_noticed") else {
        return;
    };
    let file = terraform.path("modules/sponsor-s3/main.tf");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("    ignore_changes = [object_lock_enabled]\n", "")).unwrap();
    terraform.init("modules/sponsor-s3");
    let output = terraform.run("modules/sponsor-s3", &["test", "-filter=tests/existing.tftest.hcl"], &[]);
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("The plan changes the audit-log bucket"), "{text}");
}

/// Applies the root, and checks that a second plan has nothing to do and that nothing can destroy the buckets.
fn applied(terraform: &Terraform, moto: &Moto, variables: &[&str]) -> Value {
    let root = "sponsors/callisto";
    terraform.use_local_server(root);
    let environment = [
        ("AWS_ENDPOINT_URL", moto.endpoint()),
        // An error is one at once, not after an hour of retries.
        ("AWS_MAX_ATTEMPTS", "3"),
        ("AWS_ACCESS_KEY_ID", moto.access_key()),
        ("AWS_SECRET_ACCESS_KEY", moto.secret_key()),
    ];
    let with = |args: &[&'static str]| -> Vec<String> {
        args.iter()
            .map(|arg| (*arg).to_owned())
            .chain(variables.iter().map(|set| format!("-var={set}")))
            .collect()
    };
    let apply = with(&["apply", "-auto-approve", "-input=false"]);
    let plan = with(&["plan", "-detailed-exitcode", "-input=false"]);
    let destroy = with(&["plan", "-destroy", "-input=false"]);
    fn words(args: &[String]) -> Vec<&str> {
        args.iter().map(String::as_str).collect()
    }
    terraform.init(root);
    terraform.succeed(root, &words(&apply), &environment);
    // Exit code 2 would be a plan with changes.
    terraform.succeed(root, &words(&plan), &environment);
    let destroyed = terraform.run(root, &words(&destroy), &environment);
    let why = String::from_utf8_lossy(&destroyed.stderr);
    assert!(!destroyed.status.success() && why.contains("prevent_destroy"), "{why}");
    serde_json::from_str(&terraform.succeed(root, &["output", "-json"], &environment)).unwrap()
}

// serves: REQ-o00041/buckets
#[test]
fn the_root_is_applied_once_and_has_no_drift() {
    let Some(terraform) = here("the_root_is_applied_once_and_has_no_drift") else { return };
    let moto = Moto::start();
    let outputs = applied(&terraform, &moto, &[]);
    // What the other tests read from the text is what Terraform sends.
    let module = Module::of_callisto(json!({"backups_object_lock": true}));
    for (output, name) in [("backup_bucket", "backups"), ("audit_logs_bucket", "audit_logs")] {
        let bucket = Bucket::of(&module, name);
        assert_eq!(outputs[output]["value"], bucket.name.as_str());
        assert_eq!(rules_on(&moto, &bucket.name), bucket.rules);
        let settings = settings_on(&moto, &bucket.name);
        assert_eq!(settings["lock"], "Enabled");
        assert_eq!(settings["versioning"], "Enabled");
    }
}

/// Except the budget, which this server cannot return.
#[test]
fn the_root_is_applied_with_every_switch_on() {
    let Some(terraform) = here("the_root_is_applied_with_every_switch_on") else { return };
    let moto = Moto::start();
    let outputs = applied(
        &terraform,
        &moto,
        &[
            "replica_region=eu-central-1",
            "create_test_buckets=true",
            "create_prune_policy=true",
            "create_github_oidc_provider=true",
            "github_repository=cure-hht/hht_diary",
            "github_repository_ids={owner=9919,repository=70107786}",
            "storage_budget_gib=500",
            "alert_emails=[\"ops@example.com\"]",
        ],
    );
    assert_eq!(outputs["github_role_arn"]["value"], "arn:aws:iam::123456789012:role/sponsor-backup-callisto");
    for copy in ["hht-diary-backups-callisto-eu-central-1", "hht-diary-audit-logs-callisto-eu-central-1"] {
        assert_eq!(settings_on(&moto, copy)["lock"], "Enabled", "{copy}");
    }
}
