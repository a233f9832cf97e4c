//! A workflow without stored secrets: GitHub's word for the job opens Doppler and AWS, each checks whose word it is, and
//! nothing of it is left or seen afterwards.

mod aws;
mod doppler;
mod refused;

use serde_json::Value;
use sponsor_backup::layout::key::Object;
use sponsor_backup::sponsors::Environment;

use crate::support::oidc::{SUBJECT, SUBJECT_WITH_IDS};
use crate::support::{Granted, Keyless, Outcome, Run, role_of};

/// Not even for the runner to mask: only the announcements of masks hold a secret.
#[track_caller]
fn assert_unseen(keyless: &Keyless, outcome: &Outcome) {
    let printed = format!("{}{}", outcome.stdout, outcome.stderr);
    let unmasked: String = printed.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let everything = outcome.everything();
    let canaries = keyless.canaries();
    assert!(!canaries.is_empty());
    for (what, canary) in canaries {
        assert!(!unmasked.contains(&canary), "{what} was printed: {}", outcome.transcript());
        assert!(!everything.contains(&canary), "{what} is seen in {everything}");
    }
}

/// Doppler lent something, and has all of it back.
#[track_caller]
fn assert_given_back(keyless: &Keyless) {
    let lent = keyless.doppler.lent();
    assert!(!lent.is_empty(), "nothing was lent");
    assert!(lent.iter().all(|lent| lent.revoked), "{lent:?}");
}

/// A session can touch its sponsor's two buckets alone, objects only below a prefix, and keys only through S3.
#[track_caller]
fn assert_narrow(session: &Granted, sponsor: &str) {
    let text = session.policy.to_string();
    assert!(!text.contains("Delete") && !text.contains("s3:*"), "{text}");
    let ours = |folder: &str| {
        Object::ALL.iter().any(|object| folder == format!("{}/*", object.folder(Environment::Production)))
    };
    let several = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    for statement in session.policy["Statement"].as_array().unwrap() {
        let action = statement["Action"].to_string();
        if action.contains("kms:") {
            assert!(!action.contains("s3:"), "{statement}");
            assert_eq!(statement["Condition"]["StringLike"]["kms:ViaService"], "s3.eu-west-1.*");
            continue;
        }
        for resource in several(&statement["Resource"]) {
            let resource = resource.as_str().unwrap();
            let (bucket, folder) = resource.split_once('/').unwrap_or((resource, ""));
            let kind =
                bucket.strip_prefix("arn:aws:s3:::hht-diary-").unwrap_or_else(|| panic!("{statement}"));
            let own = [format!("backups-{sponsor}-eu-west-1"), format!("audit-logs-{sponsor}-eu-west-1")];
            assert!(own.contains(&kind.to_owned()), "{statement}");
            let listed = several(&statement["Condition"]["StringLikeIfExists"]["s3:prefix"]);
            match folder {
                "" => assert!(listed.iter().all(|it| it.as_str().is_some_and(ours)), "{statement}"),
                folder => assert!(ours(folder), "{statement}"),
            }
        }
    }
}

#[test]
fn a_run_with_only_an_identity_backs_up_every_sponsor() {
    for subject in [SUBJECT, SUBJECT_WITH_IDS] {
        let keyless = Keyless::of(&["callisto", "titan"]);
        keyless.github.subject(subject);
        let outcome = keyless.run().run();
        outcome.assert_code(0);
        for name in ["callisto", "titan"] {
            assert_eq!(outcome.result(name)["outcome"], "success");
            assert_eq!(keyless.store.keys_in(keyless.bucket(name)).len(), 3);
            assert_eq!(keyless.store.keys_in(keyless.log_bucket(name)).len(), 1);
        }
        // One token opened core project and sponsors' projects alike.
        assert_eq!(keyless.doppler.lent().len(), 1);
        assert_given_back(&keyless);
        assert_unseen(&keyless, &outcome);
        let masks = outcome.masks();
        for (what, canary) in keyless.canaries() {
            assert!(masks.contains(&canary), "{what} is not masked");
        }
        for bucket in ["callisto", "titan"].map(|name| keyless.log_bucket(name)) {
            for key in keyless.store.keys_in(bucket) {
                let object = String::from_utf8_lossy(&keyless.store.get(bucket, &key)).into_owned();
                assert!(keyless.canaries().iter().all(|(_, canary)| !object.contains(canary)), "{key}");
            }
        }
    }
}

// serves: 11.10(d)/least-permissions, REQ-o00041/per-environment
#[test]
fn each_command_does_its_work_with_its_own_rights_and_no_others() {
    let keyless = Keyless::of(&["callisto"]);
    let inputs = |run: Run, command: &str| run.input("command", command);
    let backup = keyless.run().run();
    backup.assert_code(0);
    let of_a_backup = keyless.sessions.actions();
    let record = inputs(keyless.run(), "record").input("outcome", "success");
    for run in [
        inputs(keyless.run(), "matrix"),
        inputs(keyless.run(), "list"),
        inputs(keyless.run(), "verify"),
        inputs(keyless.run(), "drill"),
        record,
    ] {
        let outcome = run.run();
        outcome.assert_code(0);
        assert_unseen(&keyless, &outcome);
    }
    assert_given_back(&keyless);
    assert_eq!(keyless.doppler.lent().len(), 6);
    assert!(of_a_backup.contains(&"s3:PutObject".to_owned()), "{of_a_backup:?}");
    for session in keyless.sessions.all() {
        assert_eq!(session.name, "callisto-17342009911");
        assert_eq!(session.role, role_of("callisto"));
        assert_narrow(&session, "callisto");
    }
}
