//! `list` over many backups, and over long manifests.

use std::time::Duration;

use serde_json::Value;

use super::super::shelf::{Shelf, at, checksum, manifest, timestamp};
use super::{array, callisto, on_a_terminal};
use crate::support::{Action, Proxy, Run, Seen, Sponsor, StrictS3, Trial};

const PAUSE: Duration = Duration::from_millis(500);

/// 701 backups, three pages of keys.
#[test]
fn many_backups_are_listed_newest_first() {
    let shelf = callisto();
    let mut expected = vec![shelf.backup(&[])];
    let seconds = (0..700).rev().map(|number| format!("202601{:02}-{:06}", number / 60 + 1, number % 60));
    expected.extend(shelf.many(&expected[0], seconds));
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let outcome = on_a_terminal(&shelf.trial)
        .input("s3-endpoint-url", proxy.endpoint())
        .arg("--json")
        .arg("--all")
        .run();
    outcome.assert_code(0);
    let rows = array(&outcome);
    let told: Vec<&str> = rows.iter().map(|row| row["location"].as_str().unwrap()).collect();
    assert_eq!(told, expected.iter().map(|key| shelf.location(key)).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row["problem"].is_null() && row["sha256"] == rows[0]["sha256"]));
    let requests = proxy.requests();
    let of = |parameter: &str| requests.iter().filter(|seen| seen.has(parameter)).count();
    // Three pages of keys and one of drills. Moto shows neither locks nor holds, so it is asked once whether it would.
    let pages = [of("uploads"), of("list-type"), of("versions"), of("legal-hold"), of("object-lock")];
    assert_eq!(pages, [1, 4, 3, 1, 1]);
    assert_eq!(requests.len(), pages.iter().sum::<usize>() + 3 * 701, "three requests a backup");

    // What is not shown is not read.
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let few = on_a_terminal(&shelf.trial).input("s3-endpoint-url", proxy.endpoint()).run();
    few.assert_code(0);
    let title = few.stdout.lines().next().unwrap();
    assert!(title.starts_with("callisto: 50 backups, the newest of 701, "), "{title}");
    assert_eq!(few.stdout.lines().count(), 52);
    assert_eq!(proxy.requests().len(), pages.iter().sum::<usize>() + 3 * 50);
    let three = on_a_terminal(&shelf.trial).arg("--json").arg("--limit=3").run();
    let three = array(&three);
    assert_eq!(three.len(), 3);
    let since = format!("--since={}", three[1]["timestamp"].as_str().unwrap());
    let two = on_a_terminal(&shelf.trial).arg("--json").arg(&since).run();
    let places = |rows: &[Value]| rows.iter().map(|row| row["location"].clone()).collect::<Vec<_>>();
    assert_eq!(places(&array(&two)), places(&three[..2]));
    let none = on_a_terminal(&shelf.trial).arg("--since=2999-01-01").run();
    assert!(none.stdout.starts_with("callisto: 0 backups, 701 older, "), "{}", none.transcript());
    on_a_terminal(&shelf.trial).arg(&since).arg("--max-backup-age=8h").run().assert_code(2);
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

/// Three files for each of ten thousand backups, all of them shown.
#[test]
fn ten_thousand_backups_take_little_memory() {
    let trial = Trial::of([Sponsor::named("callisto").in_folders()]);
    let backup = trial.run().run();
    backup.assert_code(0);
    let place = trial.backups("callisto");
    let old = place.key(&backup.output("backup_location"));
    let taken = place.get_json(&manifest(&old))["timestamp"].as_str().unwrap().to_owned();
    let [dump, line, described] = [old.clone(), checksum(&old), manifest(&old)].map(|key| place.get(&key));
    let [line, described] = [line, described].map(|bytes| String::from_utf8(bytes).unwrap());
    for number in 0..9_999 {
        let (day, hour, minute) = (number / 1440, number / 60 % 24, number % 60);
        let second = format!("202501{:02}-{hour:02}{minute:02}00", day + 1);
        let new = at(&old, &second);
        let described = described.replace(&old, &new).replace(&taken, &timestamp(&second));
        place.put(&new, &dump);
        place.put(&checksum(&new), line.replace(file_name(&old), file_name(&new)).as_bytes());
        place.put(&manifest(&new), described.as_bytes());
    }
    let listed = |words: &[&str]| {
        let run = words.iter().fold(trial.wire(Run::terminal()).arg("list"), |run, word| run.arg(word)).run();
        run.assert_code(0);
        run
    };
    let all = listed(&["--json", "--all"]);
    let rows = array(&all);
    assert_eq!(rows.len(), 10_000);
    assert!(rows.iter().all(|row| row["status"] == "complete"), "{:?}", rows[1]);
    let few = listed(&[]);
    println!(
        "{} backups: {} MiB for all, {} MiB for fifty",
        rows.len(),
        all.peak_memory >> 20,
        few.peak_memory >> 20
    );
    for outcome in [all, few] {
        assert!(
            outcome.peak_memory > 0 && outcome.peak_memory < 100 << 20,
            "{} MiB",
            outcome.peak_memory >> 20
        );
    }
}

fn file_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap()
}
