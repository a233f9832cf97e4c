//! `prune` fails: it stops there, its record shows how far it came, and the next run finishes it.

use crate::prune::{aged, callisto, objects, prune, reason, records};
use crate::shelf::{checksum, manifest};
use crate::support::{Action, Proxy, Seen};

fn error(code: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>spoiled</Message></Error>")
}

// serves: 11.10(e)/recorded
/// - fault: S3 refuses the second of the three deletions of a backup
/// - injected: A proxy that answers DELETE of the checksum file with 403, 412 or 500
/// - seen: The object, and why. Exit code 14. The next run shows `half removed by an earlier run` and finishes it
/// - left: Checksum file and dump of that backup, every other backup, and two records: the plan, and how far it came
#[test]
fn the_next_run_finishes_what_one_began() {
    for (status, code) in [(403, "AccessDenied"), (412, "PreconditionFailed"), (500, "InternalError")] {
        let shelf = callisto();
        let keys = aged(&shelf, &[8, 9, 40, 50]);
        let proxy = Proxy::before(shelf.trial.store.endpoint());
        let is_second = |seen: &Seen| seen.method == "DELETE" && seen.path.ends_with(".sha256");
        proxy.spoil(usize::MAX, Action::Status(status, error(code)), is_second);
        let policy = ["--keep-last", "1", "--apply"];
        let run = || prune(&shelf.trial, &policy).input("s3-endpoint-url", proxy.endpoint());
        let failed = run().run();
        failed.assert_code(14);
        assert!(failed.visible().contains(&checksum(&keys[3])), "{}", failed.transcript());
        // The newest of those that go lost its manifest, and the other was not touched.
        let mut left = objects(&keys);
        left.retain(|key| *key != manifest(&keys[3]));
        assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), left);
        let told = records(&shelf.trial);
        assert_eq!((told.len(), &told[1]["outcome"]), (2, &serde_json::json!("failure")));
        assert_eq!(told[1]["backups"][0]["fate"], "partly-removed");
        assert_eq!(told[1]["backups"][1]["fate"], "planned");

        proxy.rule(|_| Action::Pass);
        let finished = run().run();
        finished.assert_code(0);
        assert!(
            reason(&finished, &keys[3]).contains("half removed by an earlier run"),
            "{}",
            finished.stdout
        );
        assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys[..3]));
    }
}

// serves: 11.10(e)/recorded
/// - fault: The record of a plan cannot be stored
/// - injected: A proxy that answers PUT of the record with 403
/// - seen: The failure of the record. Exit code 15
/// - left: Every backup. No deletion was sent
#[test]
fn nothing_goes_before_its_record_is_kept() {
    let shelf = callisto();
    let keys = aged(&shelf, &[8, 9, 40]);
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let is_record = |seen: &Seen| seen.method == "PUT" && seen.path.contains("/prunes/");
    proxy.spoil(usize::MAX, Action::Status(403, error("AccessDenied")), is_record);
    let run =
        prune(&shelf.trial, &["--keep-last", "1", "--apply"]).input("s3-endpoint-url", proxy.endpoint());
    run.run().assert_code(15);
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys));
    assert!(proxy.requests().iter().all(|seen| seen.method != "DELETE"));
}
