//! The target is a sponsor's live database, or may be one: then its name must have been typed out. Whoever is refused has
//! not so much as connected to it.

use super::{empty, into, message, place, restore, visits};
use crate::support::{Cluster, Database, Outcome, Run, Sponsor, Trial, token_variable};

/// Three sponsors, the last of them not enabled; the first has a backup.
fn three() -> Trial {
    let trial = Trial::of([
        Sponsor::named("callisto"),
        Sponsor::named("titan").diary(3, 20),
        Sponsor::named("europa").diary(2, 10).disabled(),
    ]);
    trial.run().input("sponsors", "callisto").run().assert_code(0);
    trial
}

fn of_callisto(trial: &Trial, target: &Database) -> Run {
    restore(trial, target).input("sponsors", "callisto")
}

/// Refused for this reason, and untouched.
#[track_caller]
fn assert_refused(run: Run, target: &Database, why: &str) -> Outcome {
    let (before, visited) = (target.content_digest(), visits(target));
    let outcome = run.run();
    outcome.assert_code(16);
    assert!(message(&outcome).ends_with(&format!("{} {why}", target.name)), "{}", message(&outcome));
    let hint = format!("If that is what you want, repeat its name: `confirm: {}`.", target.name);
    assert!(outcome.stdout.contains(&hint), "{}", outcome.transcript());
    assert_eq!((target.content_digest(), visits(target)), (before, visited));
    outcome
}

#[test]
fn no_live_database_of_the_manifest_is_touched() {
    let trial = three();
    for sponsor in ["callisto", "titan", "europa"] {
        let live = trial.database(sponsor);
        let why = format!("is the live database of {sponsor}");
        let run = || of_callisto(&trial, live);
        assert_refused(run(), live, &why);
        assert_refused(run().input("replace", "true"), live, &why);
        assert_refused(run().input("replace", "true").input("dry-run", "true"), live, &why);
        for wrong in ["callisto", "true", "yes", &live.name.to_uppercase(), &place(live)] {
            assert_refused(run().input("replace", "true").input("confirm", wrong), live, &why);
        }
    }
}

#[test]
fn a_live_database_is_known_by_other_names_of_this_machine() {
    let trial = three();
    let live = trial.database("titan");
    let why = "is the live database of titan";
    for name in
        ["localhost", "LOCALHOST", "localhost.", "127.0.0.2", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"]
    {
        let url = live.url().replace("127.0.0.1", name);
        let run = into(&trial, &url).input("sponsors", "callisto").input("replace", "true");
        assert_refused(run, live, why);
    }
    let elsewhere = format!("{}?hostaddr=127.0.0.1", live.url().replace("127.0.0.1", "localhost"));
    assert_refused(into(&trial, &elsewhere).input("sponsors", "callisto"), live, why);
    // The live one's own address may be the odd one.
    trial.secret("titan", "DATABASE_URL", Some(&live.url().replace("127.0.0.1", "localhost")));
    assert_refused(of_callisto(&trial, live), live, why);
}

#[test]
fn whoever_types_the_name_out_gets_what_was_asked_for() {
    let trial = three();
    let live = trial.database("callisto");
    let before = live.content_digest();
    live.psql("CREATE TABLE mistake (id int)");
    let confirmed = || of_callisto(&trial, live).input("confirm", &live.name);
    // It is as full as any other.
    let refused = confirmed().run();
    refused.assert_code(16);
    assert!(message(&refused).contains("is not empty"), "{}", message(&refused));
    assert_ne!(live.content_digest(), before);
    confirmed().input("replace", "true").run().assert_code(0);
    assert_eq!(live.content_digest(), before);
}

#[test]
fn a_database_that_nobody_can_tell_from_a_live_one_needs_its_name_too() {
    let trial = three();
    let target = empty();
    let may_be =
        |names: &str| format!("may be the live database of {names}, whose secrets cannot be read here");
    let without = |sponsors: &[&str]| {
        sponsors.iter().fold(of_callisto(&trial, &target), |run, name| run.unset(&token_variable(name)))
    };
    assert_refused(without(&["titan"]), &target, &may_be("titan"));
    assert_refused(without(&["titan", "europa"]), &target, &may_be("titan, europa"));
    trial.secret("europa", "DATABASE_URL", None);
    assert_refused(of_callisto(&trial, &target), &target, &may_be("europa"));
    trial.secret("europa", "DATABASE_URL", Some("mysql://other"));
    assert_refused(of_callisto(&trial, &target), &target, &may_be("europa"));
    without(&["titan", "europa"]).input("confirm", &target.name).run().assert_code(0);
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
}

/// A token for nobody in particular is that of the sponsor which is restored, not of the others.
#[test]
fn the_one_token_does_not_speak_for_other_sponsors() {
    let trial = three();
    let target = empty();
    let names = ["callisto", "titan", "europa"];
    let run = names.iter().fold(of_callisto(&trial, &target), |run, name| run.unset(&token_variable(name)));
    let why = "may be the live database of titan, europa, whose secrets cannot be read here";
    assert_refused(run.env("DOPPLER_TOKEN", trial.token("callisto")), &target, why);
}

#[test]
fn a_file_of_secrets_tells_live_databases_as_doppler_does() {
    let trial = three();
    let file = |sponsors: &[&str]| -> String {
        sponsors.iter().map(|name| secrets(&trial, name)).collect::<Vec<_>>().concat()
    };
    let with = |target: &Database, sponsors: &[&str]| {
        let run = of_callisto(&trial, target).input("secrets-file", "s.yml").input("replace", "true");
        run.file("s.yml", file(sponsors))
    };
    let all = ["callisto", "titan", "europa"];
    for sponsor in all {
        let live = trial.database(sponsor);
        assert_refused(with(live, &all), live, &format!("is the live database of {sponsor}"));
    }
    let target = empty();
    let why = "may be the live database of titan, europa, whose secrets cannot be read here";
    assert_refused(with(&target, &["callisto"]), &target, why);
    with(&target, &all).run().assert_code(0);
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
}

fn secrets(trial: &Trial, sponsor: &str) -> String {
    let (url, keys) = (trial.database(sponsor).url(), trial.store.keys());
    let (backups, logs) = (trial.bucket(sponsor), trial.log_bucket(sponsor));
    format!(
        "{sponsor}:\n  DATABASE_URL: \"{url}\"\n  SPONSOR_BACKUPS_BUCKET: {backups}\n  SPONSOR_AUDIT_LOGS_BUCKET: {logs}\n  \
         SPONSOR_AWS_REGION: eu-west-1\n  ENABLE_S3_BACKUP_ARCHIVAL: \"true\"\n  SPONSOR_AWS_ACCESS_KEY_ID: {}\n  \
         SPONSOR_AWS_SECRET_ACCESS_KEY: {}\n",
        keys.id, keys.secret
    )
}

/// The same name on another server is another database.
#[test]
fn another_server_is_another_database() {
    let trial = three();
    let live = trial.database("callisto");
    let other = Cluster::of_major(16).database("target");
    other.psql(&format!("CREATE DATABASE \"{}\" OWNER \"{}\"", live.name, other.user));
    let target = Database { name: live.name.clone(), ..other };
    of_callisto(&trial, &target).path(Cluster::of_major(16).bin_dir()).run().assert_code(0);
    assert_eq!(target.content_digest(), live.content_digest());
}
