//! Roles of AWS: whose they are, how long their sessions last, and which credentials win.

use std::time::Duration;

use super::{assert_given_back, assert_narrow, assert_unseen};
use crate::support::{Keyless, Run, Sponsor, role_of};

#[test]
fn a_dump_that_outlives_its_session_goes_on_with_another() {
    let keyless = Keyless::with([Sponsor::named("callisto").empty()], &["callisto"]);
    keyless.database("callisto").load_noise(24);
    keyless.sts.lifetime(Duration::from_secs(4));
    let held = keyless.database("callisto").hold("LOCK TABLE noise IN ACCESS EXCLUSIVE MODE");
    let running = keyless.run().input("lock-wait-timeout", "60s").input("memory-limit", "24MiB").start();
    keyless.database("callisto").wait_until_a_dump_waits();
    let before = keyless.sessions.all();
    assert!(!before.is_empty(), "the session is from before the dump");
    // Until S3 takes none of them any more.
    std::thread::sleep(Duration::from_secs(5));
    assert!(before.iter().all(|session| session.ends < std::time::SystemTime::now()));
    drop(held);
    let outcome = running.wait();
    outcome.assert_code(0);
    assert!(keyless.sessions.all().len() > before.len());
    // Each with a word of its own: GitHub's are good for minutes.
    let words: Vec<String> =
        keyless.sts.asked().iter().map(|asked| asked["WebIdentityToken"].clone()).collect();
    let mut different = words.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), words.len());
    assert_unseen(&keyless, &outcome);
}

#[test]
fn a_session_that_lasts_is_asked_for_once_a_sponsor() {
    let keyless = Keyless::of(&["callisto"]);
    keyless.run().run().assert_code(0);
    assert_eq!(keyless.sts.asked().len(), 1, "both buckets share it");
    let asked = &keyless.sts.asked()[0];
    assert_eq!(
        (asked["DurationSeconds"].as_str(), asked["RoleSessionName"].as_str()),
        ("3600", "callisto-17342009911")
    );
    assert_eq!(keyless.github.asked(), [keyless.doppler.url(), "sts.amazonaws.com".to_owned()]);
}

#[test]
fn a_copy_has_a_session_for_its_target_alone() {
    let keyless = Keyless::of(&["callisto"]);
    keyless.run().run().assert_code(0);
    let bucket = "second-copies";
    let copy = || keyless.run().input("command", "copy").input("to", format!("s3://{bucket}"));
    keyless.store.bucket(bucket);
    let refused = copy().run();
    refused.assert_code(14);
    assert!(refused.result("callisto")["message"].to_string().contains("AccessDenied"));
    keyless.add_bucket("callisto", bucket);
    let before = keyless.sessions.all().len();
    let outcome = copy().run();
    outcome.assert_code(0);
    assert_eq!(keyless.store.keys_in(bucket).len(), 3);
    let sessions = keyless.sessions.all().split_off(before);
    let (there, own): (Vec<_>, Vec<_>) =
        sessions.iter().partition(|session| session.policy.to_string().contains(bucket));
    assert!(!there.is_empty() && !own.is_empty(), "{sessions:?}");
    for session in there {
        let text = session.policy.to_string();
        assert!(!text.contains("hht-diary") && !text.contains("Delete"), "{text}");
    }
    own.into_iter().for_each(|session| assert_narrow(session, "callisto"));
    assert_given_back(&keyless);
    assert_unseen(&keyless, &outcome);
}

// serves: 11.10(d)/own-sponsor
#[test]
fn another_sponsors_role_reaches_no_bucket() {
    let keyless = Keyless::of(&["callisto", "titan"]);
    keyless.secret("callisto", "SPONSOR_AWS_ROLE_ARN", Some(&role_of("titan")));
    let outcome = keyless.run().run();
    outcome.assert_code(14);
    let message = outcome.result("callisto")["message"].to_string();
    assert!(message.contains("AccessDenied") && message.contains("callisto-eu-west-1"), "{message}");
    assert_eq!(outcome.result("titan")["outcome"], "success");
    assert_eq!(keyless.store.keys_in(keyless.bucket("callisto")), Vec::<String>::new());
    assert_eq!(keyless.store.keys_in(keyless.bucket("titan")).len(), 3);
    // Its session is narrowed to callisto's own buckets, whatever the role may do.
    let stolen =
        keyless.sessions.all().into_iter().find(|session| session.name.starts_with("callisto")).unwrap();
    assert_eq!(stolen.role, role_of("titan"));
    assert_narrow(&stolen, "callisto");
    assert_given_back(&keyless);
    assert_unseen(&keyless, &outcome);
}

#[test]
fn the_role_input_serves_one_sponsor_and_is_refused_for_several() {
    let keyless = Keyless::of(&["callisto", "titan"]);
    for name in ["callisto", "titan"] {
        keyless.secret(name, "SPONSOR_AWS_ROLE_ARN", None);
    }
    let with_role = || keyless.run().input("aws-role-arn", role_of("callisto"));
    let outcome = with_role().run();
    outcome.assert_code(2);
    assert!(outcome.stdout.contains("`aws-role-arn` is for one sponsor"), "{}", outcome.transcript());
    assert!(outcome.stdout.contains("SPONSOR_AWS_ROLE_ARN"), "{}", outcome.transcript());
    assert_eq!(keyless.sts.asked().len(), 0);
    assert_given_back(&keyless);
    with_role().input("sponsors", "callisto").run().assert_code(0);
    // Keys in Doppler are nearer than it.
    let keys = keyless.store.keys().clone();
    let asked = keyless.sts.asked().len();
    keyless.secret("titan", "SPONSOR_AWS_ACCESS_KEY_ID", Some(&keys.id));
    keyless.secret("titan", "SPONSOR_AWS_SECRET_ACCESS_KEY", Some(&keys.secret));
    with_role().input("sponsors", "titan").run().assert_code(0);
    assert_eq!(keyless.sts.asked().len(), asked);
}

#[test]
fn nothing_ambient_of_aws_reaches_sts() {
    let keyless = Keyless::of(&["callisto"]);
    // An earlier step's settings: another region, other keys, another endpoint for everything.
    let run = keyless.run().env("AWS_REGION", "us-east-1").env("AWS_DEFAULT_REGION", "us-east-1");
    let run = run.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_PROFILE", "somebody");
    let run = run.env("AWS_ACCESS_KEY_ID", "AKIASOMEBODY").env("AWS_SECRET_ACCESS_KEY", "somebodys");
    // The scripted STS refuses requests that are signed.
    run.run().assert_code(0);
    assert_eq!(keyless.sts.asked().len(), 1);
}

#[test]
fn a_secrets_file_may_name_a_role() {
    let keyless = Keyless::of(&["callisto"]);
    let secrets = format!(
        "callisto:\n  DATABASE_URL: {}\n  SPONSOR_BACKUPS_BUCKET: {}\n  SPONSOR_AUDIT_LOGS_BUCKET: {}\n  \
         SPONSOR_AWS_REGION: eu-west-1\n  ENABLE_S3_BACKUP_ARCHIVAL: \"true\"\n  SPONSOR_AWS_ROLE_ARN: {}\n",
        keyless.database("callisto").url(),
        keyless.bucket("callisto"),
        keyless.log_bucket("callisto"),
        role_of("callisto"),
    );
    let run: Run = keyless.run().file("secrets.yaml", secrets).input("secrets-file", "secrets.yaml");
    run.run().assert_code(0);
    assert_eq!(keyless.sts.asked().len(), 1);
}
