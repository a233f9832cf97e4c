//! The target is a live database, or may be one: then `sponsor/database` must have been typed out. Another sponsor's is never
//! a target.

use super::{confirmed, empty, into, message, place, restore, visits};
use crate::support::{Cluster, Database, Outcome, Road, Run, Sponsor, Trial, token_variable};

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

fn replacing(trial: &Trial, target: &Database) -> Run {
    of_callisto(trial, target).input("replace", "true")
}

/// Refused for this reason, and untouched.
#[track_caller]
fn assert_refused(run: Run, target: &Database, why: &str) -> Outcome {
    let before = target.content_digest();
    let outcome = run.run();
    outcome.assert_code(16);
    assert!(message(&outcome).contains(why), "{}", message(&outcome));
    assert!(outcome.stdout.contains("Restore into another database, such as"), "{}", outcome.transcript());
    assert_eq!(target.content_digest(), before);
    outcome
}

const OWN: &str = "is the live database of callisto (production)";

// serves: 11.10(d)/live-databases
#[test]
fn ones_own_live_database_wants_sponsor_and_database_typed_out() {
    let trial = three();
    let live = trial.database("callisto");
    let run = || of_callisto(&trial, live);
    for (run, both) in [
        (run(), "`replace: true` and "),
        (run().input("replace", "true"), ""),
        (run().input("replace", "true").input("dry-run", "true"), ""),
    ] {
        let outcome = assert_refused(run, live, OWN);
        let hint = format!(
            "such as {0}_restored. The restore creates it. To restore into this one, set {both}`confirm: callisto/{0}`. This drops its objects.",
            live.name
        );
        assert!(outcome.stdout.contains(&hint), "{}", outcome.transcript());
        assert!(message(&outcome).ends_with(OWN), "{}", message(&outcome));
    }
    let name = &live.name;
    for wrong in
        ["callisto", "true", name, &format!("titan/{name}"), &format!("CALLISTO/{name}"), &place(live)]
    {
        let run = run().input("replace", "true").input("confirm", wrong);
        let outcome = assert_refused(run, live, OWN);
        let told = format!("(`confirm` is `{wrong}`, expected `callisto/{name}`)");
        assert!(message(&outcome).ends_with(&told), "{}", message(&outcome));
    }
    // On a terminal, as one writes it there.
    let terminal = trial.wire(Run::terminal()).args(["restore", "--sponsors", "callisto", "--replace"]);
    let outcome = terminal.env("TARGET_DATABASE_URL", live.url()).run();
    outcome.assert_code(16);
    let typed = format!("add `--confirm callisto/{name}`");
    assert!(outcome.transcript().contains(&typed), "{}", outcome.transcript());
}

#[test]
fn a_confirmed_restore_into_the_live_database_runs() {
    let trial = three();
    let live = trial.database("callisto");
    let before = live.content_digest();
    live.psql_as_owner("CREATE TABLE mistake (id int)");
    let confirmed = || of_callisto(&trial, live).input("confirm", confirmed(live));
    // It is as full as any other.
    let refused = confirmed().run();
    refused.assert_code(16);
    assert!(message(&refused).contains("is not empty"), "{}", message(&refused));
    assert_ne!(live.content_digest(), before);
    let outcome = confirmed().input("replace", "true").run();
    outcome.assert_code(0);
    assert!(outcome.stdout.contains(&format!("{OWN}, as confirmed")), "{}", outcome.transcript());
    assert_eq!(live.content_digest(), before);
}

// serves: 11.10(d)/live-databases
#[test]
fn another_sponsors_live_database_is_never_a_target() {
    let trial = three();
    for sponsor in ["titan", "europa"] {
        let live = trial.database(sponsor);
        let why = format!(
            "is the live database of {sponsor} (production), so another sponsor's backup must not be restored there"
        );
        let name = &live.name;
        for confirm in ["", name, &format!("callisto/{name}"), &format!("{sponsor}/{name}")] {
            let before = visits(live);
            assert_refused(replacing(&trial, live).input("confirm", confirm), live, &why);
            assert_eq!(visits(live), before, "somebody went to {sponsor}'s database");
        }
        // It is missing and would be made. That it has an owner is known all the same.
        let gone = live.url().replace(name.as_str(), "gone");
        trial.secret(sponsor, "DATABASE_URL", Some(&gone));
        let outcome = into(&trial, &gone).input("sponsors", "callisto").run();
        outcome.assert_code(16);
        assert!(message(&outcome).contains(&why), "{}", message(&outcome));
        trial.secret(sponsor, "DATABASE_URL", Some(&live.url()));
    }
}

/// - P9: a tunnel, a pooler's port, a socket are other addresses of one database.
#[test]
fn a_live_database_is_known_through_a_tunnel_and_by_its_socket() {
    let trial = three();
    let live = trial.database("callisto");
    let road = Road::to(live.port);
    let folder = live.psql("SHOW unix_socket_directories");
    let socket =
        format!("postgresql://{}@localhost/{}?host={folder}&port={}", live.user, live.name, live.port);
    for url in [road.url(live), socket] {
        let run = || into(&trial, &url).input("sponsors", "callisto").input("replace", "true");
        assert_refused(run(), live, OWN);
        assert_refused(run().input("confirm", &live.name), live, OWN);
        let dropped = live.content_digest();
        run().input("confirm", confirmed(live)).run().assert_code(0);
        assert_eq!(live.content_digest(), dropped);
    }
    // The live one's own address may be the tunnel, and another sponsor's.
    trial.secret("callisto", "DATABASE_URL", Some(&road.url(live)));
    assert_refused(replacing(&trial, live), live, OWN);
    let titan = trial.database("titan");
    let run = into(&trial, &road.url(titan)).input("sponsors", "callisto").input("replace", "true");
    let why = "is the live database of titan (production), so another sponsor's";
    assert_refused(run.input("confirm", confirmed(titan)), titan, why);
}

#[test]
fn a_live_database_is_known_by_other_names_of_this_machine() {
    let trial = three();
    let live = trial.database("titan");
    let why = "is the live database of titan (production)";
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

/// Nothing of it is lost, whichever owner it has.
#[test]
fn only_a_live_or_filled_target_needs_confirmation() {
    let trial = three();
    let alone = |run: Run| run.unset(&token_variable("titan")).unset(&token_variable("europa"));
    let target = empty();
    alone(of_callisto(&trial, &target)).run().assert_code(0);
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
    // Now it holds tables, and its owner is unknown.
    let outcome = assert_refused(
        alone(replacing(&trial, &target)),
        &target,
        "is the live database of callisto (staging): no staging backup to compare with; or of",
    );
    assert!(message(&outcome).starts_with("it is unknown whether "), "{}", message(&outcome));
    let others = "titan, europa: only the addresses of other sponsors' databases are compared";
    assert!(message(&outcome).ends_with(others), "{}", message(&outcome));
    alone(replacing(&trial, &target)).input("confirm", confirmed(&target)).run().assert_code(0);

    let maker = Cluster::shared().database("maker");
    maker.psql(&format!("ALTER ROLE \"{}\" CREATEDB", maker.user));
    let url = format!("{}_new", maker.url());
    let run = into(&trial, &url).input("sponsors", "callisto");
    let outcome = alone(run).run();
    outcome.assert_code(0);
    assert!(outcome.stdout.contains("_new does not exist yet"), "{}", outcome.transcript());

    let live = trial.database("callisto");
    live.psql_as_owner("DROP TABLE diary_events, patients, sites CASCADE");
    assert_eq!(live.content_digest(), "");
    let outcome = alone(of_callisto(&trial, live)).run();
    outcome.assert_code(16);
    assert!(message(&outcome).ends_with(OWN), "{}", message(&outcome));
    // Empty of tables; a function of the diary is left.
    let replacing = alone(replacing(&trial, live)).input("confirm", confirmed(live));
    replacing.run().assert_code(0);
}

/// The newest backup of another environment records which database is live there.
#[test]
fn live_databases_of_other_environments_need_confirmation() {
    let trial = three();
    let staging = Cluster::shared().database("staging");
    let run = trial.run().input("command", "backup").input("environment", "staging");
    let run = run.file("s.yml", secrets(&trial, "callisto", &staging)).input("secrets-file", "s.yml");
    let run = run.file("m.yml", "sponsors: [{name: callisto, code: CAL, enabled: true}]");
    run.input("manifest", "m.yml").run().assert_code(0);
    // Through a tunnel, and although it is empty.
    let road = Road::to(staging.port);
    let into_staging = || into(&trial, &road.url(&staging)).input("sponsors", "callisto");
    assert_refused(into_staging(), &staging, "is the live database of callisto (staging)");
    into_staging().input("confirm", confirmed(&staging)).run().assert_code(0);

    // Since that backup its server was started again, or this is a copy of it.
    let bucket = trial.bucket("callisto");
    let mut keys = trial.store.keys_in(bucket).into_iter();
    let key = keys.find(|key| key.starts_with("staging/") && key.ends_with(".manifest.json")).unwrap();
    let mut manifest = trial.store.get_json(bucket, &key);
    let source = manifest["source"].clone();
    assert_eq!(
        source["system_identifier"],
        staging.psql("SELECT system_identifier FROM pg_control_system()")
    );
    assert_eq!(source["database"], staging.name.as_str());
    assert_eq!(source["place"], place(&staging));
    manifest["source"]["server_started_at"] = "2026-01-01T00:00:00Z".into();
    trial.store.put(bucket, &key, manifest.to_string());
    let why = "is the live database of callisto (staging): its newest backup comes from a database with this identity";
    assert_refused(into_staging().input("replace", "true"), &staging, why);
    // A backup of release 0.1 does not record it.
    manifest.as_object_mut().unwrap().remove("source");
    trial.store.put(bucket, &key, manifest.to_string());
    let why = "is the live database of callisto (staging): its newest staging backup does not record which database it is of";
    assert_refused(into_staging().input("replace", "true"), &staging, why);
}

/// A token without a sponsor is that of the sponsor to restore, not of the others.
#[test]
fn the_one_token_does_not_speak_for_other_sponsors() {
    let trial = three();
    let titan = trial.database("titan");
    let names = ["callisto", "titan", "europa"];
    let run = names.iter().fold(replacing(&trial, titan), |run, name| run.unset(&token_variable(name)));
    let why = "titan, europa: only the addresses of other sponsors' databases are compared";
    assert_refused(run.env("DOPPLER_TOKEN", trial.token("callisto")), titan, why);
}

#[test]
fn a_file_of_secrets_names_live_databases_as_doppler_does() {
    let trial = three();
    let file = |sponsors: &[&str]| -> String {
        sponsors.iter().map(|name| secrets(&trial, name, trial.database(name))).collect::<Vec<_>>().concat()
    };
    let with = |target: &Database, sponsors: &[&str]| {
        replacing(&trial, target).input("secrets-file", "s.yml").file("s.yml", file(sponsors))
    };
    let all = ["callisto", "titan", "europa"];
    for sponsor in all {
        let live = trial.database(sponsor);
        assert_refused(with(live, &all), live, &format!("is the live database of {sponsor} (production)"));
    }
    let target = empty();
    with(&target, &["callisto"]).run().assert_code(0);
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
}

fn secrets(trial: &Trial, sponsor: &str, database: &Database) -> String {
    let (url, keys) = (database.url(), trial.store.keys());
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
