//! Each sponsor uses only its own token, keys and bucket. Covers incident F29.

use crate::support::{Outcome, Sponsor, StrictS3, Trial, token_variable};

const ID: &str = "SPONSOR_AWS_ACCESS_KEY_ID";
const SECRET: &str = "SPONSOR_AWS_SECRET_ACCESS_KEY";

/// A server that checks signatures. Doppler does not have AWS keys for either sponsor.
fn two_without_keys(strict: &StrictS3) -> Trial {
    let sponsors = ["callisto", "titan"].map(|name| Sponsor::named(name).empty());
    Trial::plan(sponsors.map(|sponsor| sponsor.secret(ID, None).secret(SECRET, None))).store(strict).start()
}

pub(super) fn message(outcome: &Outcome, sponsor: &str) -> String {
    outcome.result(sponsor)["message"].as_str().unwrap_or_default().to_owned()
}

/// - fault: Several sponsors share one token
/// - injected: `DOPPLER_TOKEN` alone, with one selected sponsor and with two
/// - seen: Success for one sponsor. For two, `DOPPLER_TOKEN_CALLISTO is not set`. Exit code 12
/// - left: The other sponsor's backup
#[test]
fn a_token_without_a_sponsor_serves_one_sponsor_alone() {
    let trial = Trial::of(["callisto", "titan"].map(|name| Sponsor::named(name).empty()));
    let run = || trial.run().unset(&token_variable("callisto")).env("DOPPLER_TOKEN", trial.token("callisto"));
    run().input("sponsors", "callisto").run().assert_code(0);
    let both = run().run();
    both.assert_code(12);
    assert_eq!(
        message(&both, "callisto"),
        "no Doppler token for hht-diary-callisto/production: DOPPLER_TOKEN_CALLISTO is not set"
    );
    assert_eq!(both.result("titan")["outcome"], "success");
}

/// - fault: The tokens of two sponsors are mixed up
/// - injected: titan's token in `DOPPLER_TOKEN_CALLISTO`
/// - seen: `status 400`. Exit code 12
/// - left: titan's own backup, and nothing in callisto's bucket
#[test]
fn another_sponsors_token_in_ones_own_variable_opens_nothing() {
    let trial = Trial::of(["callisto", "titan"].map(|name| Sponsor::named(name).empty()));
    let outcome = trial.run().env(token_variable("callisto"), trial.token("titan")).run();
    outcome.assert_code(12);
    assert!(message(&outcome, "callisto").contains("status 400"), "{}", message(&outcome, "callisto"));
    assert_eq!(trial.store.keys_in(trial.bucket("titan")).len(), 3);
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// - fault: The AWS keys do not name a sponsor
/// - injected: `AWS_ACCESS_KEY_ID` in the environment and no keys in Doppler, for one sponsor and for two
/// - seen: Success for one sponsor. For two, `missing secrets` with SPONSOR_AWS_ACCESS_KEY_ID. Exit code 12
/// - left: Nothing in the second sponsor's bucket
#[test]
fn keys_of_the_environment_serve_one_sponsor_that_has_none() {
    let strict = StrictS3::start();
    let trial = two_without_keys(&strict);
    let run = || {
        let run = trial.run().env("AWS_ACCESS_KEY_ID", strict.access_key());
        run.env("AWS_SECRET_ACCESS_KEY", strict.secret_key())
    };
    let one = run().input("sponsors", "callisto").run();
    one.assert_code(0);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
    // The keys could belong to either sponsor.
    let both = run().run();
    both.assert_code(12);
    for sponsor in ["callisto", "titan"] {
        let lacks = format!("missing secrets in hht-diary-{sponsor}/production: {ID}, {SECRET}");
        assert_eq!(message(&both, sponsor), lacks);
    }
    assert!(trial.store.keys_in(trial.bucket("titan")).is_empty());
}

/// - fault: Foreign AWS keys are set next to the sponsor's own
/// - injected: Wrong keys in the environment or in Doppler, and correct keys in the place with priority
/// - seen: Success. Exit code 0
/// - left: The backup. The run does not request keys from Doppler if the environment contains them
#[test]
fn keys_of_ones_own_come_before_those_of_the_environment() {
    let strict = StrictS3::start();
    // One trial per run: two backups in the same second would get the same name.
    let start = || Trial::plan([Sponsor::named("callisto").empty()]).store(&strict).start();
    let ambient = |trial: &Trial| {
        let run = trial.run().env("AWS_ACCESS_KEY_ID", "AKIAOFSOMEBODYELSE00");
        run.env("AWS_SECRET_ACCESS_KEY", "wrong").env("AWS_SESSION_TOKEN", "wrong")
    };
    ambient(&start()).run().assert_code(0);
    let trial = start();
    trial.secret("callisto", ID, Some("AKIAWRONGINDOPPLER00"));
    trial.secret("callisto", SECRET, Some("wrong in Doppler"));
    let own = ambient(&trial).env("AWS_ACCESS_KEY_ID_CALLISTO", strict.access_key());
    own.env("AWS_SECRET_ACCESS_KEY_CALLISTO", strict.secret_key()).run().assert_code(0);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
    // With keys in the environment, the run does not request any from Doppler.
    let last = trial.doppler.requests().pop().unwrap();
    assert!(!last.secrets.iter().any(|name| name.contains("ACCESS_KEY")), "{:?}", last.secrets);
}

/// - fault: A pair of AWS keys is incomplete
/// - injected: `AWS_ACCESS_KEY_ID_CALLISTO` alone, or half of the pair in Doppler, with a complete pair elsewhere
/// - seen: The name of the missing half. Exit code 12
/// - left: Nothing in the bucket
#[test]
fn half_a_key_pair_is_never_completed_from_elsewhere() {
    let strict = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&strict).start();
    let own = trial.run().env("AWS_ACCESS_KEY_ID_CALLISTO", strict.access_key()).run();
    own.assert_code(12);
    assert_eq!(
        message(&own, "callisto"),
        "AWS_ACCESS_KEY_ID_CALLISTO is set, but AWS_SECRET_ACCESS_KEY_CALLISTO is not"
    );
    trial.secret("callisto", SECRET, None);
    let whole = trial.run().env("AWS_ACCESS_KEY_ID", strict.access_key());
    let whole = whole.env("AWS_SECRET_ACCESS_KEY", strict.secret_key()).run();
    whole.assert_code(12);
    assert_eq!(
        message(&whole, "callisto"),
        format!("missing secrets in hht-diary-callisto/production: {SECRET}")
    );
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// A secret that was copied from another sponsor's project would put one tenant's data into another tenant's bucket.
///
/// - fault: A bucket's name was copied from another sponsor's secrets
/// - injected: callisto's bucket as titan's backup bucket, or as rhea's log bucket
/// - seen: `bucket … appears to belong to sponsor callisto`. Exit code 12
/// - left: Four records
///
/// - fault: A database's URL was copied from another sponsor's secrets
/// - injected: callisto's `DATABASE_URL` for europa
/// - seen: `database … is also used by sponsor …` for both. Exit code 12
/// - left: Only the records of callisto and europa
#[test]
fn what_one_sponsor_uses_no_other_sponsor_of_the_run_may() {
    let trial = Trial::of(["callisto", "titan", "europa", "rhea"].map(|name| Sponsor::named(name).empty()));
    trial.secret("titan", "SPONSOR_BACKUPS_BUCKET", Some(trial.bucket("callisto")));
    trial.secret("europa", "DATABASE_URL", Some(&trial.database("callisto").url()));
    trial.secret("rhea", "SPONSOR_AUDIT_LOGS_BUCKET", Some(trial.bucket("callisto")));
    let outcome = trial.run().input("max-parallel", "1").run();
    outcome.assert_code(12);
    let bucket = format!("bucket {} appears to belong to sponsor callisto", trial.bucket("callisto"));
    assert_eq!(message(&outcome, "titan"), bucket);
    assert_eq!(message(&outcome, "rhea"), bucket);
    let database = trial.database("callisto");
    for (sponsor, other) in [("callisto", "europa"), ("europa", "callisto")] {
        let place = format!("127.0.0.1:{}/{}", database.port, database.name);
        let told = format!("database {place} is also used by sponsor {other}");
        assert_eq!(message(&outcome, sponsor), told);
    }
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 0);
    assert_eq!(trial.store.keys_in(trial.log_bucket("callisto")).len(), 1);
    assert!(
        ["titan", "europa", "rhea"].iter().all(|other| trial.store.keys_in(trial.bucket(other)).is_empty())
    );
    assert_eq!(outcome.logs().len(), 4);
}

/// The same if the wrong sponsor comes first, or runs alone, as in a matrix: the bucket's name shows its owner.
///
/// - fault: The sponsor with the wrong bucket comes first, or runs alone, as in a matrix
/// - injected: A bucket for callisto with titan's name, while titan comes later or does not run
/// - seen: `bucket … appears to belong to sponsor titan`. Exit code 12
/// - left: titan's own backup alone
#[test]
fn a_bucket_named_after_another_sponsor_is_refused_in_any_order() {
    let trial = Trial::of(["callisto", "titan"].map(|name| Sponsor::named(name).empty()));
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(trial.bucket("titan")));
    for sponsors in ["callisto titan", "callisto"] {
        let outcome = trial.run().input("max-parallel", "1").input("sponsors", sponsors).run();
        outcome.assert_code(12);
        let told = format!("bucket {} appears to belong to sponsor titan", trial.bucket("titan"));
        assert_eq!(message(&outcome, "callisto"), told);
    }
    assert_eq!(trial.store.keys_in(trial.bucket("titan")).len(), 3, "titan's own backup alone");
}
