//! What `prune` leaves alone, whatever a policy says: what lost a part, what is another's, what is held or changed by now, and what
//! drills and deployments need.

use std::time::Duration;

use serde_json::{Value, json};

use super::folders::{copy, folders, run};
use super::{aged, callisto, objects, prune, reason, records};
use crate::shelf::{checksum, manifest, second, timestamp};
use crate::support::{Action, Outcome, Place, Proxy, Seen, Trial, tools};

const POLICY: [&str; 5] = ["--keep-last", "1", "--min-keep", "1", "--unversioned"];

fn applied(trial: &Trial) -> Outcome {
    let done = run(trial, &[&POLICY[..], &["--apply"]].concat()).run();
    done.assert_code(0);
    done
}

/// The sponsor's one record of a backup, as of another event.
fn record(trial: &Trial, folder: &str, stem: &str, at: &str, more: Value) -> Place {
    let place = trial.records("callisto");
    let own = place.keys().into_iter().find(|key| key.contains("/deployments/")).unwrap();
    let mut document = place.get_json(&own);
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let day = format!("{}/{}/{}", &at[..4], &at[4..6], &at[6..8]);
    place.put(&format!("staging/{folder}/{day}/{stem}-staging-{at}.json"), document.to_string().as_bytes());
    place.clone()
}

/// The dump of each can still be restored by hand, and `history --check` names it.
#[test]
fn a_backup_that_lost_a_part_stays() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    let [no_checksum, no_dump, recorded] = [40, 41, 42].map(|days| copy(place, &newest, days));
    place.delete(&checksum(&no_checksum));
    place.delete(&no_dump);
    place.delete(&manifest(&recorded));
    let at = second(&recorded);
    record(&trial, "deployments", "deployment", &at, json!({"deployment_timestamp": timestamp(&at)}));
    let before = place.keys();
    let done = applied(&trial);
    for key in [&no_checksum, &no_dump, &recorded] {
        assert!(reason(&done, key).contains("damaged: it was whole"), "{}", done.stdout);
    }
    assert_eq!(place.keys(), before);
}

/// In a folder, everyone's checksum file looks like ours.
#[test]
fn what_nothing_shows_to_be_ours_stays() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    let keys = [40, 50].map(|days| copy(place, &newest, days));
    keys.iter().for_each(|key| place.delete(&manifest(key)));
    let before = place.keys();
    assert!(reason(&applied(&trial), &keys[1]).contains("foreign: kept without `foreign`"));
    assert_eq!(place.keys(), before);
    let asked = run(&trial, &[&POLICY[..], &["--foreign", "--apply"]].concat()).run();
    asked.assert_code(0);
    assert!(!place.keys().contains(&keys[1]));
}

#[test]
fn an_unreadable_hold_record_keeps_everything() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    copy(place, &newest, 40);
    let hold = trial.run().unset("GITHUB_ACTIONS").arg("hold");
    hold.args(["add", "--reason", "audit", "--backup", &second(&newest)]).run().assert_code(0);
    let records = trial.records("callisto");
    let key = records.keys().into_iter().find(|key| key.contains("/holds/")).unwrap();
    let mut bytes = records.get(&key);
    bytes.truncate(bytes.len() - 3);
    records.put(&key, &bytes);
    let before = place.keys();
    assert!(applied(&trial).stdout.contains("hold unknown"));
    assert_eq!(place.keys(), before);
    let list = trial.run().unset("GITHUB_ACTIONS").arg("hold").arg("list").run();
    assert_ne!(list.code, Some(0));
    assert!(list.visible().contains("what is held is unknown"), "{}", list.transcript());
}

/// The run is stopped for the time that it takes to add the hold.
#[test]
fn a_hold_that_is_added_meanwhile_counts() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    let keys: Vec<String> = (40..440).map(|days| copy(place, &newest, days)).collect();
    let oldest = keys.last().unwrap();
    let hold = trial.run().unset("GITHUB_ACTIONS").arg("hold");
    hold.args(["add", "--reason", "audit", "--backup", &second(oldest)]).run().assert_code(0);
    let records = trial.records("callisto");
    let key = records.keys().into_iter().find(|key| key.contains("/holds/")).unwrap();
    let held = records.get(&key);
    records.delete(&key);
    let running =
        run(&trial, &[&POLICY[..], &["--apply"]].concat()).deadline(Duration::from_secs(300)).start();
    tools::wait_for("the record of the plan", Duration::from_secs(120), || {
        records.keys().iter().any(|key| key.contains("/prunes/")).then_some(())
    });
    running.signal("STOP");
    records.put(&key, &held);
    running.signal("CONT");
    running.wait().assert_code(0);
    assert!(place.keys().contains(oldest));
    assert_eq!(place.keys().len(), 3 * 2);
}

/// The plan is over, and its record is about to be stored.
#[test]
fn a_manifest_that_is_replaced_meanwhile_counts() {
    let shelf = callisto();
    let keys = aged(&shelf, &[8, 9, 40]);
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let is_record = |seen: &Seen| seen.method == "PUT" && seen.path.contains("/prunes/");
    proxy.spoil(1, Action::Delay(Duration::from_secs(10)), is_record);
    let run = prune(&shelf.trial, &["--keep-last", "1", "--apply"]);
    let running = run.input("s3-endpoint-url", proxy.endpoint()).start();
    tools::wait_for("the record of the plan", Duration::from_secs(120), || {
        proxy.requests().iter().any(is_record).then_some(())
    });
    shelf.edit(&keys[3], |document| document["reason"] = json!("another one"));
    let done = running.wait();
    done.assert_code(0);
    assert!(done.visible().contains("stays: changed after the plan"), "{}", done.transcript());
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys));
    assert_eq!(records(&shelf.trial)[1]["backups"][0]["fate"], "kept");
}

/// Such as a folder that is not mounted.
#[test]
fn without_any_record_nothing_is_planned() {
    let (trial, newest) = folders();
    copy(trial.backups("callisto"), &newest, 40);
    let records = trial.records("callisto");
    records.keys().iter().for_each(|key| records.delete(key));
    let refused = run(&trial, &POLICY).run();
    refused.assert_code(14);
    assert!(refused.visible().contains("although each backup leaves one"), "{}", refused.transcript());
}

/// A run that failed for what it lost takes no place of what it lost it from.
#[test]
fn a_backup_over_a_limit_pushes_no_complete_one_out() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    let [before, older] = [40, 50].map(|days| copy(place, &newest, days));
    let mut document = place.get_json(&manifest(&newest));
    document["exceeded_limits"] = json!(["10 rows, but the previous backup held 5,000"]);
    place.put(&manifest(&newest), document.to_string().as_bytes());
    let plan = run(&trial, &POLICY).run();
    plan.assert_code(0);
    assert!(reason(&plan, &newest).contains("partial: "), "{}", plan.stdout);
    assert!(reason(&plan, &before).contains("newest complete"), "{}", plan.stdout);
    assert!(reason(&plan, &older).starts_with("REMOVE"), "{}", plan.stdout);
}

#[test]
fn the_newest_proven_one_is_found_behind_many_drills() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    let [proven, older] = [40, 50].map(|days| copy(place, &newest, days));
    let drill = |at: &str, of: &str| {
        // The folder was mounted elsewhere then.
        let location = format!("file:///elsewhere/{of}");
        let more = json!({"drill_timestamp": timestamp(at), "status": "passed", "backup_location": location});
        record(&trial, "drills", "drill", at, more);
    };
    drill(&super::days_before(&newest, 39), &proven);
    for hour in 0..60 {
        drill(
            &format!("{}{:02}{:02}00", &super::days_before(&newest, 30)[..9], hour / 60, hour % 60),
            &older,
        );
    }
    let plan = run(&trial, &POLICY).run();
    plan.assert_code(0);
    assert!(reason(&plan, &proven).contains("newest proven by a drill"), "{}", plan.stdout);
    assert!(reason(&plan, &older).starts_with("REMOVE"), "{}", plan.stdout);
}

#[test]
fn a_deployment_from_a_wrong_clock_is_not_the_last_one() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    let [later, before] = [40, 50].map(|days| copy(place, &newest, days));
    let deployment = |at: &str, version: &str, outcome: &str| {
        let more = json!({"event": "deployment", "deployment_timestamp": timestamp(at), "version": version,
            "outcome": outcome, "backup_location": null});
        record(&trial, "deployments", "deployment", at, more);
    };
    deployment(&super::days_before(&newest, 45), "v2", "success");
    deployment("20430101-000000", "v3", "success");
    for second in 0..30 {
        deployment(&format!("{}0000{second:02}", &super::days_before(&newest, 20)[..9]), "v4", "failure");
    }
    let plan = run(&trial, &POLICY).run();
    plan.assert_code(0);
    assert!(reason(&plan, &before).contains("before deployed version v2"), "{}", plan.stdout);
    assert!(reason(&plan, &later).starts_with("REMOVE"), "{}", plan.stdout);
}
