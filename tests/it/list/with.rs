//! Why a backup was taken, and which backups hold a table.

use serde_json::{Value, json};

use super::{array, callisto, on_a_terminal, rows};
use crate::shelf::second;

#[test]
fn a_list_shows_version_and_why() {
    let shelf = callisto();
    let nightly = shelf.backup(&[("pre-migration", "false")]);
    shelf.edit(&nightly, |document| document["trigger"] = "schedule".into());
    let deployment = shelf.backup(&[("version", "v2.4.0"), ("commit-sha", &"a".repeat(40))]);
    let old = shelf.copy(&nightly, "20260101-000000");
    shelf.edit(&old, |document| {
        let document = document.as_object_mut().unwrap();
        for name in ["tags", "metadata", "trigger"] {
            document.remove(name);
        }
    });
    let rows = rows(&shelf.trial);
    let told: Vec<[&Value; 2]> = rows.iter().map(|row| [&row["why"], &row["version"]]).collect();
    let (deployed, version) = (json!("deployment"), json!("v2.4.0"));
    let (scheduled, none) = (json!("schedule"), json!(null));
    assert_eq!(told, [[&deployed, &version], [&scheduled, &none], [&none, &none]]);
    assert_eq!(rows[0]["git_sha"], "a".repeat(40));
    assert_eq!(rows[0]["github_run_id"], "17342009911");
    assert_eq!(
        rows[0]["actor"],
        shelf.manifest(&deployment)["metadata"]
            .as_array()
            .unwrap()
            .iter()
            .find(|value| value["name"] == "deployer")
            .unwrap()["value"]
    );
    let table = on_a_terminal(&shelf.trial).run();
    let line = table.stdout.lines().find(|line| line.starts_with(&second(&deployment))).unwrap();
    assert!(line.contains("  deployment  v2.4.0  "), "{line}");
}

#[test]
fn the_backups_that_hold_a_table_are_shown_with_its_rows() {
    let shelf = callisto();
    let database = shelf.trial.database("callisto");
    let bare = shelf.backup(&[]);
    database.psql_as_owner("CREATE SCHEMA more; CREATE TABLE more.visits AS SELECT generate_series(1, 2000)");
    let full = shelf.backup(&[]);
    database.psql_as_owner("DELETE FROM more.visits WHERE generate_series > 1990");
    let less = shelf.backup(&[]);
    for name in ["more.visits", "visits"] {
        let outcome = on_a_terminal(&shelf.trial).arg("--json").arg("--with").arg(name).run();
        outcome.assert_code(0);
        let rows = array(&outcome);
        let told: Vec<_> = rows.iter().map(|row| (row["table"].clone(), row["table_rows"].clone())).collect();
        let table = json!("more.visits");
        assert_eq!(told, [(table.clone(), json!(1990)), (table, json!(2000)), (json!(null), json!(null))]);
        let shown = on_a_terminal(&shelf.trial).arg("--with").arg(name).run();
        shown.assert_code(0);
        assert!(
            shown.stdout.starts_with(&format!("callisto: 2 backups with {name}, of 3 backups, ")),
            "{}",
            shown.transcript()
        );
        assert!(shown.stdout.lines().nth(1).unwrap().contains(&format!("  ROWS OF {name}  ")));
        for (key, rows) in [(&less, "  1,990  "), (&full, "  2,000  "), (&bare, "  –  ")] {
            let line = shown.stdout.lines().find(|line| line.starts_with(&second(key))).unwrap();
            assert!(line.contains(rows), "{rows} is not in {line}");
        }
    }
    let outcome = on_a_terminal(&shelf.trial).arg("--with").arg("more.visit").run();
    outcome.assert_code(2);
    assert!(
        outcome.stderr.contains("no production backup of callisto holds a table more.visit"),
        "{}",
        outcome.transcript()
    );
    database.psql_as_owner("CREATE SCHEMA other; CREATE TABLE other.visits (id int)");
    shelf.backup(&[]);
    let outcome = on_a_terminal(&shelf.trial).arg("--with").arg("visits").run();
    outcome.assert_code(2);
    let told = "visits is the name of several tables of callisto: more.visits, other.visits";
    assert!(outcome.stderr.contains(told), "{}", outcome.transcript());
}
