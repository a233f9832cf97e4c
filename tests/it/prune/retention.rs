//! What a backup's own tag keeps.

use super::{aged, callisto, objects, prune, reason};
use crate::support::Moto;

/// Too many years keep a backup for ever. An unreadable value keeps it, too. Neither ends the run.
#[test]
fn a_retention_that_is_endless_or_unreadable_keeps_its_backup() {
    let shelf = callisto();
    let endless = ["9999", "19000", "65535", "99999"];
    let unreadable = [" 25", "25.0", "1e3", "-1", "0"];
    let keys = aged(&shelf, &(40..50).collect::<Vec<_>>());
    for (key, years) in keys[1..].iter().zip(endless.iter().chain(&unreadable)) {
        let tag = serde_json::json!({"name": "retention-years", "value": years});
        shelf.edit(key, |document| document["tags"].as_array_mut().unwrap().push(tag));
    }
    let done = prune(&shelf.trial, &["--keep-last", "1", "--apply"]).run();
    done.assert_code(0);
    for (at, key) in keys[1..10].iter().enumerate() {
        let expected =
            if at < endless.len() { "retained until 9999-12-30" } else { "its manifest cannot be read" };
        assert!(reason(&done, key).contains(expected), "{}", done.transcript());
    }
    assert!(done.visible().contains("its tag `retention-years` cannot be read"), "{}", done.transcript());
    assert_eq!(Moto::shared().keys_in(&shelf.bucket), objects(&keys[..10]));
}
