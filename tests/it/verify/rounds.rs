//! `verify --all`: one bad backup among many is named and the others are verified; frozen ones are said, and asked for
//! where that is wanted; neither memory nor patience depends on how many there are.

use std::time::Duration;

use serde_json::json;

use super::super::shelf::{Shelf, at, checksum, manifest, second};
use super::callisto;
use crate::support::{Action, Outcome, Proxy, Run, Seen, tools};

const MIB: u64 = 1 << 20;

fn all(shelf: &Shelf) -> Run {
    shelf.run("verify").input("all", "true")
}

fn message(outcome: &Outcome) -> String {
    outcome.result("callisto")["message"].as_str().unwrap().to_owned()
}

/// How many were called verified.
fn verified(outcome: &Outcome) -> usize {
    outcome.visible().lines().filter(|line| line.contains(" verified: ")).count()
}

// serves: REQ-o00008/integrity-checks
#[test]
fn the_bad_ones_are_named_and_the_others_verified() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    let copies = ["20260101-000000", "20260102-000000", "20260103-000000", "20260104-000000"];
    let [bad, bare, whole, half] = copies.map(|second| shelf.copy(&good, second));
    let mut bytes = shelf.get(&bad);
    bytes[4] ^= 1;
    shelf.put(&bad, bytes);
    shelf.remove(&checksum(&bare));
    shelf.remove(&half);
    let outcome = all(&shelf).run();
    outcome.assert_code(17);
    let message = message(&outcome);
    assert!(message.starts_with("3 of 5 backups are not whole:\n"), "{message}");
    for part in [
        format!("{}: its SHA-256 is ", shelf.location(&bad)),
        format!("{}: its checksum file is missing", shelf.location(&bare)),
        format!("{}: its dump is missing", shelf.location(&half)),
    ] {
        assert!(message.contains(&part) && outcome.visible().contains(&part), "{part} is not in {message}");
    }
    assert_eq!(verified(&outcome), 2);
    for key in [&good, &whole] {
        assert!(outcome.visible().contains(&format!("backup-prod-{}.sql.gz verified: ", second(key))));
    }
}

/// Errors that say nothing about the backup itself do not count as findings; the others are verified all the same.
#[test]
fn what_could_not_be_read_is_an_error_and_a_finding_counts_more() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    let [refused, bad] = ["20260101-000000", "20260102-000000"].map(|second| shelf.copy(&good, second));
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let path = refused.clone();
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    proxy.rule(move |seen| match seen.method == "GET" && seen.path.ends_with(&path) {
        true => Action::Status(403, denied.to_owned()),
        false => Action::Pass,
    });
    let run = || all(&shelf).input("s3-endpoint-url", proxy.endpoint()).run();
    let outcome = run();
    outcome.assert_code(14);
    assert_eq!((verified(&outcome), outcome.result("callisto")["stage"].clone()), (2, json!("archive")));
    assert!(message(&outcome).contains(&refused), "{}", message(&outcome));

    shelf.remove(&manifest(&bad));
    let outcome = run();
    outcome.assert_code(17);
    assert_eq!(verified(&outcome), 1);
    let message = message(&outcome);
    assert!(message.contains(&format!("{}: its manifest is missing", shelf.location(&bad))), "{message}");
    assert!(message.contains("also, not every backup was read: ") && message.contains(&refused), "{message}");
}

/// Keys that S3 does not know will not get better with the next backup.
#[test]
fn a_hopeless_error_ends_the_round() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    shelf.copy(&good, "20260101-000000");
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let expired = "<Error><Code>ExpiredToken</Code><Message>no</Message></Error>";
    proxy.rule(|seen| match seen.path.ends_with(".manifest.json") {
        true => Action::Status(400, expired.to_owned()),
        false => Action::Pass,
    });
    let outcome = all(&shelf).input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(14);
    let asked = proxy.requests().iter().filter(|seen| seen.path.ends_with(".manifest.json")).count();
    assert_eq!(asked, 1, "{}", outcome.transcript());
    assert!(outcome.visible().contains("Set new temporary keys in"));
}

/// F35.
#[test]
fn a_frozen_one_is_said_and_thawed_where_that_is_wanted() {
    let shelf = callisto();
    let good = shelf.copy(&shelf.backup(&[]), "20260101-000000");
    let frozen = shelf.backup(&[("storage-class", "DEEP_ARCHIVE")]);
    let newest = shelf.run("verify").run();
    newest.assert_code(14);
    assert!(message(&newest).contains(&format!("{frozen} is in storage class DEEP_ARCHIVE")));
    assert!(newest.visible().contains("Run again with `thaw`"));

    // Next to the very first one: one more of each kind.
    shelf.freeze(&shelf.copy(&good, "20260102-000000"));
    let counted = |outcome: &Outcome| {
        outcome.assert_code(17);
        let told = "not every backup could be read: 2 backups verified, 2 in Deep Archive not read";
        assert_eq!(message(outcome), told);
        assert_eq!(
            (outcome.output("outcome"), outcome.output("state")),
            ("failure".into(), "partly-verified".into())
        );
        let warnings = outcome.annotations("warning");
        assert!(warnings[0].starts_with("callisto: 2 in Deep Archive not read: "), "{warnings:?}");
        let summary = outcome.summary().replace('\u{a0}', " ");
        assert!(summary.contains("2 backups verified, 2 in Deep Archive not read"), "{summary}");
    };
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let run = || all(&shelf).input("s3-endpoint-url", proxy.endpoint());
    let thaws =
        || proxy.requests().iter().filter(|seen| seen.method == "POST" && seen.has("restore")).count();
    counted(&run().run());
    assert_eq!(thaws(), 0);
    let outcome = run().input("thaw", "true").run();
    counted(&outcome);
    assert_eq!(thaws(), 2);
    assert!(outcome.visible().contains("A thaw was requested"));
    // Moto thaws at once.
    let outcome = run().run();
    outcome.assert_code(0);
    assert_eq!(message(&outcome), "4 backups verified");
}

/// A run that verified nothing is never green, whatever it was asked for.
#[test]
fn a_verification_of_nothing_fails_and_counts_skipped_backups() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    for second in ["20260101-000000", "20260102-000000"] {
        shelf.freeze(&shelf.copy(&good, second));
    }
    shelf.freeze(&good);
    for skips in ["false", "true"] {
        let outcome = all(&shelf).input("skip-frozen", skips).run();
        outcome.assert_code(17);
        assert_eq!(
            (outcome.output("outcome"), outcome.output("state")),
            ("failure".into(), "unverified".into())
        );
        assert!(!outcome.summary().contains('✅'), "{}", outcome.summary());
    }
    shelf.backup(&[]);
    let outcome = all(&shelf).input("skip-frozen", "true").run();
    outcome.assert_code(0);
    assert_eq!((outcome.output("outcome"), outcome.output("state")), ("success".into(), "verified".into()));
    let headline = outcome.summary().lines().next().unwrap().to_owned();
    assert_eq!(headline, "## ✅ Verification, production: 1 of 1 verified (3 frozen backups not read)");
    shelf.run("verify").input("skip-frozen", "true").run().assert_code(2);
}

/// A manifest may be frozen though its dump was thawed already.
#[test]
fn each_frozen_part_is_thawed() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    shelf.freeze(&manifest(&key));
    shelf.run("verify").run().assert_code(14);
    shelf.run("verify").input("thaw", "true").run().assert_code(14);
    shelf.run("verify").run().assert_code(0);
}

/// They are read one after another, and nothing of them is kept: each has a mebibyte.
#[test]
fn memory_does_not_grow_with_the_number_of_backups() {
    let shelf = callisto();
    shelf.trial.database("callisto").load_noise(1);
    let key = shelf.backup(&[]);
    let one = shelf.run("verify").run();
    one.assert_code(0);
    let seconds = (0..200).map(|number| format!("202601{:02}-{:06}", number / 50 + 1, number % 50));
    shelf.many(&key, seconds);
    let many = all(&shelf).run();
    many.assert_code(0);
    assert_eq!((message(&many).as_str(), verified(&many)), ("201 backups verified", 201));
    let (one, many) = (one.peak_memory, many.peak_memory);
    println!("peak memory: one backup {} MiB, 201 backups {} MiB", one / MIB, many / MIB);
    assert!(one > 0 && many < one + 64 * MIB, "{} MiB in place of {} MiB", many / MIB, one / MIB);
}

/// The listing is read before its manifest is written.
#[test]
fn a_backup_that_is_finished_meanwhile_is_not_a_finding() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let late = shelf.copies(&key, "20260101-000000");
    shelf.put_all(late[..2].to_vec());
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let (store, bucket, described) = (shelf.trial.store.clone(), shelf.bucket.clone(), late[2].clone());
    let read = manifest(&key);
    let reads = move |seen: &Seen| seen.path.ends_with(&read);
    proxy.spoil(1, Action::Delay(Duration::from_secs(4)), reads);
    let run = all(&shelf).input("s3-endpoint-url", proxy.endpoint()).start();
    let asked = manifest(&key);
    tools::wait_for("the first manifest", Duration::from_secs(60), || {
        proxy.requests().iter().any(|seen| seen.path.ends_with(&asked)).then_some(())
    });
    store.put(&bucket, &described.0, described.1);
    let outcome = run.wait();
    outcome.assert_code(0);
    assert_eq!(message(&outcome), "2 backups verified");
}

#[test]
fn a_signal_and_the_end_of_ones_time_are_heard() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let bad = shelf.copy(&key, "20991231-235959");
    shelf.remove(&checksum(&at(&key, "20991231-235959")));
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let dump = key.clone();
    let is_dump = move |seen: &Seen| seen.method == "GET" && seen.path.ends_with(&dump);
    proxy.spoil(99, Action::Delay(Duration::from_secs(600)), is_dump.clone());
    let run =
        || shelf.run("verify").input("s3-endpoint-url", proxy.endpoint()).deadline(Duration::from_secs(60));
    let running = run().input("all", "true").start();
    tools::wait_for("the dump", Duration::from_secs(60), || {
        proxy.requests().iter().any(&is_dump).then_some(())
    });
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    assert_eq!(outcome.result("callisto")["stage"], "cancelled");

    let late = run().input("backup", second(&key)).input("timeout", "3s").run();
    late.assert_code(14);
    assert_eq!(message(&late), "timed out after 3s (input `timeout`)");
    // What was found before is not forgotten.
    shelf.put_all(shelf.copies(&key, "20991231-235959").into());
    shelf.put(&bad, "spoiled");
    let late = run().input("all", "true").input("timeout", "5s").run();
    late.assert_code(17);
    let message = message(&late);
    assert!(message.contains(&bad) && message.contains("timed out after 5s (input `timeout`)"), "{message}");
}
