//! The flag: only `true` enables; anything else is loud, and touches nothing.

use serde_json::json;

use crate::support::{Proxy, Sponsor, Trial};

#[test]
fn a_flag_that_is_off_makes_no_call_to_s3_and_much_noise() {
    let trial = Trial::of([Sponsor::named("callisto").flag(Some("false")).empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    let run = || trial.run().input("s3-endpoint-url", proxy.endpoint());
    let outcome = run().run();
    outcome.assert_code(0);
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests().len());
    for line in [
        "S3 BACKUP ARCHIVAL NOT YET ENABLED",
        "1. Apply the Terraform that makes the buckets:",
        "doppler secrets set --project hht-diary-callisto --config production",
        "2. Set the three secrets in Doppler: done.",
        &format!("aws s3api head-bucket --bucket {}", trial.bucket("callisto")),
        "ENABLE_S3_BACKUP_ARCHIVAL=true",
        "S3 audit log archival not yet enabled - log saved locally only",
    ] {
        assert!(outcome.visible().contains(line), "{line} in {}", outcome.visible());
    }
    assert!(!outcome.visible().contains("S3 backup archival is ENABLED"));
    let warnings = outcome.annotations("warning");
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("callisto: no backup: S3 backup archival is not enabled"),
        "{warnings:?}"
    );
    assert_eq!(outcome.output("backup_location"), "not-configured");
    assert_eq!(outcome.output("backup_size"), "0");
    assert_eq!(outcome.output("outcome"), "disabled");
    assert!(outcome.output("deployment_log").starts_with("deployment-logs/callisto/deployment-prod-"));
    assert!(outcome.workspace.join(outcome.output("deployment_log")).is_file());
    assert_eq!(outcome.log("callisto")["s3_archival_enabled"], false);
    // The proxy is really on the way: the same run with the flag on passes through it.
    trial.secret("callisto", "ENABLE_S3_BACKUP_ARCHIVAL", Some("true"));
    let enabled = run().run();
    enabled.assert_code(0);
    assert!(!proxy.requests().is_empty());
    assert!(enabled.visible().contains("callisto: S3 backup archival is ENABLED"));
}

#[test]
fn missing_empty_and_other_values_are_distinguished() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    for (flag, told) in [
        (None, "ENABLE_S3_BACKUP_ARCHIVAL does not exist"),
        (Some(""), "ENABLE_S3_BACKUP_ARCHIVAL is empty"),
        (Some("TRUE"), "ENABLE_S3_BACKUP_ARCHIVAL is `TRUE`, not `true`"),
        (Some("false"), "ENABLE_S3_BACKUP_ARCHIVAL is `false`, not `true`"),
        (Some(" true"), "ENABLE_S3_BACKUP_ARCHIVAL is ` true`, not `true`"),
    ] {
        trial.secret("callisto", "ENABLE_S3_BACKUP_ARCHIVAL", flag);
        let outcome = trial.run().run();
        outcome.assert_code(0);
        assert_eq!(outcome.result("callisto")["message"], told);
        assert_eq!(outcome.log("callisto")["message"], told);
        assert!(outcome.annotations("warning")[0].ends_with(told), "{flag:?}");
        assert!(outcome.visible().contains(&format!("Sponsor callisto: {told}. NOTHING WAS BACKED UP.")));
    }
    assert!(trial.store.objects(trial.bucket("callisto")).is_empty());
}

#[test]
fn a_required_backup_makes_a_flag_that_is_off_a_failure() {
    let trial = Trial::of([Sponsor::named("callisto").flag(None).empty()]);
    let outcome = trial.run().input("require-backup", "true").run();
    outcome.assert_code(12);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&json!("failure"), &json!("secrets")));
    assert_eq!(result["message"], "the backup is required, but ENABLE_S3_BACKUP_ARCHIVAL does not exist");
    assert!(outcome.visible().contains("S3 BACKUP ARCHIVAL NOT YET ENABLED"));
    let log = outcome.log("callisto");
    assert_eq!((&log["outcome"], &log["s3_archival_enabled"]), (&json!("failure"), &json!(false)));
    assert_eq!(outcome.output("outcome"), "failure");
}
