//! What roles and databases set for everyday work disturbs no session of ours: facts, making, load, reading back, dropping.

use super::{into, message};
use crate::support::{Cluster, Database, Run, Sponsor, Trial, tools};

/// Each would refuse, end or misread one of the sessions.
const DEFAULTS: [&str; 13] = [
    "default_transaction_read_only = on",
    "default_transaction_isolation = serializable",
    "default_transaction_deferrable = on",
    "statement_timeout = '200ms'",
    "lock_timeout = '100ms'",
    "idle_in_transaction_session_timeout = '100ms'",
    "idle_session_timeout = '200ms'",
    "DateStyle = 'German, DMY'",
    "IntervalStyle = sql_standard",
    "bytea_output = escape",
    "quote_all_identifiers = on",
    "standard_conforming_strings = off",
    "xmloption = document",
];

/// A superuser who is careful.
fn careful(cluster: &Cluster) -> (String, Vec<String>) {
    let name = format!("careful_{}", tools::unique());
    cluster.psql("postgres", &format!("CREATE ROLE {name} SUPERUSER LOGIN PASSWORD 'careful'"));
    let mut defaults: Vec<String> = DEFAULTS.map(str::to_owned).to_vec();
    if cluster.bin_dir() != Cluster::shared().bin_dir() {
        defaults.push("transaction_timeout = '300ms'".to_owned());
        defaults.push("session_replication_role = replica".to_owned());
    }
    for default in &defaults {
        cluster.psql("postgres", &format!("ALTER ROLE {name} SET {default}"));
    }
    (name, defaults)
}

fn backed_up(cluster: &Cluster) -> Trial {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
    trial.database("callisto").psql_as_owner(
        "CREATE TABLE t (id int PRIMARY KEY, at date, bytes bytea, pause interval);
         INSERT INTO t SELECT i, '2020-02-01', '\\x00ff', '-1 days +02:03:00' FROM generate_series(1, 100) i;
         CREATE FUNCTION slow(i int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.005); RETURN true; END';
         ALTER TABLE t ADD CHECK (slow(id));
         SELECT lo_from_bytea(77777, 'x')",
    );
    trial.run().path(cluster.bin_dir()).run().assert_code(0);
    trial
}

fn on(cluster: &Cluster, run: Run) -> Run {
    run.path(cluster.bin_dir())
}

#[test]
fn defaults_of_a_role_end_neither_restore_nor_drill() {
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        let trial = backed_up(cluster);
        let (name, _) = careful(cluster);
        let database = Database {
            name: format!("{name}_new"),
            user: name.clone(),
            password: "careful".to_owned(),
            ..trial.database("callisto").clone()
        };
        let outcome = on(cluster, into(&trial, &database.url())).run();
        outcome.assert_code(0);
        assert!(message(&outcome).contains(": equal: 1 table, 100 rows"), "{}", message(&outcome));
        assert_eq!(database.content_digest(), trial.database("callisto").content_digest());
        assert_eq!(database.psql("SELECT lo_get(77777)"), "\\x78");

        // Over it, once more, and with what is set for the database.
        for default in ["default_transaction_read_only = on", "statement_timeout = '200ms'"] {
            cluster.psql("postgres", &format!("ALTER DATABASE \"{}\" SET {default}", database.name));
        }
        let run = on(cluster, into(&trial, &database.url())).input("replace", "true");
        let outcome = run.input("confirm", format!("callisto/{}", database.name)).run();
        outcome.assert_code(0);

        let url = Database { name: "postgres".to_owned(), ..database.clone() }.url();
        let drill = trial.run().input("command", "drill").env("TARGET_DATABASE_URL", url);
        let outcome = on(cluster, drill).run();
        outcome.assert_code(0);
        assert_eq!(outcome.drill_report("callisto")["verdict"], "equal");
        let ours = "SELECT count(*) FROM pg_database WHERE datname LIKE 'sponsor\\_backup\\_%'
            AND datdba = (SELECT oid FROM pg_roles WHERE rolname = ";
        assert_eq!(cluster.psql("postgres", &format!("{ours}'{name}')")), "0");
    }
}

/// A backup by such a role is the same as one by another.
#[test]
fn defaults_of_a_role_change_no_backup() {
    let trial = backed_up(Cluster::shared());
    let (name, _) = careful(Cluster::shared());
    let source = trial.database("callisto");
    let careful = Database { user: name, password: "careful".to_owned(), ..source.clone() };
    let contents = |trial: &Trial| {
        let keys = trial.store.keys_in(trial.bucket("callisto"));
        let key = keys.iter().filter(|key| key.ends_with(".manifest.json")).max().unwrap().clone();
        let manifest = trial.store.get_json(trial.bucket("callisto"), &key);
        (manifest["tables"].clone(), manifest["statements_digest"].clone())
    };
    let before = contents(&trial);
    trial.secret("callisto", "DATABASE_URL", Some(&careful.url()));
    trial.run().run().assert_code(0);
    assert_eq!(contents(&trial), before);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 6);
}
