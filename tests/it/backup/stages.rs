//! Where a backup can end badly: each stage has its code, its message and its record, and leaves no half backup.

use serde_json::json;

use super::stored_log;
use crate::support::{Keys, Outcome, Proxy, Sponsor, Store, StrictS3, Trial};

fn one() -> Trial {
    Trial::of([Sponsor::named("callisto").diary(2, 5)])
}

/// Asserts a failure of the one sponsor; gives its message.
#[track_caller]
fn assert_failed(outcome: &Outcome, code: i32, stage: &str) -> String {
    outcome.assert_code(code);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&json!("failure"), &json!(stage)));
    let log = outcome.log("callisto");
    assert_eq!((&log["outcome"], &log["stage"]), (&json!("failure"), &json!(stage)));
    assert_eq!(log["message"], result["message"]);
    assert_eq!(outcome.output("outcome"), "failure");
    assert!(outcome.annotations("error")[0].starts_with(&format!("callisto: {stage} failed")));
    result["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_missing_or_empty_secret_is_named_and_s3_is_not_called() {
    let trial = one();
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", None);
    trial.secret("callisto", "SPONSOR_AWS_REGION", Some(" "));
    let message = assert_failed(&trial.run().run(), 12, "secrets");
    assert_eq!(
        message,
        "missing secrets in hht-diary-callisto/production: SPONSOR_BACKUPS_BUCKET, SPONSOR_AWS_REGION (empty)"
    );
    assert!(trial.store.objects(trial.log_bucket("callisto")).is_empty());
}

#[test]
fn a_table_that_the_role_may_not_read_fails_the_dump() {
    let trial = one();
    trial.database("callisto").psql("CREATE TABLE secret_notes (n int)");
    let outcome = trial.run().run();
    let message = assert_failed(&outcome, 13, "dump");
    assert!(message.contains("permission denied for table secret_notes"), "{message}");
    assert!(outcome.summary().contains("pg_read_all_data"));
    assert!(trial.store.objects(trial.bucket("callisto")).is_empty());
    assert_eq!(stored_log(&trial, "callisto")["message"], message);
}

#[test]
fn a_missing_bucket_fails_the_archive_and_the_record_is_kept() {
    let trial = one();
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some("hht-diary-backups-nowhere"));
    let outcome = trial.run().run();
    let message = assert_failed(&outcome, 14, "archive");
    assert!(
        message.contains("s3://hht-diary-backups-nowhere/") && message.contains("NoSuchBucket"),
        "{message}"
    );
    assert!(outcome.summary().contains("correct SPONSOR_BACKUPS_BUCKET"));
    assert_eq!(stored_log(&trial, "callisto")["message"], message);
}

#[test]
fn wrong_aws_keys_fail_the_archive_and_the_record_stays_local() {
    let strict = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&strict).start();
    trial.secret("callisto", "SPONSOR_AWS_SECRET_ACCESS_KEY", Some("not-the-key-at-all"));
    let outcome = trial.run().run();
    let message = assert_failed(&outcome, 14, "archive");
    assert!(message.contains("SignatureDoesNotMatch"), "{message}");
    assert!(outcome.summary().contains("SPONSOR_AWS_SECRET_ACCESS_KEY"));
    assert!(outcome.output("deployment_log").starts_with("deployment-logs/callisto/"));
    let all = Store::clone(&strict);
    assert!(
        all.objects(trial.bucket("callisto")).is_empty()
            && all.objects(trial.log_bucket("callisto")).is_empty()
    );
}

#[test]
fn a_backup_without_its_record_fails_but_stays_in_s3() {
    let trial = one();
    trial.secret("callisto", "SPONSOR_AUDIT_LOGS_BUCKET", Some("hht-diary-audit-logs-nowhere"));
    let outcome = trial.run().run();
    outcome.assert_code(15);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&json!("failure"), &json!("record")));
    assert!(result["message"].as_str().unwrap().contains("s3://hht-diary-audit-logs-nowhere"), "{result}");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
    assert!(result["backup_location"].as_str().unwrap().starts_with("s3://"));
    assert_eq!(outcome.log("callisto")["outcome"], "success", "what was written before the record failed");
    assert!(outcome.output("deployment_log").starts_with("deployment-logs/callisto/"));
}

#[test]
fn the_sponsors_own_keys_in_the_environment_win_over_dopplers() {
    let strict = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("titan-two").empty()]).store(&strict).start();
    trial.secret("titan-two", "SPONSOR_AWS_SECRET_ACCESS_KEY", Some("not-the-key-at-all"));
    let Keys { id, secret } = strict.keys().clone();
    let run =
        trial.run().env("AWS_ACCESS_KEY_ID_TITAN_TWO", id).env("AWS_SECRET_ACCESS_KEY_TITAN_TWO", secret);
    run.run().assert_code(0);
    let asked = trial.doppler.requests().pop().unwrap();
    assert!(!asked.over_broad && !asked.secrets.iter().any(|name| name.contains("ACCESS_KEY")), "{asked:?}");
}

#[test]
fn keys_without_a_sponsor_serve_one_sponsor_and_never_two() {
    let strict = StrictS3::start();
    let without = |name| {
        let without = Sponsor::named(name).empty().secret("SPONSOR_AWS_ACCESS_KEY_ID", None);
        without.secret("SPONSOR_AWS_SECRET_ACCESS_KEY", None)
    };
    let trial = Trial::plan([without("callisto"), without("rhea")]).store(&strict).start();
    let Keys { id, secret } = strict.keys().clone();
    let run = || trial.run().env("AWS_ACCESS_KEY_ID", &id).env("AWS_SECRET_ACCESS_KEY", &secret);
    run().input("sponsors", "callisto").run().assert_code(0);
    let both = run().run();
    both.assert_code(12);
    let message = both.result("rhea")["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with(": SPONSOR_AWS_ACCESS_KEY_ID, SPONSOR_AWS_SECRET_ACCESS_KEY"), "{message}");
}

#[test]
fn a_sponsors_temporary_keys_are_sent_with_their_session_token() {
    let trial = one();
    let proxy = Proxy::before(trial.store.endpoint());
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint());
    let run = run.env("AWS_ACCESS_KEY_ID_CALLISTO", "ASIATESTSPONSORBACKUP");
    let run = run.env("AWS_SECRET_ACCESS_KEY_CALLISTO", "any-secret-does");
    let outcome = run.env("AWS_SESSION_TOKEN_CALLISTO", "canary-of-a-session").run();
    outcome.assert_code(0);
    let requests = proxy.requests();
    assert!(!requests.is_empty());
    for seen in requests {
        assert_eq!(seen.header("x-amz-security-token"), "canary-of-a-session", "{}", seen.path);
    }
    assert!(!outcome.everything().contains("canary-of-a-session"));
}
