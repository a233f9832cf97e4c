//! `show`: one backup in full, from its manifest alone.

use serde_json::{Value, json};

use super::shelf::{Shelf, manifest, second};
use crate::support::{Proxy, Run, Sponsor, Trial, reviewed};

const KINDS: [fn(Sponsor) -> Sponsor; 2] = [|sponsor| sponsor, Sponsor::in_folders];

fn on_a_terminal(trial: &Trial, arguments: &[&str]) -> Run {
    let arguments = ["show", "--sponsors", "callisto"].iter().chain(arguments).copied();
    trial.wire(Run::terminal()).args(arguments)
}

fn callisto() -> Shelf {
    Shelf::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]), "callisto")
}

// serves: 11.10(b)/readable
#[test]
fn a_backup_is_shown_with_its_tables_the_largest_first() {
    let shelf = callisto();
    let key = shelf.backup(&[("version", "v2.4.0"), ("reason", "the new diary")]);
    let told = shelf.manifest(&key);
    let outcome = on_a_terminal(&shelf.trial, &[]).run();
    outcome.assert_code(0);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines[0], format!("callisto: backup {} of production", second(&key)));
    let mut tables: Vec<(u64, String)> = told["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| {
            let name = format!("{}.{}", table["schema"].as_str().unwrap(), table["name"].as_str().unwrap());
            (table["rows"].as_u64().unwrap(), name)
        })
        .collect();
    tables.sort_by(|(one, first), (other, second)| (other, first).cmp(&(one, second)));
    let head = lines.iter().position(|line| line.starts_with("TABLE ")).unwrap();
    let shown: Vec<Vec<&str>> =
        lines[head + 1..].iter().map(|line| line.split_whitespace().collect()).collect();
    let expected: Vec<Vec<String>> =
        tables.iter().map(|(rows, name)| vec![name.clone(), rows.to_string()]).collect();
    assert_eq!(shown, expected, "{}", outcome.transcript());
    for fact in [
        format!("location: {}", shelf.location(&key)),
        "why: deployment of v2.4.0: the new diary".to_owned(),
        format!("sha256: {}", told["stored"]["sha256"].as_str().unwrap()),
        "owners and grants: not in this backup".to_owned(),
        "encrypted: no".to_owned(),
        "left out: nothing".to_owned(),
        "storage class: STANDARD".to_owned(),
    ] {
        assert!(lines.contains(&&*fact), "{fact} is not in {}", outcome.transcript());
    }
    let by = lines.iter().find(|line| line.starts_with("by: ")).unwrap();
    assert!(by.contains("run 17342009911 attempt 2, commit "), "{by}");
}

#[test]
fn as_json_it_is_one_document_with_the_whole_manifest() {
    for kind in KINDS {
        let trial = Trial::of([kind(Sponsor::named("callisto").diary(3, 30))]);
        let backup = trial.run().input("pre-migration", "false").run();
        backup.assert_code(0);
        let place = trial.backups("callisto");
        let key = place.key(&backup.output("backup_location"));
        let mut document = place.get_json(&manifest(&key));
        document["of_a_later_version"] = json!({"any": "thing"});
        place.put(&manifest(&key), document.to_string().as_bytes());
        let outcome = on_a_terminal(&trial, &["--json"]).run();
        outcome.assert_code(0);
        let shown: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(shown["manifest"], document);
        assert_eq!(document["trigger"], "workflow_dispatch");
        for (name, value) in [
            ("sponsor", json!("callisto")),
            ("environment", json!("production")),
            ("location", json!(place.location(&key))),
            ("why", json!("manual")),
            ("reason", json!(null)),
            ("locked_until", json!(null)),
        ] {
            assert_eq!(shown[name], value, "{name}");
        }
        assert!(shown["age_seconds"].as_u64().unwrap() < 600);
        let step = trial.run().input("command", "show").run();
        step.assert_code(0);
        assert_eq!(step.output("outcome"), "success");
        assert!(
            step.summary().starts_with("## ✅ Stored backup, production: 1 of 1 shown"),
            "{}",
            step.summary()
        );
        assert!(step.visible().contains("why: manual"), "{}", step.transcript());
    }
}

/// No dump is read, so one in an archive tier is shown, too.
#[test]
fn only_the_manifest_is_read() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    shelf.freeze(&key);
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let run = on_a_terminal(&shelf.trial, &[]).input("s3-endpoint-url", proxy.endpoint());
    let outcome = run.run();
    outcome.assert_code(0);
    assert!(outcome.stdout.contains("storage class: DEEP_ARCHIVE"), "{}", outcome.transcript());
    let read = |ending: &str| {
        proxy.requests().iter().filter(|seen| seen.method == "GET" && seen.path.ends_with(ending)).count()
    };
    assert_eq!((read(".manifest.json"), read(".sql.gz")), (1, 0));
}

#[test]
fn what_cannot_be_shown_fails() {
    let shelf = callisto();
    on_a_terminal(&shelf.trial, &[]).run().assert_code(14);
    let key = shelf.backup(&[]);
    shelf.edit(&key, |document| document["sponsor"] = "titan".into());
    let outcome = on_a_terminal(&shelf.trial, &[]).run();
    outcome.assert_code(17);
    assert_eq!(outcome.stdout, "", "{}", outcome.transcript());
    assert!(outcome.stderr.contains("sponsor titan, expected callisto"), "{}", outcome.transcript());
    shelf.put(&manifest(&key), "no manifest");
    on_a_terminal(&shelf.trial, &["--backup", &second(&key)]).run().assert_code(14);
    let two = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("titan").empty()]);
    let outcome = two.run().input("command", "show").run();
    outcome.assert_code(2);
    assert!(
        outcome.visible().contains("`show` takes one sponsor, but 2 are selected"),
        "{}",
        outcome.transcript()
    );
    let disabled = Trial::of([Sponsor::named("callisto").flag(Some("no")).empty()]);
    let step = disabled.run().input("command", "show").run();
    step.assert_code(0);
    assert_eq!(step.output("outcome"), "disabled");
}

#[test]
fn a_shown_backup_reads_as_reviewed() {
    let trial = Trial::plan([Sponsor::named("callisto").diary(3, 30)]).plain_names().start();
    trial.run().input("version", "v2.4.0").run().assert_code(0);
    let outcome = on_a_terminal(&trial, &[]).run();
    outcome.assert_code(0);
    reviewed("show", &outcome.stdout);
}
