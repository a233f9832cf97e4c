//! Extensions and roles that the target lacks: reported before anything is touched, left out only on request, and then never
//! called equal.

use super::{assert_nothing_is_left, drill};
use crate::support::{Cluster, Outcome, Run, Sample, Sponsor, Trial, tools};

/// A backup that says it is of PostgreSQL 16, whose server here has no extensions.
fn backup_of_a_server_with_extensions() -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let database = trial.database("callisto");
    Sample::Extensions.load(database);
    database.psql_as_owner("CREATE TABLE plain (a int); INSERT INTO plain SELECT generate_series(1, 50)");
    // Rows of a table that will be left out must never be taken for SQL.
    database.psql_as_owner(
        "CREATE TABLE hostile (a public.citext); INSERT INTO hostile VALUES ('; CREATE TABLE pwned ();'), (E'\\n\\\\! touch /tmp/pwned')",
    );
    trial.run().run().assert_code(0);
    trial
}

/// The drill runs on a server of 16 that exists already.
fn on_16(trial: &Trial) -> Run {
    let cluster = Cluster::of_major(16);
    let name = format!("visitor_{}", tools::unique());
    cluster.psql("postgres", &format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD 'visit'"));
    let url = format!("postgresql://{name}:visit@127.0.0.1:{}/postgres", cluster.port());
    drill(trial).path(cluster.bin_dir()).env("TARGET_DATABASE_URL", url)
}

fn message(outcome: &Outcome) -> String {
    outcome.result("callisto")["message"].as_str().unwrap().to_owned()
}

#[test]
fn missing_extensions_are_reported_before_anything_is_loaded() {
    let outcome = on_16(&backup_of_a_server_with_extensions()).run();
    outcome.assert_code(16);
    assert!(message(&outcome).contains("missing extensions in "), "{}", message(&outcome));
    assert!(message(&outcome).contains("citext"), "{}", message(&outcome));
    assert!(outcome.visible().contains("skip-missing-extensions"), "{}", outcome.visible());
    let report = outcome.drill_report("callisto");
    assert_eq!(
        (&report["status"], &report["durations_ms"]["load"]),
        (&"error".into(), &serde_json::Value::Null)
    );
}

#[test]
fn what_needs_them_is_left_out_on_request_named_and_never_equal() {
    let trial = backup_of_a_server_with_extensions();
    // A user mapping names the owner.
    Cluster::of_major(16).psql("postgres", &format!("CREATE ROLE \"{}\"", trial.database("callisto").user));
    let outcome = on_16(&trial).input("skip-missing-extensions", "true").run();
    outcome.assert_code(17);
    assert_eq!((outcome.output("outcome"), outcome.output("state")), ("failure".into(), "incomplete".into()));
    assert!(!outcome.summary().contains("✅ 1 of 1"), "{}", outcome.summary());
    let report = outcome.drill_report("callisto");
    assert_eq!(
        (&report["status"], &report["verdict"]),
        (&"incomplete".into(), &"incomplete".into()),
        "{report:#}"
    );
    let left = report["left_out"].as_array().unwrap();
    let left: Vec<&str> = left.iter().map(|left| left["statement"].as_str().unwrap()).collect();
    for expected in
        ["CREATE EXTENSION IF NOT EXISTS citext", "CREATE TABLE public.hostile", "COPY public.hostile"]
    {
        assert!(left.iter().any(|statement| statement.starts_with(expected)), "{expected}: {left:#?}");
    }
    assert!(!left.iter().any(|statement| statement.contains("pwned")), "rows were taken for SQL: {left:#?}");
    assert!(!std::path::Path::new("/tmp/pwned").exists());
    let plain = report["tables"].as_array().unwrap().iter().find(|table| table["name"] == "plain").unwrap();
    assert_eq!((&plain["rows_found"], &plain["equal"]), (&50.into(), &true.into()));
    assert!(!report["tables"].to_string().contains("pwned"));
    assert!(outcome.summary().contains("CREATE EXTENSION IF NOT EXISTS citext"), "{}", outcome.summary());
    assert!(!outcome.visible().contains(": equal"), "{}", outcome.visible());
    assert_eq!(outcome.output("drill_status"), "incomplete");
}

/// A difference is one, whatever was left out.
#[test]
fn roles_are_made_in_a_throwaway_server_and_refused_elsewhere() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let role = format!("reader_{}", tools::unique());
    trial.database("callisto").psql(&format!(
        "CREATE ROLE \"{role}\"; ALTER TABLE patients ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY p ON patients FOR SELECT TO \"{role}\" USING (arm = 'A'); \
         ALTER ROLE \"{}\" BYPASSRLS",
        trial.database("callisto").user
    ));
    trial.run().run().assert_code(0);
    let outcome = drill(&trial).run();
    outcome.assert_code(0);
    let report = outcome.drill_report("callisto");
    assert_eq!((&report["verdict"], &report["roles_made"][0]), (&"equal".into(), &role.clone().into()));
    assert_nothing_is_left(&outcome);
    let elsewhere = on_16(&trial).run();
    elsewhere.assert_code(16);
    assert!(message(&elsewhere).contains(&format!(": {role}")), "{}", message(&elsewhere));
}
