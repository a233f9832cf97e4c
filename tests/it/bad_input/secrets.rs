//! Tokens and secrets that cannot be used: that sponsor fails, and no other sponsor's bucket ever serves in their place.

use crate::support::{Outcome, Run, Sponsor, Trial, Trouble};

fn one() -> Trial {
    Trial::of([Sponsor::named("callisto").empty()])
}

#[track_caller]
fn assert_refused(trial: &Trial, outcome: &Outcome, told: &[&str]) {
    outcome.assert_code(12);
    let result = outcome.result("callisto");
    assert_eq!(result["stage"], "secrets");
    let seen = format!("{} {}", result["message"].as_str().unwrap(), outcome.annotations("error")[0]);
    for words in told {
        assert!(seen.contains(words), "{words} in {seen}");
    }
    assert_eq!(outcome.log("callisto")["stage"], "secrets");
    assert!(trial.store.objects(trial.bucket("callisto")).is_empty());
    assert!(trial.store.objects(trial.log_bucket("callisto")).is_empty());
}

#[test]
fn a_missing_revoked_or_foreign_token_each_has_its_own_error() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("rhea").empty()]);
    let only = || trial.run().input("sponsors", "callisto");
    let missing = only().unset("DOPPLER_TOKEN_CALLISTO").run();
    assert_refused(
        &trial,
        &missing,
        &[
            "no Doppler token for hht-diary-callisto/production: DOPPLER_TOKEN_CALLISTO is not set",
            "Create a read-only service token",
        ],
    );
    let foreign = only().env("DOPPLER_TOKEN_CALLISTO", trial.token("rhea")).run();
    assert_refused(
        &trial,
        &foreign,
        &[
            "Doppler rejected the request for hht-diary-callisto/production with status 400",
            "hht-diary-callisto'",
        ],
    );
    trial.doppler.revoke(trial.token("callisto"));
    assert_refused(&trial, &only().run(), &["status 401: Invalid Auth token", "wrong or revoked"]);
    assert_eq!(trial.doppler.requests().len(), 5, "a final refusal is not tried again");
}

#[test]
fn a_token_of_another_config_is_refused() {
    let trial = one();
    let staging = trial.doppler.config("hht-diary-callisto", "staging", [("DATABASE_URL", "x")]);
    let outcome = trial.run().env("DOPPLER_TOKEN_CALLISTO", staging).run();
    assert_refused(
        &trial,
        &outcome,
        &["Doppler rejected the request for hht-diary-callisto/production", "'production'"],
    );
}

#[test]
fn an_answer_from_another_project_is_never_used() {
    let trial = one();
    let lie = Trouble::Lie { name: "DOPPLER_PROJECT", value: "hht-diary-rhea".into() };
    trial.doppler.trouble_for(trial.token("callisto"), &lie, 1);
    assert_refused(
        &trial,
        &trial.run().run(),
        &[
            "expected secrets of hht-diary-callisto/production, but the token belongs to hht-diary-rhea/production",
        ],
    );
}

#[test]
fn a_token_for_everybody_serves_one_sponsor_and_never_two() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("rhea").empty()]);
    let shared = || trial.run().unset("DOPPLER_TOKEN_CALLISTO").env("DOPPLER_TOKEN", trial.token("callisto"));
    let both = shared().run();
    assert_refused(&trial, &both, &["DOPPLER_TOKEN_CALLISTO is not set"]);
    assert_eq!(both.result("rhea")["outcome"], "success");
    shared().input("sponsors", "callisto").run().assert_code(0);
}

#[test]
fn each_missing_empty_or_invalid_secret_is_named() {
    let trial = one();
    let (bucket, url) = (trial.bucket("callisto").to_owned(), trial.database("callisto").url());
    let log_bucket = trial.log_bucket("callisto").to_owned();
    let (id, key) = (trial.store.access_key().to_owned(), trial.store.secret_key().to_owned());
    let all = [
        ("DATABASE_URL", url.as_str()),
        ("SPONSOR_BACKUPS_BUCKET", &bucket),
        ("SPONSOR_AUDIT_LOGS_BUCKET", &log_bucket),
        ("SPONSOR_AWS_REGION", "eu-west-1"),
        ("SPONSOR_AWS_ACCESS_KEY_ID", &id),
        ("SPONSOR_AWS_SECRET_ACCESS_KEY", &key),
    ];
    for (name, value) in all {
        trial.secret("callisto", name, None);
        assert_refused(&trial, &trial.run().run(), &[&format!("production: {name}"), "doppler secrets set"]);
        trial.secret("callisto", name, Some(""));
        assert_refused(&trial, &trial.run().run(), &[&format!("production: {name} (empty)")]);
        trial.secret("callisto", name, Some(value));
    }
    for (name, bad, good) in [
        (
            "SPONSOR_BACKUPS_BUCKET is not a valid bucket name: it begins with s3://",
            "s3://bucket/path",
            bucket.as_str(),
        ),
        (
            "SPONSOR_AUDIT_LOGS_BUCKET is not a valid bucket name: it has an upper-case letter",
            "Bucket",
            &log_bucket,
        ),
        ("SPONSOR_AWS_REGION is not an AWS region: it has an upper-case letter", "EU (Ireland)", "eu-west-1"),
    ] {
        let (told, name) = (name, name.split(' ').next().unwrap());
        trial.secret("callisto", name, Some(bad));
        assert_refused(&trial, &trial.run().run(), &[told]);
        trial.secret("callisto", name, Some(good));
    }
    trial.run().run().assert_code(0);
}

/// Two sponsors, one after the other, after a change that makes the second use what is the first one's.
fn shared(name: &str, of_callisto: impl Fn(&Trial) -> String) -> (Trial, String) {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("rhea").empty()]);
    trial.secret("rhea", name, Some(&of_callisto(&trial)));
    let outcome = trial.run().input("max-parallel", "1").run();
    outcome.assert_code(12);
    // The name of a bucket shows its owner. The address of a database does not.
    let of_callisto = if name == "DATABASE_URL" { 0 } else { 3 };
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), of_callisto);
    assert!(trial.store.objects(trial.bucket("rhea")).is_empty());
    let message = outcome.result("rhea")["message"].as_str().unwrap().to_owned();
    let told = ["is also used by sponsor callisto", "appears to belong to sponsor callisto"];
    assert!(told.iter().any(|told| message.ends_with(told)), "{message}");
    (trial, message)
}

#[test]
fn two_sponsors_that_share_a_bucket_or_database_are_refused() {
    let (trial, message) = shared("SPONSOR_BACKUPS_BUCKET", |trial| trial.bucket("callisto").to_owned());
    assert!(message.starts_with(&format!("bucket {} ", trial.bucket("callisto"))), "{message}");
    let (_, message) = shared("SPONSOR_AUDIT_LOGS_BUCKET", |trial| trial.log_bucket("callisto").to_owned());
    assert!(message.starts_with("bucket hht-diary-audit-logs-callisto-"), "{message}");
    let (_, message) = shared("DATABASE_URL", |trial| trial.database("callisto").url());
    assert!(message.starts_with("database 127.0.0.1:"), "{message}");
}

#[test]
fn a_secrets_file_works_without_doppler_and_errors_name_it() {
    let trial = one();
    let secrets = format!(
        "callisto:\n  DATABASE_URL: '{}'\n  SPONSOR_BACKUPS_BUCKET: {}\n  SPONSOR_AUDIT_LOGS_BUCKET: {}\n  \
         SPONSOR_AWS_REGION: eu-west-1\n  ENABLE_S3_BACKUP_ARCHIVAL: 'true'\n  SPONSOR_AWS_ACCESS_KEY_ID: {}\n  \
         SPONSOR_AWS_SECRET_ACCESS_KEY: {}\n",
        trial.database("callisto").url(),
        trial.bucket("callisto"),
        trial.log_bucket("callisto"),
        trial.store.access_key(),
        trial.store.secret_key()
    );
    let run = |text: &str| {
        let run = Run::terminal()
            .file("s.yml", text)
            .file("m.yml", "sponsors: [{name: callisto, code: CAL, enabled: true}]");
        let run =
            run.args(["backup", "--environment=production", "--manifest=m.yml", "--secrets-file=s.yml"]);
        run.args(["--s3-force-path-style", "--s3-endpoint-url", trial.store.endpoint()]).run()
    };
    run(&secrets).assert_code(0);
    assert!(trial.doppler.requests().is_empty());
    let nobody = run(&secrets.replace("callisto:\n", "rhea:\n"));
    nobody.assert_code(12);
    assert!(nobody.stderr.contains("secrets file s.yml: sponsor `callisto` is missing"), "{}", nobody.stderr);
    let broken = run("callisto: [canary");
    broken.assert_code(12);
    assert!(
        broken.stderr.contains("secrets file s.yml, line 1, column 11: not a map of sponsors to secrets"),
        "{}",
        broken.stderr
    );
    assert!(!broken.transcript().contains("canary"));
}
