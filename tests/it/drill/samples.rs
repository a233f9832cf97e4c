//! Dump → restore → equal: for every sample database on every major version that can hold it.

use serde_json::Value;

use super::drill;
use crate::shelf::manifest;
use crate::support::{Cluster, Database, Proxy, Sample, Sponsor, Trial};

/// The actions of a rule after its first one, and its end: to the scanner, they are statements of their own.
const ACTIONS: [&str; 2] = ["DELETE FROM acts.journal", "a statement that pg_dump does not write"];

/// Otherwise, a change of the schema would not name what changed.
fn every_statement_belongs_to_an_object(trial: &Trial, sample: Sample) {
    let place = trial.backups("callisto");
    let document = place.get_json(&manifest(&place.dumps()[0]));
    let objects = document["objects"].as_array().unwrap();
    let is_action = |object: &Value| ACTIONS.iter().any(|action| object["name"] == *action);
    let nameless = |object: &&Value| object["kind"] == "statement" && !is_action(object);
    let without: Vec<_> = objects.iter().filter(nameless).collect();
    assert!(!objects.is_empty() && without.is_empty(), "{sample:?}: {without:?}");
}

/// Makes a database large enough for several connections, with few rows on many pages.
fn enlarge(database: &Database) {
    database
        .psql_as_owner("CREATE TABLE bulk WITH (fillfactor = 10) AS SELECT generate_series(1, 90000) AS n");
}

/// The manifest of one of the backups.
fn contents(trial: &Trial, number: usize) -> Value {
    let place = trial.backups("callisto");
    place.get_json(&manifest(&place.dumps()[number]))
}

/// The newest backup, loaded over each of these numbers of connections.
fn drills_are_equal(cluster: &Cluster, trial: &Trial, sample: Sample, jobs: &[&str]) {
    for jobs in jobs {
        let outcome = drill(trial).path(cluster.bin_dir()).input("jobs", *jobs).run();
        outcome.assert_code(0);
        let report = outcome.drill_report("callisto");
        assert_eq!(
            (&report["status"], &report["verdict"]),
            (&"passed".into(), &"equal".into()),
            "{sample:?}"
        );
        assert_eq!(report["rows_expected"], report["rows_found"]);
        // Of a table that an extension brings, only the rows that people added are in a dump.
        if sample != Sample::Postgis {
            let rows: i64 = trial.database("callisto").row_counts().values().sum();
            assert_eq!(report["rows_found"], rows, "{sample:?}");
        }
        assert_eq!(report["statements"]["equal"], true);
    }
}

fn every_sample_is_equal_on(cluster: &Cluster) {
    for sample in Sample::of(cluster) {
        let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
        let database = trial.database("callisto");
        sample.load(database);
        enlarge(database);
        let before = database.content_digest();
        let proxy = Proxy::before(trial.store.endpoint());
        proxy.tell_the_right_checksum();
        let backup = || trial.run().path(cluster.bin_dir()).input("s3-endpoint-url", proxy.endpoint());
        backup().run().assert_code(0);
        every_statement_belongs_to_an_object(&trial, sample);
        let of_one = contents(&trial, 0);
        assert_eq!(of_one["jobs"], Value::Null);
        drills_are_equal(cluster, &trial, sample, &["1", "3"]);
        backup().input("jobs", "3").run().assert_code(0);
        let of_three = contents(&trial, 1);
        // Some have only one other table.
        assert!(of_three["jobs"].as_u64().is_some_and(|jobs| jobs > 1), "{sample:?}");
        for fact in [
            "tables",
            "rows_total",
            "statements",
            "statements_digest",
            "sequences",
            "large_objects",
            "objects",
        ] {
            assert_eq!(of_three[fact], of_one[fact], "{sample:?}: {fact}");
        }
        drills_are_equal(cluster, &trial, sample, &["3"]);
        assert_eq!(database.content_digest(), before, "the source is as it was");
    }
}

// serves: 11.10(a)/accurate
#[test]
fn every_sample_is_equal_on_15() {
    every_sample_is_equal_on(Cluster::shared());
}

// serves: 11.10(a)/accurate
#[test]
fn every_sample_is_equal_on_16() {
    every_sample_is_equal_on(Cluster::of_major(16));
}

// serves: 11.10(a)/accurate
#[test]
fn every_sample_is_equal_on_18() {
    every_sample_is_equal_on(Cluster::of_major(18));
}

/// What a table and a column are called is in the dump as bytes that are not UTF-8.
#[test]
fn databases_that_are_not_utf8_are_equal() {
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let trial = Trial::of([Sponsor::named("callisto").empty()]);
        let owner = trial.database("callisto");
        let name = format!("{}_{}", owner.name, encoding.to_lowercase());
        let make = format!(
            "CREATE DATABASE {name} OWNER {} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'",
            owner.user
        );
        Cluster::shared().psql("postgres", &make);
        let database = Database { name, ..owner.clone() };
        let run = |sql: &str| format!("EXECUTE replace($_${sql}$_$, '~', chr(233));");
        database.psql_as_owner(&format!(
            "DO $do$ BEGIN {} {} END $do$",
            run("CREATE TABLE \"F~lle\" (id int PRIMARY KEY, \"pr~nom\" text)"),
            run("INSERT INTO \"F~lle\" VALUES (1, 'Ren~; ''x'), (2, 'Zo~')"),
        ));
        trial.secret("callisto", "DATABASE_URL", Some(&database.url()));
        trial.run().run().assert_code(0);
        let outcome = drill(&trial).run();
        outcome.assert_code(0);
        let report = outcome.drill_report("callisto");
        assert_eq!(
            (&report["status"], &report["verdict"]),
            (&"passed".into(), &"equal".into()),
            "{encoding}"
        );
        assert_eq!((&report["tables"][0]["name"], &report["rows_found"]), (&"Félle".into(), &2.into()));
    }
}
