//! `prune` over many backups, and over many versions of one.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::{aged, callisto, days_before, objects, prune, records, told};
use crate::support::{Proxy, runtime};

const KEPT: &str = "900d";

/// Key for key, and with a bounded number of requests.
#[test]
fn a_plan_over_1100_backups_is_what_apply_does() {
    let shelf = callisto();
    let keys = aged(&shelf, &(1..1100).collect::<Vec<i64>>());
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let policy = ["--keep-within", KEPT];
    let run = |more: &[&str]| {
        let run = prune(&shelf.trial, &policy).args(more.iter().copied());
        run.input("s3-endpoint-url", proxy.endpoint()).deadline(Duration::from_secs(600)).run()
    };
    let plan = run(&[]);
    plan.assert_code(0);
    let asked = proxy.requests();
    let is_page =
        |query: &str| query.contains("list-type") || query.contains("versions") || query.contains("uploads");
    let pages = asked.iter().filter(|seen| is_page(&seen.query)).count();
    let planned = told(&plan);
    let gone: BTreeSet<&String> =
        planned.iter().filter(|(_, action)| *action == "REMOVE").map(|(second, _)| second).collect();
    assert_eq!((planned.len(), gone.len()), (1100, 199));
    let others = asked.len() - pages;
    println!("{pages} pages and {others} other requests for {} backups that would go", gone.len());
    // The newest three are looked at for the floor, and a few questions are about the bucket.
    assert!(others <= 2 * (gone.len() + 3) + 5, "{others} requests besides pages");

    let done = run(&["--apply"]);
    done.assert_code(0);
    assert_eq!(told(&done), planned);
    let left: Vec<String> = keys.into_iter().filter(|key| !gone.contains(&super::second(key))).collect();
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&left));
    assert_eq!(records(&shelf.trial)[1]["backups"].as_array().unwrap().len(), 199);
    let sent = proxy.requests().len() - asked.len();
    let more = proxy.requests()[asked.len()..].iter().filter(|seen| is_page(&seen.query)).count();
    println!("{more} pages and {} other requests to remove them", sent - more);
    assert!(sent - more <= others + 4 * gone.len() + 20, "{sent} requests, {more} pages");
}

/// Each version but the newest is left where it is.
#[test]
fn one_key_with_839_versions_is_hidden_once() {
    let shelf = callisto();
    let keys = aged(&shelf, &[8, 9, 40]);
    let bytes = shelf.get(&keys[3]);
    let put = |_| {
        let request = shelf.trial.store.client().put_object().bucket(&shelf.bucket).key(&keys[3]);
        let sent = request.body(bytes.clone().into()).send();
        async move { drop(sent.await.unwrap()) }
    };
    runtime().block_on(stream::iter(0..838).map(put).buffer_unordered(16).collect::<()>());
    let done = prune(&shelf.trial, &["--keep-last", "1", "--apply"]).run();
    done.assert_code(0);
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys[..3]));
    let ended = records(&shelf.trial).pop().unwrap();
    let hidden = &ended["backups"][0]["objects"][2];
    assert_eq!(hidden["key"], keys[3]);
    let request = shelf.trial.store.client().list_object_versions().bucket(&shelf.bucket).prefix(&keys[3]);
    let listed = runtime().block_on(request.send()).unwrap();
    let markers: Vec<_> = listed.delete_markers().iter().filter(|it| it.key() == Some(&keys[3])).collect();
    assert_eq!(markers.len(), 1);
    assert_eq!(hidden["delete_marker"].as_str(), markers[0].version_id());
    let undo = prune(&shelf.trial, &["--undo", &super::last_record(&shelf.trial), "--apply"]).run();
    undo.assert_code(0);
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys));
    assert!(days_before(&keys[0], 40) == super::second(&keys[3]));
}
