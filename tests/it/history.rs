//! `history`: one time line from records and store, and the comparison of both.

use serde_json::{Value, json};

use super::shelf::{Shelf, second};
use crate::support::{Cluster, Outcome, Run, Sponsor, Trial, schemas};

mod check;
mod many;

fn callisto() -> Shelf {
    Shelf::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]), "callisto")
}

fn on_a_terminal(trial: &Trial, arguments: &[&str]) -> Run {
    let arguments = ["history", "--sponsors", "callisto"].iter().chain(arguments).copied();
    trial.wire(Run::terminal()).args(arguments)
}

/// The document, which is alone on standard output.
#[track_caller]
fn document(outcome: &Outcome) -> Value {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    schemas::check_history("standard output", &document);
    document["sponsors"][0].clone()
}

#[track_caller]
fn shown(trial: &Trial, arguments: &[&str]) -> Value {
    let outcome = on_a_terminal(trial, arguments).arg("--json").run();
    outcome.assert_code(0);
    document(&outcome)
}

fn events(shown: &Value) -> Vec<&str> {
    shown["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect()
}

// serves: 11.10(b)/readable, 11.10(e)/reviewable
/// A night: a backup, its deployment, a verification, a drill, a restore and a copy.
#[test]
fn everything_that_acts_is_in_one_time_line() {
    let shelf = callisto();
    let key = shelf.backup(&[("version", "v2.4.0"), ("reason", "the new diary")]);
    shelf.run("record").input("outcome", "failure").input("version", "v2.4.0").run().assert_code(0);
    let verified = shelf.run("verify").run();
    verified.assert_code(0);
    let record = verified.record_in("verification-records", "callisto");
    assert_eq!((&record["outcome"], &record["state"]), (&json!("success"), &json!("verified")));
    assert_eq!(record["backup_location"], shelf.location(&key));
    assert_eq!(record["backups"][0]["result"], "verified");
    assert_eq!(record["backups"][0]["sha256"], shelf.manifest(&key)["stored"]["sha256"]);
    shelf.run("drill").run().assert_code(0);
    let target = Cluster::shared().database("history");
    let restored = shelf.run("restore").env("TARGET_DATABASE_URL", target.url()).run();
    restored.assert_code(0);
    let record = restored.record_in("restore-records", "callisto");
    assert_eq!((&record["way"], &record["target"]), (&json!("database"), &json!("replaced")));
    assert_eq!((&record["verdict"], &record["tables"]), (&json!("equal"), &json!([])));

    let found = shown(&shelf.trial, &[]);
    assert_eq!(events(&found), ["restore", "drill", "verification", "deployment", "backup"]);
    assert_eq!(
        (&found["more"], &found["before_run"], &found["check"]),
        (&json!(false), &json!(null), &json!(null))
    );
    let [restore, drill, verification, deployment, backup] = &found["events"].as_array().unwrap()[..] else {
        panic!("{found:#}")
    };
    for event in [restore, drill, verification, backup] {
        assert_eq!(event["outcome"], "success", "{event:#}");
        assert_eq!(event["backup_location"], shelf.location(&key), "{event:#}");
        assert_eq!(event["backup_stored"], true, "{event:#}");
        assert!(event["record_location"].as_str().unwrap().ends_with(".json"), "{event:#}");
    }
    assert_eq!((&restore["state"], &drill["state"]), (&json!("proven"), &json!("proven")));
    assert!(restore["target"].as_str().unwrap().ends_with(&target.name), "{restore:#}");
    assert_eq!((&backup["version"], &backup["reason"]), (&json!("v2.4.0"), &json!("the new diary")));
    assert_eq!((&deployment["outcome"], &deployment["version"]), (&json!("failure"), &json!("v2.4.0")));

    let table = on_a_terminal(&shelf.trial, &[]).run();
    table.assert_code(0);
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert_eq!(lines[0], "callisto: 5 events of production");
    assert!(lines[1].starts_with("TIME (UTC)"), "{}", table.stdout);
    assert!(lines[6].starts_with(&second(&key)) && lines[6].contains("v2.4.0"), "{}", table.stdout);

    let only = |arguments: &[&str]| events(&shown(&shelf.trial, arguments)).join(" ");
    assert_eq!(only(&["--event", "drill"]), "drill");
    assert_eq!(only(&["--version", "v2.4.0"]), "deployment backup");
    assert_eq!(only(&["--outcome", "failure"]), "deployment");
    assert_eq!(only(&["--limit", "2"]), "restore drill");
    assert_eq!(only(&["--until", &second(&key)]), "backup");
    assert_eq!(only(&["--since", "1w", "--event", "backup"]), "backup");
    assert_eq!(only(&["--since", "2126-01-01"]), "");
}

/// The deployment itself backs up in another job, and a second attempt backs up what the first one has left.
#[test]
fn the_backup_before_a_run_is_named() {
    let shelf = callisto();
    let nightly = shelf.backup(&[("pre-migration", "false")]);
    let attempt = |command: &str, run: &str, attempt: &str| {
        let run = shelf.run(command).env("GITHUB_RUN_ID", run).env("GITHUB_RUN_ATTEMPT", attempt);
        let outcome = if command == "record" { run.input("outcome", "success") } else { run }.run();
        outcome.assert_code(0);
        outcome.outputs().get("backup_location").cloned().unwrap_or_default()
    };
    // This one took no backup.
    attempt("record", "1001", "1");
    let first = attempt("backup", "1002", "1");
    attempt("record", "1002", "1");
    attempt("backup", "1002", "2");
    attempt("record", "1002", "2");
    let found = shown(&shelf.trial, &["--run", "1002"]);
    assert_eq!(events(&found), ["deployment", "backup", "deployment", "backup"]);
    assert_eq!(found["before_run"]["backup"]["backup_location"], first);
    assert_eq!(found["before_run"]["backup"]["backup_stored"], true);
    let found = shown(&shelf.trial, &["--run", "1001"]);
    assert_eq!(found["before_run"]["backup"]["backup_location"], shelf.location(&nightly));
    let table = on_a_terminal(&shelf.trial, &["--run", "1002"]).run();
    assert!(table.stdout.contains(&format!("before run 1002: {first}")), "{}", table.stdout);
    // The same backup, gone.
    shelf.remove(&nightly);
    let found = shown(&shelf.trial, &["--run", "1001"]);
    assert_eq!(found["before_run"]["backup"]["backup_stored"], false);
    let none = shown(&shelf.trial, &["--run", "99"]);
    assert_eq!(none["before_run"], json!({"run": "99", "backup": null}));
}

#[test]
fn a_backup_without_a_record_is_shown_and_foreign_files_are_not() {
    let shelf = callisto();
    let key = shelf.backup(&[("version", "v2.4.0")]);
    let other = shelf.copy(&key, "20260101-000000");
    let logs = shelf.trial.log_bucket("callisto");
    let mut document = shelf.trial.store.get_json(logs, &shelf.trial.store.keys_in(logs)[0]);
    document["sponsor"] = json!("titan");
    for (key, bytes) in [
        ("deployments/2026/01/02/deployment-prod-20260102-000000.json", document.to_string()),
        (
            "deployments/2026/01/03/deployment-prod-20260103-000000.json",
            "{\"outcome\": \"success\"}".to_owned(),
        ),
        ("deployments/2026/01/04/notes.txt", "ours".to_owned()),
        ("drills/2026/01/04/drill-prod-20260104-000000.json", String::new()),
    ] {
        shelf.trial.store.put(logs, key, bytes);
    }
    let found = shown(&shelf.trial, &[]);
    assert_eq!(events(&found), ["backup", "backup"]);
    let without = &found["events"][1];
    assert_eq!(without["backup_location"], shelf.location(&other));
    assert_eq!((&without["record_location"], &without["outcome"]), (&json!(null), &json!(null)));
    assert_eq!((&without["state"], &without["version"]), (&json!("complete"), &json!("v2.4.0")));
    let table = on_a_terminal(&shelf.trial, &[]).run();
    assert!(
        table.stdout.lines().any(|line| line.starts_with("20260101-000000") && line.ends_with("no record"))
    );
}

#[test]
fn a_workflow_gets_the_same_in_its_summary() {
    let shelf = callisto();
    shelf.backup(&[("version", "v2.4.0")]);
    let outcome = shelf.run("history").run();
    outcome.assert_code(0);
    assert!(outcome.summary().contains("### callisto: 1 event of production"), "{}", outcome.summary());
    assert!(outcome.summary().contains("| TIME (UTC) | EVENT |"), "{}", outcome.summary());
    let folders = Trial::of([Sponsor::named("callisto").diary(3, 30).in_folders()]);
    folders.run().run().assert_code(0);
    assert_eq!(events(&shown(&folders, &[])), ["backup"]);
    assert_eq!(shown(&folders, &["--check"])["check"]["compared"], 1);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    for arguments in [
        &["--check", "--limit", "3"][..],
        &["--check", "--event", "drill"],
        &["--check", "--all"],
        &["--all", "--limit", "3"],
        &["--since", "yesterday"],
        &["--event", "party"],
        &["--run", "v2"],
    ] {
        on_a_terminal(&trial, arguments).run().assert_code(2);
    }
}
