//! `list` over many backups, and over long manifests.

use std::time::Duration;

use super::super::shelf::{Shelf, manifest};
use super::{array, callisto, on_a_terminal};
use crate::support::{Action, Proxy, Seen, Sponsor, StrictS3, Trial};

const PAUSE: Duration = Duration::from_millis(500);

/// 701 backups, three pages of keys.
#[test]
fn many_backups_are_listed_newest_first() {
    let shelf = callisto();
    let mut expected = vec![shelf.backup(&[])];
    let seconds = (0..700).rev().map(|number| format!("202601{:02}-{:06}", number / 60 + 1, number % 60));
    expected.extend(shelf.many(&expected[0], seconds));
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let outcome = on_a_terminal(&shelf.trial).input("s3-endpoint-url", proxy.endpoint()).arg("--json").run();
    outcome.assert_code(0);
    let rows = array(&outcome);
    let told: Vec<&str> = rows.iter().map(|row| row["location"].as_str().unwrap()).collect();
    assert_eq!(told, expected.iter().map(|key| shelf.location(key)).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row["problem"].is_null() && row["sha256"] == rows[0]["sha256"]));
    let pages = proxy.requests().iter().filter(|seen| seen.has("list-type")).count();
    assert_eq!(
        (pages, proxy.requests().len()),
        (3, 1 + 3 + 3 * 701),
        "three requests a backup, and one for uploads"
    );
}

/// Databases of very many tables have long manifests, of which a list shows two lines.
#[test]
fn memory_does_not_grow_with_the_manifests() {
    let strict = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").diary(3, 30)]).store(&strict).start();
    let shelf = Shelf::of(trial, "callisto");
    let key = shelf.backup(&[]);
    shelf.edit(&key, |document| {
        let table = document["tables"][0].clone();
        document["tables"] = vec![table; 80_000].into();
    });
    let bytes = shelf.get(&manifest(&key)).len() as u64;
    shelf.many(&key, (1..20).map(|day| format!("202601{day:02}-000000")));
    let proxy = Proxy::before(strict.endpoint());
    let is_manifest = |seen: &Seen| seen.path.ends_with(".manifest.json");
    proxy.spoil(20, Action::Delay(PAUSE), is_manifest);
    let run = on_a_terminal(&shelf.trial).input("s3-endpoint-url", proxy.endpoint());
    let outcome = run.arg("--json").run();
    outcome.assert_code(0);
    let rows = array(&outcome);
    assert_eq!(rows.len(), 20);
    // None of the first was answered yet.
    let asked: Vec<_> = proxy.requests().into_iter().filter(is_manifest).map(|seen| seen.at).collect();
    let together = asked.iter().filter(|at| at.duration_since(asked[0]) < PAUSE).count();
    assert!((1..=4).contains(&together), "{together} manifests of {bytes} bytes at once");
    assert!(rows.iter().all(|row| row["problem"].is_null()), "{rows:#?}");
    let (all, peak) = (20 * bytes, outcome.peak_memory);
    println!("manifests of {} MiB in all, peak memory {} MiB", all >> 20, peak >> 20);
    assert!(peak > 0 && peak < 14 * bytes, "{} MiB", peak >> 20);
}
