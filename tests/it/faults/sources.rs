//! Which database a sponsor's secrets lead to: another sponsor's, or another one than before.

use super::tenancy::message;
use crate::support::{Cluster, Outcome, Road, Sponsor, Trial, token_variable};

fn two() -> Trial {
    Trial::of([Sponsor::named("callisto").diary(4, 9), Sponsor::named("titan").diary(3, 7)])
}

/// The newest manifest of a sponsor's bucket.
fn manifest(trial: &Trial, sponsor: &str) -> serde_json::Value {
    let keys = trial.store.keys_in(trial.bucket(sponsor));
    let key = keys.iter().rfind(|key| key.ends_with(".manifest.json")).unwrap();
    trial.store.get_json(trial.bucket(sponsor), key)
}

fn backups(trial: &Trial, sponsor: &str) -> usize {
    trial.store.keys_in(trial.bucket(sponsor)).iter().filter(|key| key.ends_with(".manifest.json")).count()
}

/// - fault: one database for two sponsors, behind different addresses
/// - injected: titan's `DATABASE_URL` is callisto's database by a TCP forward on another port
/// - seen: `database … is also used by sponsor …` for both; exit 12
/// - left: nothing in either bucket; nothing of either was dumped
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

/// - fault: a run of one sponsor alone, whose secret holds another sponsor's database
/// - injected: callisto's `DATABASE_URL` is titan's, and titan's token is there; in another run it is not
/// - seen: `database … is also used by sponsor titan`; exit 12; without the token, one line that it was not compared
/// - left: with the token, nothing; nobody connected to titan's database for the comparison
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
    // A sponsor's own database, and nobody's word about the other.
    trial.secret("callisto", "DATABASE_URL", Some(&trial.database("callisto").url()));
    let outcome = alone().unset(&token_variable("titan")).run();
    outcome.assert_code(0);
    let line = "not compared with the databases of titan, whose secrets cannot be read here";
    assert!(outcome.stdout.contains(line), "{}", outcome.transcript());
    let compared = alone().run();
    compared.assert_code(0);
    assert!(!compared.stdout.contains("not compared"), "{}", compared.transcript());
}

/// - fault: a sponsor's database is another one than in its previous backup
/// - injected: callisto's `DATABASE_URL` is titan's, in a run of callisto alone, without titan's token
/// - seen: `DATABASE_URL leads to …, but the previous backup is of …`, both with system identifier, name and OID; exit 12;
///   with `accept-new-source`, a success
/// - left: the previous backup alone, until it was accepted
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
    // Another way to the same database is no other database.
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
    // From then on it is the one.
    alone().run().assert_code(0);
}

/// - fault: the previous backup does not record its source database, as those of release 0.1
/// - injected: `source` is taken out of the newest manifest
/// - seen: one line that says so; exit 0
/// - left: a new backup, whose manifest says it
///
/// - fault: the server does not tell which database it is
/// - injected: `pg_control_system()` must not be executed
/// - seen: one line that says so; exit 0
/// - left: a new backup, whose manifest does not say it
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
