//! What a list shows beyond a backup's own objects: delete markers, drills, and dumps that are not ours.

use serde_json::{Value, json};

use super::super::shelf::{Shelf, checksum, manifest, second};
use super::{array, on_a_terminal, rows};
use crate::support::{Moto, Proxy, Run, Sponsor, Trial, runtime, tools};

/// A sponsor whose backups are in a versioned bucket.
fn versioned() -> Shelf {
    let (trial, bucket) = (Trial::of([Sponsor::named("callisto")]), format!("versions-{}", tools::unique()));
    Moto::shared().versioned_bucket(&bucket);
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(&bucket));
    let mut shelf = Shelf::of(trial, "callisto");
    shelf.bucket = bucket;
    shelf
}

fn told<'a>(rows: &'a [Value], name: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| &row[name]).collect()
}

// serves: 11.10(c)/missed
/// A marker over one object, and over all three of them. Nothing else shows that they are there.
#[test]
fn what_a_delete_marker_hides_is_shown_as_hidden() {
    let shelf = versioned();
    let keys = [shelf.backup(&[]), shelf.backup(&[]), shelf.backup(&[])];
    shelf.remove(&manifest(&keys[1]));
    for key in [keys[0].clone(), checksum(&keys[0]), manifest(&keys[0])] {
        shelf.remove(&key);
    }
    let rows = rows(&shelf.trial);
    assert_eq!(told(&rows, "status"), ["complete", "missing manifest", "hidden"]);
    assert_eq!(told(&rows, "hidden"), [&json!(false), &json!(true), &json!(true)]);
    assert_eq!(rows[1]["problem"], "its manifest is missing; a delete marker hides its manifest");
    assert_eq!((&rows[2]["problem"], &rows[2]["held"]), (&json!(null), &json!(null)));
    let table = on_a_terminal(&shelf.trial).run();
    assert!(table.stdout.starts_with("callisto: 1 backup, "), "{}", table.transcript());

    let versions = runtime()
        .block_on(Moto::shared().client().list_object_versions().bucket(&shelf.bucket).send())
        .unwrap();
    for marker in versions.delete_markers() {
        let request = Moto::shared().client().delete_object().bucket(&shelf.bucket);
        let request = request.key(marker.key().unwrap()).version_id(marker.version_id().unwrap());
        runtime().block_on(request.send()).unwrap();
    }
    let rows = super::rows(&shelf.trial);
    assert_eq!(told(&rows, "status"), ["complete"; 3]);
    assert_eq!(told(&rows, "hidden"), [false; 3]);
}

#[test]
fn the_newest_passed_drill_of_each_backup_is_shown() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let shelf = Shelf::of(trial, "callisto");
    let older = shelf.backup(&[]);
    let newer = shelf.backup(&[]);
    let drill = shelf.run("drill").input("backup", second(&older)).run();
    drill.assert_code(0);
    let report = drill.drill_report("callisto");
    // A drill that failed proves nothing.
    let logs = shelf.trial.records("callisto");
    let key = logs.keys().into_iter().find(|key| key.starts_with("drills/")).unwrap();
    let mut failed = logs.get_json(&key);
    failed["status"] = json!("failed");
    failed["backup_location"] = json!(shelf.location(&newer));
    failed["drill_timestamp"] = json!("2099-12-31T00:00:00Z");
    logs.put("drills/2099/12/31/drill-prod-20991231-000000.json", failed.to_string().as_bytes());
    let rows = rows(&shelf.trial);
    assert_eq!(told(&rows, "last_drill"), [&json!(null), &report["drill_timestamp"]]);
    assert_eq!(told(&rows, "unknown"), [&json!({}), &json!({})]);
    assert!(on_a_terminal(&shelf.trial).run().stdout.lines().nth(1).unwrap().ends_with("LAST DRILL"));

    // One report is read for each row that is shown.
    let few = on_a_terminal(&shelf.trial).arg("--limit=1").arg("--json");
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let few = few.input("s3-endpoint-url", proxy.endpoint()).run();
    few.assert_code(0);
    let read = proxy.requests().iter().filter(|seen| seen.path.contains("/drills/")).count();
    assert_eq!((array(&few).len(), read), (1, 1));
}

/// A shell step wrote the same keys. In a folder nothing but a record or a checksum file shows whose a dump is.
#[test]
fn a_dump_of_another_program_is_foreign_and_no_leftover() {
    for sponsor in [Sponsor::named("callisto"), Sponsor::named("callisto").in_folders()] {
        let trial = Trial::of([sponsor]);
        let backup = trial.run().run();
        backup.assert_code(0);
        let place = trial.backups("callisto");
        let key = place.key(&backup.output("backup_location"));
        place.put("backups/2026/02/01/backup-prod-20260201-000001.sql.gz", b"of a shell step");
        let list = || {
            let run = trial.wire(Run::terminal()).arg("list").arg("--json").run();
            run.assert_code(0);
            array(&run)
        };
        let rows = list();
        assert_eq!(told(&rows, "status"), ["complete", "foreign"]);
        // Our run's own record, or its checksum file, shows that it is ours.
        place.delete(&manifest(&key));
        assert_eq!(told(&list(), "status"), ["missing manifest", "foreign"]);
        place.delete(&checksum(&key));
        assert_eq!(told(&list(), "status"), ["unfinished", "foreign"]);
        // Without the record, the id of the write is left in a bucket, and nothing in a folder.
        let records = trial.records("callisto");
        records.keys().iter().for_each(|key| records.delete(key));
        let is_bucket = matches!(place, crate::support::Place::Bucket(..));
        assert_eq!(told(&list(), "status"), [if is_bucket { "unfinished" } else { "foreign" }, "foreign"]);
    }
}
