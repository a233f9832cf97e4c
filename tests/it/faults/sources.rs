//! A sponsor's secrets lead to the wrong database: another sponsor's, or another one than before.

use super::tenancy::message;
use crate::support::{Cluster, Outcome, Road, Sponsor, Trial, clients, token_variable, tools};

fn two() -> Trial {
    Trial::of([Sponsor::named("callisto").diary(4, 9), Sponsor::named("titan").diary(3, 7)])
}

/// The newest manifest in a sponsor's bucket.
fn manifest(trial: &Trial, sponsor: &str) -> serde_json::Value {
    let keys = trial.store.keys_in(trial.bucket(sponsor));
    let key = keys.iter().rfind(|key| key.ends_with(".manifest.json")).unwrap();
    trial.store.get_json(trial.bucket(sponsor), key)
}

fn backups(trial: &Trial, sponsor: &str) -> usize {
    trial.store.keys_in(trial.bucket(sponsor)).iter().filter(|key| key.ends_with(".manifest.json")).count()
}

/// - fault: Two sponsors use the same database through different addresses
/// - injected: titan's `DATABASE_URL` leads to callisto's database through a TCP forward on another port
/// - seen: `database … is also used by sponsor …` for both. Exit code 12
/// - left: Nothing in either bucket, and no dump of either sponsor
#[test]
fn a_shared_database_is_known_through_a_tunnel_and_stops_both() {
    let trial = two();
    let live = trial.database("callisto");
    let road = Road::to(live.port);
    trial.secret("titan", "DATABASE_URL", Some(&road.url(live)));
    let outcome = trial.run().run();
    outcome.assert_code(12);
    let place = |port: u16| format!("127.0.0.1:{port}/{}", live.name);
    let (direct, tunnel) = (place(live.port), place(road.port));
    assert_eq!(
        message(&outcome, "callisto"),
        format!("database {direct} is also used by sponsor titan as {tunnel}")
    );
    assert_eq!(
        message(&outcome, "titan"),
        format!("database {tunnel} is also used by sponsor callisto as {direct}")
    );
    for sponsor in ["callisto", "titan"] {
        assert!(trial.store.keys_in(trial.bucket(sponsor)).is_empty());
    }
    assert!(
        !Cluster::shared().log().contains(&format!("@{}/sponsor-backup LOG:  statement: COPY", live.name))
    );
}

/// - fault: In a run of one sponsor, its secret contains another sponsor's database
/// - injected: titan's `DATABASE_URL` for callisto, in one run with titan's token and in another run without it
/// - seen: `database … is also used by sponsor titan`. Exit code 12. Without the token, `cannot read the
///   secrets of titan here`
/// - left: With the token, nothing. The comparison did not connect to titan's database
#[test]
fn a_run_of_one_sponsor_compares_its_address_with_the_others() {
    let trial = two();
    let theirs = trial.database("titan").url();
    trial.secret("callisto", "DATABASE_URL", Some(&theirs));
    let alone = || trial.run().input("sponsors", "callisto");
    let outcome = alone().run();
    outcome.assert_code(12);
    let told = message(&outcome, "callisto");
    assert!(told.ends_with("is also used by sponsor titan"), "{told}");
    assert_eq!(backups(&trial, "callisto"), 0);
    // The sponsor's own database, without any information about the other sponsor.
    trial.secret("callisto", "DATABASE_URL", Some(&trial.database("callisto").url()));
    let outcome = alone().unset(&token_variable("titan")).run();
    outcome.assert_code(0);
    let line = "note: cannot read the secrets of titan here, so this run cannot see whether they use the same database";
    assert!(outcome.stdout.contains(line), "{}", outcome.transcript());
    let compared = alone().run();
    compared.assert_code(0);
    assert!(!compared.stdout.contains("cannot read the secrets"), "{}", compared.transcript());
}

/// - fault: In a run of one sponsor, its secret contains another sponsor's store, whose name does not show the owner
/// - injected: titan's bucket, then titan's folder, for callisto's records. Runs of callisto alone: `backup`, `record`, `drill`
/// - seen: `… is also used by sponsor titan`. Exit code 12
/// - left: Nothing in titan's store
#[test]
fn a_run_of_one_sponsor_compares_its_stores_with_the_others() {
    let trial = two();
    let bucket = format!("neutral-{}", tools::unique());
    trial.store.bucket(&bucket);
    let folder = tools::open_folder("neutral");
    for place in [bucket.clone(), format!("file://{}", folder.path().display())] {
        for sponsor in ["callisto", "titan"] {
            trial.secret(sponsor, "SPONSOR_AUDIT_LOGS_BUCKET", Some(&place));
        }
        for command in ["backup", "record", "drill"] {
            let run = trial.run().input("sponsors", "callisto").input("command", command);
            let run = if command == "record" { run.input("outcome", "success") } else { run };
            let outcome = run.run();
            outcome.assert_code(12);
            let told = message(&outcome, "callisto");
            assert!(told.ends_with("is also used by sponsor titan"), "{command}: {told}");
        }
    }
    assert!(trial.store.keys_in(&bucket).is_empty() && backups(&trial, "callisto") == 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// - fault: A sponsor's database is another one than in its previous backup
/// - injected: titan's `DATABASE_URL` for callisto, in a run of callisto alone, without titan's token
/// - seen: `DATABASE_URL leads to …, but the previous backup is of …`, both with system identifier, name and OID. Exit
///   code 12. With `accept-new-source`, success
/// - left: Only the previous backup, until the user accepts the new source
#[test]
fn a_source_that_changed_is_refused_until_it_is_accepted() {
    let trial = two();
    let [own, theirs] = ["callisto", "titan"].map(|name| trial.database(name));
    let alone = || trial.run().input("sponsors", "callisto").unset(&token_variable("titan"));
    alone().run().assert_code(0);
    let source = manifest(&trial, "callisto")["source"].clone();
    assert_eq!(source["database"], own.name.as_str());
    assert_eq!(source["in_recovery"], false);
    let oid = |name: &str| own.psql(&format!("SELECT oid FROM pg_database WHERE datname = '{name}'"));
    let system = own.psql("SELECT system_identifier FROM pg_control_system()");
    let described = |name: &str| {
        let place = format!("127.0.0.1:{}/{name}", own.port);
        format!("{place} (system identifier {system}, database {name} with OID {})", oid(name))
    };
    // Another address of the same database does not count as another database.
    let road = Road::to(own.port);
    trial.secret("callisto", "DATABASE_URL", Some(&road.url(own)));
    alone().run().assert_code(0);
    trial.secret("callisto", "DATABASE_URL", Some(&own.url()));
    alone().run().assert_code(0);

    trial.secret("callisto", "DATABASE_URL", Some(&theirs.url()));
    let refused = |outcome: &Outcome| {
        outcome.assert_code(12);
        let (is, was) = (described(&theirs.name), described(&own.name));
        assert!(
            outcome
                .stdout
                .contains(&format!("DATABASE_URL leads to {is}, but the previous backup is of {was}")),
            "{}",
            outcome.transcript()
        );
        assert!(outcome.stdout.contains("run once with `accept-new-source` set to `callisto`"));
        assert_eq!(backups(&trial, "callisto"), 3);
    };
    refused(&alone().run());
    refused(&alone().input("dry-run", "true").run());
    refused(&alone().input("accept-new-source", "titan").run());
    alone().input("accept-new-source", "calisto").run().assert_code(2);
    let accepted = alone().input("accept-new-source", "titan callisto").run();
    accepted.assert_code(0);
    assert!(
        accepted.stdout.contains("new source database, as accepted by `accept-new-source`"),
        "{}",
        accepted.transcript()
    );
    assert_eq!(manifest(&trial, "callisto")["source"]["database"], theirs.name.as_str());
    // From now on, this database is the expected one.
    alone().run().assert_code(0);
}

/// - fault: The previous backup does not record its source database, as in release 0.1
/// - injected: The newest manifest without `source`
/// - seen: `the previous backup does not record its source database`. Exit code 0
/// - left: A new backup with `source` in its manifest
///
/// - fault: The server does not reveal its identity
/// - injected: A role without the right to execute `pg_control_system()`
/// - seen: `cannot identify the database at`, with the reason. Exit code 0
/// - left: A new backup without `source` in its manifest
#[test]
fn an_unknown_source_is_said_and_does_not_stop_a_backup() {
    let trial = Trial::of([Sponsor::named("callisto").diary(4, 9)]);
    trial.run().run().assert_code(0);
    let bucket = trial.bucket("callisto");
    let keys = trial.store.keys_in(bucket);
    let key = keys.iter().find(|key| key.ends_with(".manifest.json")).unwrap();
    let mut old = trial.store.get_json(bucket, key);
    old.as_object_mut().unwrap().remove("source").unwrap();
    trial.store.put(bucket, key, old.to_string());
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let line = "callisto: the previous backup does not record its source database";
    assert!(outcome.stdout.contains(line), "{}", outcome.transcript());
    assert!(manifest(&trial, "callisto")["source"].is_object());

    let database = trial.database("callisto");
    database.psql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let reason = format!("role {} lacks EXECUTE on pg_control_system()", database.user);
    let line = outcome.stdout.lines().find(|line| line.contains("cannot identify the database at"));
    assert!(line.is_some_and(|line| line.ends_with(&reason)), "{}", outcome.transcript());
    assert!(manifest(&trial, "callisto").get("source").is_none());
}

/// - fault: The query for the server's identity fails, but the database answers otherwise
/// - injected: A psql that loses its connection during this query only
/// - seen: The failed query. Exit code 13
/// - left: No backup: the database may be another sponsor's
#[test]
fn a_database_that_loses_its_identity_query_is_not_backed_up() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    let real = clients::real("psql");
    let psql = format!(
        "case \"$*\" in *system_identifier*) echo 'psql: error: server closed the connection unexpectedly' >&2; exit 2 ;; esac\n\
         exec {real} \"$@\""
    );
    let folder = clients::scripted(&format!("exec {} \"$@\"", clients::real("pg_dump")), &psql);
    let outcome = trial.run().path(folder.path()).run();
    outcome.assert_code(13);
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty(), "{}", outcome.transcript());
}
