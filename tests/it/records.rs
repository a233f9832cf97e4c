//! The records of verifications and restores: after every end, and never at the cost of the result.

use serde_json::{Value, json};

use super::shelf::Shelf;
use crate::support::{Action, Cluster, Outcome, Proxy, Run, Sponsor, Trial, schemas};

const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";

fn callisto() -> Shelf {
    Shelf::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]), "callisto")
}

/// The only record below a folder of the bucket.
#[track_caller]
fn stored(shelf: &Shelf, folder: &str) -> Value {
    let logs = shelf.trial.log_bucket("callisto");
    let keys = shelf.trial.store.keys_in(logs);
    let keys: Vec<&String> = keys.iter().filter(|key| key.starts_with(folder)).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let record = shelf.trial.store.get_json(logs, keys[0]);
    schemas::check_object(keys[0], &record);
    assert_eq!(shelf.trial.store.tags(logs, keys[0])["sponsor"], "callisto");
    record
}

#[track_caller]
fn assert_none(shelf: &Shelf, outcome: &Outcome, folder: &str, local: &str) {
    let keys = shelf.trial.store.keys_in(shelf.trial.log_bucket("callisto"));
    assert!(keys.iter().all(|key| !key.starts_with(folder)), "{keys:?}");
    assert!(!outcome.workspace.join(local).exists(), "{}", outcome.transcript());
}

// serves: 11.10(e)/recorded
#[test]
fn a_verification_that_found_something_is_recorded() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let planned = shelf.run("verify").input("dry-run", "true").run();
    planned.assert_code(0);
    assert_none(&shelf, &planned, "verifications/", "verification-records");
    let mut bytes = shelf.get(&key);
    bytes[20] ^= 1;
    shelf.put(&key, bytes);
    let outcome = shelf.run("verify").input("all", "true").run();
    outcome.assert_code(17);
    let record = stored(&shelf, "verifications/");
    assert_eq!(record, outcome.record_in("verification-records", "callisto"));
    assert_eq!((&record["outcome"], &record["state"]), (&json!("failure"), &json!("unverified")));
    assert_eq!((&record["stage"], &record["all"]), (&json!("proof"), &json!(true)));
    assert_eq!((&record["verified"], &record["not_verified"]), (&json!(0), &json!(1)));
    let found = &record["backups"][0];
    assert_eq!((&found["location"], &found["result"]), (&json!(shelf.location(&key)), &json!("damaged")));
    assert!(!found["findings"].as_array().unwrap().is_empty());
    assert_eq!(record["github_run_id"], "17342009911");
    assert_eq!(
        outcome.result("callisto")["deployment_log"].as_str().map(|place| place.contains("/verifications/")),
        Some(true)
    );
}

/// Neither a verification nor a restore changes its result because its record has no place in the bucket.
#[test]
fn a_record_that_the_bucket_refuses_is_kept_locally() {
    let shelf = callisto();
    shelf.backup(&[]);
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    proxy.rule(|seen| {
        let is_record = seen.method == "PUT"
            && (seen.path.contains("/verifications/") || seen.path.contains("/restores/"));
        if is_record { Action::Status(403, DENIED.to_owned()) } else { Action::Pass }
    });
    let with_proxy = |run: Run| run.input("s3-endpoint-url", proxy.endpoint());
    let verified = with_proxy(shelf.run("verify")).run();
    verified.assert_code(0);
    assert_eq!(verified.record_in("verification-records", "callisto")["outcome"], "success");
    assert!(
        verified.visible().contains("(it is in verification-records/callisto/"),
        "{}",
        verified.transcript()
    );
    let target = Cluster::shared().database("kept");
    let restored = with_proxy(shelf.run("restore")).env("TARGET_DATABASE_URL", target.url()).run();
    restored.assert_code(0);
    assert_eq!(restored.record_in("restore-records", "callisto")["state"], "proven");
    assert!(restored.visible().contains("(it is in restore-records/callisto/"), "{}", restored.transcript());
}

// serves: 11.10(e)/recorded
#[test]
fn a_restore_that_was_refused_is_recorded_without_the_password() {
    let shelf = callisto();
    shelf.backup(&[]);
    let target = Cluster::shared().database_with_password("refused", "s3cr3t-of-the-target");
    target.psql_as_owner("CREATE TABLE there (x int)");
    let run = || shelf.run("restore").env("TARGET_DATABASE_URL", target.url());
    let planned = run().input("dry-run", "true").run();
    assert_none(&shelf, &planned, "restores/", "restore-records");
    let refused = run().run();
    refused.assert_code(16);
    let record = stored(&shelf, "restores/");
    assert_eq!((&record["outcome"], &record["stage"]), (&json!("failure"), &json!("restore")));
    assert_eq!((&record["target"], &record["state"]), (&json!("unchanged"), &json!(null)));
    assert!(record["restored_into"].as_str().unwrap().ends_with(&target.name), "{record:#}");
    assert!(!record.to_string().contains("s3cr3t"), "{record:#}");
}

/// Rows leave the store, so it is recorded, though it uses no database.
#[test]
fn tables_that_become_sql_are_recorded() {
    let shelf = callisto();
    shelf.backup(&[]);
    let run = shelf.run("restore").input("tables", "public.sites").input("to-sql", "sites.sql");
    run.run().assert_code(0);
    let record = stored(&shelf, "restores/");
    assert_eq!((&record["way"], &record["tables"]), (&json!("sql"), &json!(["public.sites"])));
    assert_eq!((&record["outcome"], &record["target"]), (&json!("success"), &json!("unchanged")));
    assert!(record["restored_into"].as_str().unwrap().ends_with("sites.sql"), "{record:#}");
}

// serves: 11.10(e)/recorded
/// A stopped restore has a record, too.
#[test]
fn a_stopped_restore_is_recorded() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    proxy.rule(move |seen| {
        let is_dump = seen.method == "GET" && seen.path.ends_with(&key);
        if is_dump { Action::Stall } else { Action::Pass }
    });
    let target = Cluster::shared().database("stopped");
    let run = shelf.run("restore").env("TARGET_DATABASE_URL", target.url());
    let running = run.input("s3-endpoint-url", proxy.endpoint()).start();
    running.wait_until_printed("verifying ");
    running.signal("TERM");
    running.wait().assert_code(143);
    let record = stored(&shelf, "restores/");
    assert_eq!((&record["outcome"], &record["stage"]), (&json!("failure"), &json!("cancelled")));
    assert_eq!(record["target"], "unchanged");
}
