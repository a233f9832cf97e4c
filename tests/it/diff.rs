//! `diff`: what changed between two backups, from their manifests alone, and what limits make of it.

use serde_json::{Value, json};

use super::shelf::{Shelf, manifest, second};
use crate::support::schemas::{check_diff, check_manifest};
use crate::support::{Moto, Outcome, Proxy, Run, Sponsor, Trial, reviewed};

const KINDS: [fn(Sponsor) -> Sponsor; 2] = [|sponsor| sponsor, Sponsor::in_folders];

fn on_a_terminal(trial: &Trial, arguments: &[&str]) -> Run {
    let arguments = ["diff", "--sponsors", "callisto"].iter().chain(arguments).copied();
    trial.wire(Run::terminal()).args(arguments)
}

fn document(outcome: &Outcome) -> Value {
    let document =
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{}", outcome.transcript()));
    check_diff("standard output", &document);
    document
}

/// A sponsor with something to lose: 2,001 rows in two tables, and a function.
fn with_visits(sponsor: Sponsor) -> Trial {
    let trial = Trial::of([sponsor]);
    trial.database("callisto").psql_as_owner(
        "CREATE SCHEMA more; CREATE TABLE more.visits AS SELECT i AS id, repeat('a', 80) AS note FROM generate_series(1, 2000) i;
         CREATE TABLE more.gone AS SELECT 1 AS id;
         CREATE FUNCTION more.total(visit integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    );
    trial
}

fn back_up(trial: &Trial, inputs: &[(&str, &str)]) -> Outcome {
    inputs.iter().fold(trial.run(), |run, (name, value)| run.input(name, *value)).run()
}

fn row(table: &str, change: &str, before: Option<u64>, after: Option<u64>) -> Value {
    json!({"table": table, "change": change, "rows_before": before, "rows_after": after})
}

/// Each change alone, and nothing else with it.
#[test]
fn a_table_rows_a_value_and_a_function_are_named() {
    for kind in KINDS {
        let trial = with_visits(kind(Sponsor::named("callisto").diary(3, 30)));
        back_up(&trial, &[]).assert_code(0);
        let object = |kind: &str, name: &str, change: &str| json!([{"kind": kind, "schema": "more", "name": name, "change": change}]);
        for (sql, tables, objects) in [
            ("SELECT 1", json!([]), json!([])),
            (
                "DROP TABLE more.gone",
                json!([row("more.gone", "removed", Some(1), None)]),
                object("table", "gone", "removed"),
            ),
            (
                "DELETE FROM more.visits WHERE id > 1400",
                json!([row("more.visits", "fewer rows", Some(2_000), Some(1_400))]),
                json!([]),
            ),
            (
                "UPDATE more.visits SET note = 'canary-of-a-row' WHERE id = 7",
                json!([row("more.visits", "other values", Some(1_400), Some(1_400))]),
                json!([]),
            ),
            (
                "CREATE OR REPLACE FUNCTION more.total(visit integer) RETURNS integer LANGUAGE sql AS 'SELECT 1 /* canary-of-a-body */'",
                json!([]),
                object("function", "total(integer)", "changed"),
            ),
        ] {
            trial.database("callisto").psql_as_owner(sql);
            back_up(&trial, &[]).assert_code(0);
            let outcome = on_a_terminal(&trial, &["--json"]).run();
            outcome.assert_code(0);
            let found = document(&outcome);
            assert_eq!((&found["table_changes"], &found["object_changes"]), (&tables, &objects), "{sql}");
            assert_eq!((&found["outcome"], &found["same_scope"]), (&json!("success"), &json!(true)));
        }
        let text = on_a_terminal(&trial, &["latest~4", "latest"]).run();
        text.assert_code(0);
        for part in
            ["more.gone", "fewer rows", "function more.total(integer)", "rows: 2,046 → 1,445 (-29.3%)"]
        {
            assert!(text.stdout.contains(part), "{part} is not in {}", text.transcript());
        }
        let place = trial.backups("callisto");
        for dump in place.dumps() {
            let text = place.get_json(&manifest(&dump)).to_string();
            assert!(!text.contains("canary"), "{text}");
        }
        assert!(!text.everything().contains("canary"), "{}", text.transcript());
    }
}

#[test]
fn the_older_backup_comes_first_whatever_the_order() {
    let shelf = Shelf::of(with_visits(Sponsor::named("callisto").diary(3, 30)), "callisto");
    let older = shelf.backup(&[]);
    shelf.trial.database("callisto").psql_as_owner("DROP TABLE more.gone");
    // Left out of the default: it is of other parts of the database.
    let between = shelf.backup(&[("schemas", "more")]);
    let newer = shelf.backup(&[]);
    let [one, partial, other] = [&older, &between, &newer].map(|key| second(key));
    let run = |arguments: &[&str]| {
        let outcome = on_a_terminal(&shelf.trial, &[arguments, &["--json"]].concat()).run();
        outcome.assert_code(0);
        document(&outcome)
    };
    let expected = run(&[]);
    assert_eq!(expected["before"]["location"], shelf.location(&older));
    assert_eq!(expected["after"]["location"], shelf.location(&newer));
    for arguments in [
        vec!["latest", "latest~2"],
        vec!["latest~2", "latest"],
        vec![&*one, &*other],
        vec!["--backup", &*other, "--against", &*one],
        vec!["--against", &*one],
        vec![&*other],
    ] {
        assert_eq!(run(&arguments), expected, "{arguments:?}");
    }
    let step = shelf.run("diff").input("backup", &*one).input("against", "latest").run();
    step.assert_code(0);
    assert_eq!(step.output("backup_location"), shelf.location(&newer));
    assert!(
        step.summary().contains("more.gone") && step.visible().contains("more.gone"),
        "{}",
        step.transcript()
    );
    // Of two scopes, everything seems gone: nothing is within a limit.
    on_a_terminal(&shelf.trial, &[&partial, &other]).run().assert_code(0);
    let outcome = on_a_terminal(&shelf.trial, &[&partial, &other, "--max-table-drop", "100"]).run();
    outcome.assert_code(17);
    assert!(outcome.stderr.contains("different parts of the database"), "{}", outcome.transcript());
    for (arguments, code) in [
        (vec!["latest", "latest~0"], 2),
        (vec!["latest", "--backup", "latest"], 2),
        (vec!["latest", "latest~1", "latest~2"], 2),
        (vec!["--max-row-drop", "20"], 2),
        (vec![&*one], 14),
        (vec!["latest~9"], 14),
    ] {
        let outcome = on_a_terminal(&shelf.trial, &arguments).run();
        outcome.assert_code(code);
        assert!(outcome.stdout.is_empty() && outcome.stderr.contains("hint: "), "{}", outcome.transcript());
    }
}

#[test]
fn limits_decide_and_the_unknown_is_refused() {
    let shelf = Shelf::of(with_visits(Sponsor::named("callisto").diary(3, 30)), "callisto");
    let before = shelf.backup(&[]);
    let database = shelf.trial.database("callisto");
    database.psql_as_owner("DROP TABLE more.gone; DELETE FROM more.visits WHERE id > 1400");
    shelf.backup(&[]);
    let code = |limits: &[&str], code: i32| -> Outcome {
        let outcome = on_a_terminal(&shelf.trial, limits).run();
        outcome.assert_code(code);
        outcome
    };
    code(&["--max-row-drop", "30%", "--max-table-drop", "1"], 0);
    let failed = code(&["--max-row-drop", "20%", "--max-table-drop", "0", "--expect-schema-unchanged"], 17);
    for part in [
        "1,445 rows, but ",
        "(-29.3%, `max-row-drop` is 20%)",
        "more.gone (1 row)",
        "table more.gone removed",
    ] {
        assert!(failed.stderr.contains(part), "{part} is not in {}", failed.transcript());
    }
    let found = document(&code(&["--max-row-drop", "20%", "--json"], 17));
    assert_eq!((&found["outcome"], found["findings"].as_array().unwrap().len()), (&json!("failure"), 1));
    let step = shelf.run("diff").input("max-table-drop", "0").run();
    step.assert_code(17);
    assert_eq!(step.output("outcome"), "failure");
    // As a release before wrote it.
    shelf.edit(&before, |document| drop(document.as_object_mut().unwrap().remove("objects")));
    assert!(code(&[], 0).stdout.contains("schema: unknown: the earlier backup does not record its objects"));
    code(&["--expect-schema-unchanged"], 17);
    code(&["--max-row-drop", "30%"], 0);
    shelf.edit(&before, |document| {
        let document = document.as_object_mut().unwrap();
        document.retain(|name, _| {
            !["tables", "rows_total", "statements", "statements_digest", "sequences", "large_objects"]
                .contains(&&**name)
        });
    });
    for limit in [["--max-row-drop", "100%"], ["--max-table-drop", "9"]] {
        code(&limit, 17);
    }
}

#[test]
fn only_the_two_manifests_are_read() {
    let shelf = Shelf::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]), "callisto");
    for key in [shelf.backup(&[]), shelf.backup(&[])] {
        shelf.freeze(&key);
    }
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    on_a_terminal(&shelf.trial, &[]).input("s3-endpoint-url", proxy.endpoint()).run().assert_code(0);
    let read = |ending: &str| {
        proxy.requests().iter().filter(|seen| seen.method == "GET" && seen.path.ends_with(ending)).count()
    };
    assert_eq!((read(".manifest.json"), read(".sql.gz")), (2, 0));
}

/// The backup is stored, and the next one with limits is not compared with it: the same run again must not pass.
#[test]
fn a_backup_over_a_limit_fails_and_stays() {
    let trial = with_visits(Sponsor::named("callisto").diary(3, 30));
    let limits = [("max-row-drop", "20%"), ("max-table-drop", "0"), ("expect-schema-unchanged", "true")];
    back_up(&trial, &limits).assert_code(0);
    trial.database("callisto").psql_as_owner("DELETE FROM more.visits WHERE id > 1400");
    let failed = back_up(&trial, &limits);
    failed.assert_code(17);
    let location = failed.output("backup_location");
    let place = trial.backups("callisto");
    let stored = place.get_json(&manifest(&place.key(&location)));
    let log = failed.log("callisto");
    assert_eq!(
        (&log["outcome"], &log["stage"], &log["state"]),
        (&json!("failure"), &json!("proof"), &json!("complete"))
    );
    assert_eq!((&log["backup_location"], &log["changes"]), (&json!(location), &stored["changes"]));
    assert_eq!(log["changes"]["rows"], json!({"before": 2_046, "after": 1_446}));
    assert_eq!(log["changes"]["objects"], json!({"added": 0, "removed": 0, "changed": 0}));
    let message = log["message"].as_str().unwrap();
    assert!(
        message.contains("1,446 rows, but the previous backup held 2,046 (-29.3%, `max-row-drop` is 20%)"),
        "{message}"
    );
    assert_eq!(stored["exceeded_limits"].as_array().unwrap().len(), 1);
    check_manifest(&location, &stored);
    trial.run().input("command", "verify").run().assert_code(0);
    let again = back_up(&trial, &limits);
    again.assert_code(17);
    let expected = "1,446 rows, but the last backup within its limits held 2,046 (-29.3%";
    assert!(again.log("callisto")["message"].as_str().unwrap().contains(expected), "{}", again.transcript());
    let warnings = again.log("callisto")["warnings"].to_string();
    assert!(warnings.contains(&format!("since {location} exceeded a limit")), "{warnings}");
    // Without limits, what the database holds now is accepted.
    let accepted = back_up(&trial, &[]);
    accepted.assert_code(0);
    let key = place.key(&accepted.output("backup_location"));
    assert_eq!(place.get_json(&manifest(&key)).get("exceeded_limits"), None);
    back_up(&trial, &limits).assert_code(0);
}

#[test]
fn a_collapse_is_a_warning() {
    let trial = with_visits(Sponsor::named("callisto").diary(3, 30));
    for _ in 0..3 {
        back_up(&trial, &[]).assert_code(0);
    }
    let database = trial.database("callisto");
    database.psql_as_owner("DELETE FROM more.visits");
    let warned = back_up(&trial, &[]);
    warned.assert_code(0);
    let log = warned.log("callisto");
    let warnings: Vec<&str> =
        log["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    for part in [
        "46 rows, but the previous backup held 2,046",
        "of dump, but the median of the last 3 is ",
        "1 table without rows that the previous backup held: more.visits (2,000 rows)",
    ] {
        assert!(warnings.iter().any(|warning| warning.contains(part)), "{part} is not in {warnings:?}");
        assert!(
            warned.annotations("warning").iter().any(|text| text.contains(part)),
            "{}",
            warned.transcript()
        );
        assert!(warned.summary().contains(part), "{}", warned.summary());
    }
    assert_eq!(log["changes"]["tables"]["emptied"], json!({"count": 1, "names": ["more.visits"]}));
}

/// A backup of a part is compared with one of the same part. Until there is one, nothing is within a limit.
#[test]
fn a_backup_of_other_parts_is_within_no_limit() {
    const REASON: &str = "the other backups are of other parts of the database";
    let trial = with_visits(Sponsor::named("callisto").diary(3, 30));
    back_up(&trial, &[]).assert_code(0);
    let (part, limit) = (("exclude-table-data", "more.gone,diary.x"), ("max-row-drop", "0%"));
    let planned = back_up(&trial, &[part, limit, ("dry-run", "true")]);
    planned.assert_code(17);
    assert!(planned.visible().contains(REASON), "{}", planned.transcript());
    for _ in 0..2 {
        let failed = back_up(&trial, &[part, limit]);
        failed.assert_code(17);
        let log = failed.log("callisto");
        assert!(log["message"].as_str().unwrap().contains("the limits cannot be checked: "), "{log}");
        assert_eq!(log["changes"], Value::Null);
    }
    let other = back_up(&trial, &[("schemas", "more")]);
    other.assert_code(0);
    let line = format!("callisto: not compared with an earlier backup: {REASON}");
    assert!(other.visible().contains(&line), "{}", other.transcript());
    back_up(&trial, &[part]).assert_code(0);
    // In whatever order the patterns are.
    let same = back_up(&trial, &[("exclude-table-data", "diary.x,more.gone"), limit]);
    same.assert_code(0);
    assert_eq!(same.log("callisto")["changes"]["rows"], json!({"before": 2_045, "after": 2_045}));
}

/// A backup that cannot be compared is a warning, and a failure under a limit.
#[test]
fn an_unreadable_backup_before_is_within_no_limit() {
    let shelf = Shelf::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]), "callisto");
    let key = shelf.backup(&[]);
    shelf.put(&manifest(&key), "nonsense");
    let failed = back_up(&shelf.trial, &[("max-row-drop", "20%")]);
    failed.assert_code(17);
    let location = failed.output("backup_location");
    assert!(failed.log("callisto")["message"].as_str().unwrap().contains("the limits cannot be checked"));
    let place = shelf.trial.backups("callisto");
    let newer = place.key(&location);
    shelf.put(&manifest(&newer), "nonsense");
    let warned = back_up(&shelf.trial, &[]);
    warned.assert_code(0);
    assert!(warned.log("callisto")["warnings"].to_string().contains("compared with the backup before"));
}

#[test]
fn a_comparison_reads_as_reviewed() {
    let moto = Moto::start();
    let sponsors = [Sponsor::named("callisto").diary(3, 30)];
    let trial = Trial::plan(sponsors).store(&moto).plain_names().start();
    trial.run().run().assert_code(0);
    trial.database("callisto").psql_as_owner("CREATE TABLE visits AS SELECT 1 AS id");
    trial.run().input("version", "v2.4.0").run().assert_code(0);
    let outcome = on_a_terminal(&trial, &["--max-row-drop", "20%", "--expect-schema-unchanged"]).run();
    outcome.assert_code(17);
    // A key of pg_dump's own is in each dump, and does not always compress to as many bytes.
    let lines = outcome.stdout.lines().filter(|line| !line.starts_with("stored: "));
    let shown: String = lines.map(|line| format!("{line}\n")).collect();
    reviewed("terminal-diff", &(shown + &outcome.stderr));
}
