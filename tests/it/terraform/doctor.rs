//! The module passes the product's own `preflight`, which finds each flaw that is put into the module's text.

use serde_json::{Value, json};

use super::bucket::Bucket;
use super::module::Module;
use crate::support::{Outcome, Proxy, Run, Sponsor, Trial, tools};

/// A trial whose sponsor has the module's buckets.
fn trial(edits: &[(&str, &str)]) -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").diary(1, 5)]);
    let unique = tools::unique();
    let module = Module::edited(
        json!({
            "backup_bucket_name": format!("backups-{unique}"),
            "audit_logs_bucket_name": format!("logs-{unique}"),
            "backups_object_lock": edits.is_empty(),
            "audit_logs_object_lock": edits.is_empty(),
        }),
        edits,
    );
    for (name, secret) in [("backups", "SPONSOR_BACKUPS_BUCKET"), ("audit_logs", "SPONSOR_AUDIT_LOGS_BUCKET")]
    {
        let bucket = Bucket::of(&module, name);
        bucket.create(&trial.store);
        trial.secret("callisto", secret, Some(&bucket.name));
    }
    trial
}

/// Check and level of each finding about a bucket.
fn of_buckets(outcome: &Outcome) -> Vec<(String, String)> {
    let findings: Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", outcome.transcript()));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let all = findings.as_array().unwrap().iter();
    all.map(|finding| (text(finding, "check"), text(finding, "level")))
        .filter(|(check, _)| check.starts_with("bucket-"))
        .collect()
}

fn preflight(trial: &Trial) -> Outcome {
    let proxy = proxy(trial);
    let run = trial.wire(Run::terminal()).input("s3-endpoint-url", proxy.endpoint());
    run.args(["preflight", "--json"]).run()
}

fn proxy(trial: &Trial) -> Proxy {
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.answer_for_missing_objects();
    proxy
}

// serves: REQ-o00041/buckets
#[test]
fn the_module_passes_its_own_preflight() {
    let trial = trial(&[]);
    // Without `write-probe`: the server here speaks plain HTTP, and the module's bucket policy denies that.
    let proxy = proxy(&trial);
    let step = trial.run().input("command", "preflight").input("s3-endpoint-url", proxy.endpoint()).run();
    step.assert_code(0);
    assert!(!step.stdout.contains("::error"), "{}", step.transcript());
    let outcome = preflight(&trial);
    outcome.assert_code(0);
    let findings = of_buckets(&outcome);
    assert!(findings.len() > 12, "{findings:?}");
    // Replication is a switch of the module, and the owner is a question only to those who name one.
    let expected = ["bucket-replication", "bucket-owner"];
    let other: Vec<_> = findings
        .iter()
        .filter(|(check, level)| level != "ok" && !expected.contains(&check.as_str()))
        .collect();
    assert!(other.is_empty(), "{other:?}\n{}", outcome.transcript());
}

#[test]
fn preflight_finds_each_flaw_of_the_module() {
    let versioning = "versioning_configuration {\n    status = \"Enabled\"";
    let noncurrent = "noncurrent_version_expiration {\n      noncurrent_days = var.noncurrent_days\n    }";
    for (from, to, check, level) in [
        ("days = 2557", "days = 2555", "bucket-lifecycle", "fail"),
        (noncurrent, "", "bucket-noncurrent-versions", "warn"),
        (versioning, "versioning_configuration {\n    status = \"Disabled\"", "bucket-versioning", "fail"),
        ("block_public_policy     = true", "block_public_policy     = false", "bucket-public-access", "fail"),
        ("prefix = \"backups/\"", "prefix = \"backup/\"", "bucket-lifecycle", "warn"),
        ("prefix = \"deployments/\"", "prefix = \"deployment/\"", "bucket-lifecycle", "warn"),
        ("aws:SecureTransport", "aws:MultiFactorAuthPresent", "bucket-tls-only", "warn"),
    ] {
        let trial = trial(&[(from, to)]);
        let outcome = preflight(&trial);
        outcome.assert_code(if level == "fail" { 17 } else { 0 });
        let findings = of_buckets(&outcome);
        let expected = (check.to_owned(), level.to_owned());
        assert!(findings.contains(&expected), "{from} -> {to}: {findings:?}\n{}", outcome.transcript());
    }
}
