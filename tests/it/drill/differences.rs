//! What differs after a restore is found and named: one byte, one row, one sequence, one statement. The restored database
//! is changed by a pg_dump that does so before it reads.

use super::{assert_nothing_is_left, backed_up, drill, tampering};
use crate::support::{Proxy, Sponsor, Trial};

const APPEND_ONLY: &str = "ALTER TABLE diary_events DISABLE TRIGGER append_only;";
const AGAIN: &str = "; ALTER TABLE diary_events ENABLE TRIGGER append_only";

#[track_caller]
fn assert_found(trial: &Trial, sql: &str, finding: &str) {
    let programs = tampering(sql);
    let outcome = drill(trial).path(programs.path()).run();
    outcome.assert_code(17);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"proof".into()));
    assert!(result["message"].as_str().unwrap().contains(finding), "{sql}: {result:#}");
    let report = outcome.drill_report("callisto");
    assert_eq!((&report["status"], &report["verdict"]), (&"failed".into(), &"not equal".into()));
    assert!(report["findings"].to_string().contains(&finding.replace('"', "\\\"")), "{report:#}");
    assert_eq!(outcome.output("drill_status"), "failed");
    assert!(outcome.summary().contains("not equal"), "{}", outcome.summary());
    assert!(!outcome.visible().contains(": equal:"), "{}", outcome.visible());
    assert_nothing_is_left(&outcome);
}

// serves: 11.10(a)/accurate, REQ-p00012/integrity
#[test]
fn one_byte_of_one_row_is_found_and_its_table_named() {
    let trial = backed_up();
    let sql = format!(
        "{APPEND_ONLY} UPDATE diary_events SET signature = set_byte(signature, 3, get_byte(signature, 3) # 1) \
         WHERE event_id = 7{AGAIN}"
    );
    assert_found(&trial, &sql, "table public.diary_events has rows that differ");
    let table = |report: &serde_json::Value, name: &str| {
        let tables = report["tables"].as_array().unwrap().clone();
        tables.into_iter().find(|table| table["name"] == name).unwrap()
    };
    let programs = tampering("UPDATE sites SET name = name || ' ' WHERE site_id = 'SITE-001'");
    let report = drill(&trial).path(programs.path()).run().drill_report("callisto");
    assert_eq!(table(&report, "sites")["equal"], false);
    assert_eq!(table(&report, "diary_events")["equal"], true);
    assert_eq!(report["statements"]["equal"], true);
}

#[test]
fn one_row_too_few_or_too_many_is_found() {
    let trial = backed_up();
    let sql = format!("{APPEND_ONLY} DELETE FROM diary_events WHERE event_id = 7{AGAIN}");
    assert_found(&trial, &sql, "table public.diary_events has 299 rows, expected 300");
    let sql = "INSERT INTO sites VALUES ('SITE-999', 'x', 'FR')";
    assert_found(&trial, sql, "table public.sites has 13 rows, expected 12");
}

#[test]
fn one_sequence_is_found() {
    let sql = "SELECT setval('diary_events_event_id_seq', 301)";
    let finding = "sequence public.diary_events_event_id_seq is at 301, expected 300";
    assert_found(&backed_up(), sql, finding);
}

// serves: 11.10(a)/accurate
#[test]
fn statements_and_tables_are_found() {
    let trial = backed_up();
    for (sql, finding) in [
        (
            "DROP INDEX diary_events_patient_id_recorded_at_idx",
            "missing from the restored database: CREATE INDEX",
        ),
        (
            "ALTER TABLE patients DROP CONSTRAINT patients_arm_check",
            "statement differs: CREATE TABLE public.patients",
        ),
        ("CREATE TABLE besides ()", "table public.besides is not in the backup"),
        ("DROP TABLE diary_events CASCADE", "table public.diary_events is missing"),
    ] {
        assert_found(&trial, sql, finding);
    }
}

/// All that is read of a large object is its contents: exchanged, they are the same bytes in all.
#[test]
fn exchanged_contents_of_large_objects_are_found_and_not_shown() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    let (one, two) = ("Patient 17 fainted", "Patient 23 fainted");
    trial
        .database("callisto")
        .psql_as_owner(&format!("SELECT lo_from_bytea(1001, '{one}'), lo_from_bytea(1002, '{two}')"));
    trial.run().run().assert_code(0);
    drill(&trial).run().assert_code(0);
    let sql =
        format!("DO $$ BEGIN PERFORM lo_put(1001, 0, '{two}'); PERFORM lo_put(1002, 0, '{one}'); END $$");
    assert_found(&trial, &sql, "large object 1001: different contents");
    let programs = tampering(&sql);
    let outcome = drill(&trial).path(programs.path()).run();
    let shown = format!("{}{}{:#}", outcome.visible(), outcome.summary(), outcome.drill_report("callisto"));
    assert!(shown.contains("large object 1002: different contents"), "{shown}");
    for contents in [one, two] {
        let hex: String = contents.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!shown.contains(contents) && !shown.contains(&hex[..16]), "{shown}");
    }
}

/// A backup whose manifest records other rows than its text holds is not even loaded.
#[test]
fn a_manifest_of_other_rows_is_found_before_anything_is_loaded() {
    let trial = backed_up();
    let bucket = trial.bucket("callisto");
    let key = trial.store.keys_in(bucket).into_iter().find(|key| key.ends_with(".manifest.json")).unwrap();
    let mut manifest = trial.store.get_json(bucket, &key);
    manifest["tables"][0]["digest"] = "0".repeat(32).into();
    trial.store.put(bucket, &key, serde_json::to_vec(&manifest).unwrap());
    let proxy = Proxy::before(trial.store.endpoint());
    let outcome = drill(&trial).input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(17);
    let told = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(told.contains("its tables differ from its manifest: public.diary_events"), "{told}");
    let report = outcome.drill_report("callisto");
    assert_eq!((&report["status"], &report["target"]), (&"failed".into(), &serde_json::Value::Null));
    let dump = key.trim_end_matches(".manifest.json");
    let fetched =
        proxy.requests().iter().filter(|seen| seen.method == "GET" && seen.path.ends_with(dump)).count();
    assert_eq!(fetched, 1, "it is read through once and not fetched again");
}

/// The object changes between the moment when it was proved and the moment when it is loaded.
#[test]
fn bytes_that_change_between_proof_and_load_are_never_committed() {
    let trial = backed_up();
    let key = trial.store.keys_in(trial.bucket("callisto")).into_iter().next().unwrap();
    let good = trial.store.get(trial.bucket("callisto"), &key);
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(good.as_slice()), &mut text).unwrap();
    let altered = String::from_utf8(text).unwrap().replace("SITE-001\t", "SITE-0x1\t");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, altered.as_bytes()).unwrap();
    let mut altered = encoder.finish().unwrap();
    assert!(altered.len() <= good.len() + 4096);
    altered.resize(good.len(), 0);
    let proxy = Proxy::before(trial.store.endpoint());
    let (fetched, path) = (std::sync::Mutex::new(0), key.clone());
    proxy.rule(move |seen| {
        let mut fetched = fetched.lock().unwrap();
        if seen.method == "GET" && seen.path.ends_with(&path) {
            *fetched += 1;
            if *fetched == 2 {
                return crate::support::Action::ReplaceBody(altered.clone());
            }
        }
        crate::support::Action::Pass
    });
    let outcome = drill(&trial).input("s3-endpoint-url", proxy.endpoint()).run();
    assert!([Some(14), Some(16), Some(17)].contains(&outcome.code), "{}", outcome.transcript());
    assert_eq!(outcome.drill_report("callisto")["verdict"], serde_json::Value::Null);
    assert_nothing_is_left(&outcome);
}
