//! Which backup is meant, and what opens it: names, encryption, compression, storage from which nothing is read at once.

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;

use super::{at_another_time, dump_key, empty, message, restore, visits, with_a_backup};
use crate::support::{Database, Proxy, Run, Sponsor, Trial};

/// A sponsor, whose diary is backed up in some other way than the plain one.
fn backed_up(with: impl Fn(Run) -> Run) -> Trial {
    let trial = Trial::of([Sponsor::named("callisto")]);
    with(trial.run()).run().assert_code(0);
    trial
}

#[track_caller]
fn assert_restored(run: Run, trial: &Trial, target: &Database) {
    let outcome = run.run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": equal: "), "{}", message(&outcome));
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
}

#[test]
fn zstd_is_restored() {
    let trial = backed_up(|run| run.input("compression", "zstd"));
    let target = empty();
    assert_restored(restore(&trial, &target), &trial, &target);
}

fn key_of(identity: &Identity) -> String {
    identity.to_string().expose_secret().to_owned()
}

#[test]
fn an_encrypted_backup_is_restored_with_its_identity() {
    let identity = Identity::generate();
    let trial = backed_up(|run| run.input("age-recipients", identity.to_public().to_string()));
    let (private, stranger) = (key_of(&identity), key_of(&Identity::generate()));
    let target = empty();
    let run = restore(&trial, &target).env("AGE_IDENTITY", format!("{stranger}\n{private}"));
    assert_restored(run, &trial, &target);
    let target = empty();
    let run = restore(&trial, &target).file("keys.txt", format!("# ours\n{private}\n"));
    let run = run.input("age-identity-file", "keys.txt");
    let outcome = run.run();
    outcome.assert_code(0);
    assert!(outcome.masks().contains(&private));
    assert!(!outcome.everything().contains(&private));
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
}

#[test]
fn without_the_right_identity_nothing_is_fetched() {
    let identity = Identity::generate();
    let public = identity.to_public().to_string();
    let trial = backed_up(|run| run.input("age-recipients", &public));
    let stranger = key_of(&Identity::generate());
    let target = empty();
    let proxy = Proxy::before(trial.store.endpoint());
    let run = || restore(&trial, &target).input("s3-endpoint-url", proxy.endpoint());
    let missing = run().run();
    let wrong = run().env("AGE_IDENTITY", &stranger).run();
    assert!(
        message(&wrong).starts_with("none of the given age identities opens s3://"),
        "{}",
        message(&wrong)
    );
    for (outcome, told) in [
        (&missing, format!("is encrypted, and no age identity was given (it is encrypted to {public})")),
        (&wrong, format!(".age (it is encrypted to {public})")),
    ] {
        outcome.assert_code(14);
        assert!(message(outcome).ends_with(&told), "{}", message(outcome));
        assert!(outcome.stdout.contains("AGE_IDENTITY"), "{}", outcome.transcript());
        assert!(!outcome.everything().contains(&stranger));
    }
    let fetched = |seen: &crate::support::Seen| seen.method == "GET" && seen.path.ends_with(".age");
    assert!(!proxy.requests().iter().any(fetched));
    assert_eq!(visits(&target), 0);
}

#[test]
fn an_invalid_identity_is_reported_and_not_shown() {
    let trial = with_a_backup();
    let target = empty();
    let private = key_of(&Identity::generate());
    let broken = private.replace("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1X");
    let public = Identity::generate().to_public().to_string();
    let run = || restore(&trial, &target);
    let with_file = |text: &str| run().file("keys.txt", text).input("age-identity-file", "keys.txt");
    for (run, told) in [
        (run().env("AGE_IDENTITY", &broken), "AGE_IDENTITY is wrong in line 1: not an age private key"),
        (
            with_file(&format!("#\n{broken}")),
            "`age-identity-file` is wrong in line 2: not an age private key",
        ),
        (with_file(&public), "`age-identity-file` is wrong in line 1: a public key, not a private one"),
        (run().input("age-identity-file", "none.txt"), "`age-identity-file` cannot be read"),
    ] {
        let outcome = run.run();
        outcome.assert_code(2);
        assert!(outcome.transcript().contains(told), "{told}: {}", outcome.transcript());
        assert!(!outcome.everything().contains(&broken), "{}", outcome.transcript());
    }
    assert_eq!(visits(&target), 0);
}

// serves: 11.10(c)/retrievable
#[test]
fn a_frozen_backup_is_reported_and_thawed_on_demand() {
    let trial = backed_up(|run| run.input("storage-class", "DEEP_ARCHIVE"));
    let (bucket, key) = (trial.bucket("callisto"), dump_key(&trial, "callisto"));
    let target = empty();
    let frozen = format!("s3://{bucket}/{key} is in storage class DEEP_ARCHIVE and");
    let refused = restore(&trial, &target).run();
    refused.assert_code(14);
    let must_be = "must be thawed before it can be read, which takes up to 12 hours";
    assert!(message(&refused).starts_with(&format!("{frozen} {must_be}")), "{}", message(&refused));
    assert!(refused.stdout.contains("Run again with `thaw`"), "{}", refused.transcript());
    assert_eq!(trial.store.head(bucket, &key).restore(), None);

    let asked = restore(&trial, &target).input("thaw", "true").run();
    asked.assert_code(14);
    assert!(message(&asked).starts_with(&format!("{frozen} is being thawed")), "{}", message(&asked));
    assert!(trial.store.head(bucket, &key).restore().is_some());
    assert_eq!(visits(&target), 0);
    // Here it is thawed at the second look.
    let run = restore(&trial, &target);
    assert_restored(run, &trial, &target);
}

#[test]
fn each_way_to_name_a_backup_finds_it() {
    let trial = with_a_backup();
    let older = dump_key(&trial, "callisto");
    let before = trial.database("callisto").content_digest();
    trial.database("callisto").psql_as_owner("CREATE TABLE later (id int); INSERT INTO later VALUES (1)");
    trial.run().run().assert_code(0);
    let after = trial.database("callisto").content_digest();
    let (_, time) = older.strip_suffix(".sql.gz").unwrap().split_once("backup-prod-").unwrap();
    let location = format!("s3://{}/{older}", trial.bucket("callisto"));
    for (named, expected) in
        [(Some(time), &before), (Some(&location), &before), (Some("latest"), &after), (None, &after)]
    {
        let target = empty();
        let run = restore(&trial, &target);
        named.into_iter().fold(run, |run, named| run.input("backup", named)).run().assert_code(0);
        assert_eq!(&target.content_digest(), expected, "{named:?}");
    }
}

#[test]
fn a_backup_that_is_missing_is_reported() {
    let trial = with_a_backup();
    let (bucket, key) = (trial.bucket("callisto"), dump_key(&trial, "callisto"));
    let target = empty();
    let in_staging = format!("s3://{bucket}/staging/{}", key.replace("-prod-", "-staging-"));
    let elsewhere = format!("s3://{}/{key}", trial.log_bucket("callisto"));
    for object in ["", ".sha256", ".manifest.json"] {
        let bytes = trial.store.get(bucket, &format!("{key}{object}"));
        let other = format!("{}{object}", in_staging.strip_prefix(&format!("s3://{bucket}/")).unwrap());
        trial.store.put(bucket, &other, bytes.clone());
        trial.store.put(trial.log_bucket("callisto"), &format!("{key}{object}"), bytes);
    }
    let place = format!("s3://{bucket}/backups/ holds no backup");
    let absent = format!("s3://{bucket}/{}", at_another_time(&key));
    let in_another = "it is in another store: set SPONSOR_BACKUPS_BUCKET to that one";
    let (beside, odd) = (format!("s3://{bucket}/{key}.sha256"), format!("s3://{bucket}/backups/../x.sql.gz"));
    for (named, told) in [
        ("20010101-000000", format!("{place} of 20010101-000000")),
        (&absent, format!("{absent} does not exist")),
        (&in_staging, format!("{place} at {in_staging}")),
        (&elsewhere, format!("{place} at {elsewhere} ({in_another})")),
        (&beside, format!("{place} at {beside}")),
        (&odd, format!("{place} at {odd}")),
    ] {
        let outcome = restore(&trial, &target).input("backup", named).run();
        outcome.assert_code(14);
        assert_eq!(message(&outcome), told);
        assert!(outcome.stdout.contains("sponsor-backup list"), "{}", outcome.transcript());
    }
    restore(&trial, &target).input("backup", "yesterday").run().assert_code(2);
    assert_eq!(visits(&target), 0);
}

#[test]
fn a_sponsor_without_any_backup_is_reported() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let target = empty();
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(14);
    assert_eq!(message(&outcome), format!("s3://{}/backups/ holds no backup", trial.bucket("callisto")));
    assert_eq!(visits(&target), 0);
}
