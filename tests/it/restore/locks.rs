//! A restore is one transaction, and each of its objects takes a lock. What certainly does not fit into a server's lock table
//! is reported before the backup is read; what fails all the same names the setting.

use super::targets::exists;
use super::{confirmed, fetches, into, message, place, restore};
use crate::support::{Cluster, Database, Proxy, Sponsor, Trial, tools};

/// A server that promises 27 x 64 = 1,728 locks, and takes 2,300 or more.
fn small(major: u32) -> Cluster {
    let mut settings =
        vec!["max_connections=20", "max_worker_processes=2", "max_wal_senders=0", "autovacuum=off"];
    if major == 18 {
        settings.push("autovacuum_worker_slots=3");
        return Cluster::start_with(tools::wheel_bin_dir(18), &settings);
    }
    Cluster::start_with(tools::distribution_bin_dir(), &settings)
}

/// A backup of this many tables, each with five relations: itself, two for long values, a sequence and an index.
fn of_tables(count: u32) -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let database = trial.database("callisto");
    // Each in a transaction of its own, as migrations make them over the years.
    let script = format!(
        "SET ROLE :\"owner\";
         SELECT format('CREATE TABLE t%s (id serial PRIMARY KEY, note text)', i) FROM generate_series(1, {count}) i \\gexec
         INSERT INTO t1 (note) VALUES ('n');"
    );
    database.script(&script, &[("owner", database.user.clone())]);
    trial.run().run().assert_code(0);
    trial
}

/// A database that does not exist on a server, by a superuser who could create it.
fn to_be_created(cluster: &Cluster) -> Database {
    let role = cluster.database("role");
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    Database { name: format!("{}_new", role.name), ..role }
}

#[test]
fn tables_that_cannot_fit_are_reported_before_the_download() {
    let trial = of_tables(800);
    let manifest = super::dump_key(&trial, "callisto") + ".manifest.json";
    let manifest = trial.store.get_json(trial.bucket("callisto"), &manifest);
    assert_eq!(manifest["restore"]["locks"], 4000);
    for cluster in [small(15), small(18)] {
        let target = to_be_created(&cluster);
        let proxy = Proxy::before(trial.store.endpoint());
        let run =
            || into(&trial, &target.url()).path(cluster.bin_dir()).input("s3-endpoint-url", proxy.endpoint());
        for dry in ["true", "false"] {
            let outcome = run().input("dry-run", dry).run();
            outcome.assert_code(16);
            let told = format!(
                "{}: max_locks_per_transaction is 64, but this restore needs 149 or more",
                place(&target)
            );
            assert_eq!(message(&outcome), told);
            let hint = "Set max_locks_per_transaction to 149 or more on that server";
            assert!(outcome.visible().contains(hint), "{}", outcome.transcript());
            assert_eq!(outcome.result("callisto")["target"], "unchanged");
            assert_eq!(fetches(&proxy), 0);
            assert!(!exists(&cluster, &target.name));
        }
    }
    trial.run().input("command", "drill").run().assert_code(0);
}

/// PostgreSQL takes more locks than it promises: what works is not refused.
#[test]
fn tables_beyond_the_promise_that_fit_are_restored() {
    let trial = of_tables(400);
    for cluster in [small(15), small(18)] {
        let target = to_be_created(&cluster);
        let outcome = into(&trial, &target.url()).path(cluster.bin_dir()).run();
        outcome.assert_code(0);
        assert_eq!(target.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "400");
    }
}

#[test]
fn locks_that_run_out_while_it_loads_name_the_setting() {
    let trial = of_tables(660);
    for cluster in [small(15), small(18)] {
        let target = to_be_created(&cluster);
        let outcome = into(&trial, &target.url()).path(cluster.bin_dir()).run();
        outcome.assert_code(16);
        assert!(message(&outcome).ends_with("out of shared memory (53200)"), "{}", message(&outcome));
        assert!(outcome.visible().contains("Raise max_locks_per_transaction"), "{}", outcome.transcript());
        assert!(!exists(&cluster, &target.name));
    }
}

/// Each object that is dropped takes a lock, too, in the same transaction.
#[test]
fn objects_that_replace_drops_count_as_well() {
    let trial = super::with_a_backup();
    let cluster = small(15);
    let target = cluster.database("target");
    target.psql_as_owner("SELECT count(lo_create(0)) FROM generate_series(1, 3500)");
    let replace = || restore(&trial, &target).input("replace", "true").input("confirm", confirmed(&target));
    for run in [replace(), replace().input("dry-run", "true")] {
        let outcome = run.run();
        outcome.assert_code(16);
        assert!(
            message(&outcome).contains("max_locks_per_transaction is 64, but this restore needs "),
            "{}",
            message(&outcome)
        );
        assert_eq!(target.psql("SELECT count(*) FROM pg_largeobject_metadata"), "3500");
    }
    target.psql("SELECT count(lo_unlink(oid)) FROM (SELECT oid FROM pg_largeobject_metadata LIMIT 2500) x");
    replace().run().assert_code(0);
}
