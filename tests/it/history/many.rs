//! `history` over very many backups and records.

use std::time::Duration;

use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::super::shelf::{Shelf, at};
use super::{document, events, on_a_terminal};
use crate::support::{Proxy, Sponsor, StrictS3, Trial};

const MIB: u64 = 1 << 20;

/// Backups with a record each, a minute apart and a thousand on each day.
struct Years {
    shelf: Shelf,
    proxy: Proxy,
}

/// What one run printed, and the requests that it took.
struct Seen {
    document: Value,
    pages: usize,
    others: usize,
    peak_memory: u64,
}

fn second(number: usize) -> String {
    let (day, minute) = (number / 1_000 + 1, number % 1_000);
    format!("202601{day:02}-{:02}{:02}00", minute / 60, minute % 60)
}

impl Years {
    fn of(strict: &StrictS3, many: usize) -> Self {
        let trial = Trial::plan([Sponsor::named("callisto").diary(1, 1)]).store(strict).start();
        let shelf = Shelf::of(trial, "callisto");
        let key = shelf.backup(&[]);
        let logs = shelf.trial.log_bucket("callisto").to_owned();
        let record = shelf.trial.store.get_json(&logs, &shelf.trial.store.keys_in(&logs)[0]);
        let (backups, copies) = shelf.many_copies(&key, (0..many).map(second));
        strict.fill(&shelf.bucket, copies);
        let document = |(number, backup): (usize, &String)| {
            let time = DateTime::strptime("%Y%m%d-%H%M%S", second(number)).unwrap();
            let mut record = record.clone();
            record["deployment_timestamp"] = json!(format!("{time}Z"));
            record["backup_location"] = json!(shelf.location(backup));
            let key = at(&key, &second(number)).replace("backups/", "deployments/");
            let key = key.replace("backup-", "deployment-").replace(".sql.gz", ".json");
            (key, record.to_string().into_bytes())
        };
        strict.fill(&logs, backups.iter().enumerate().map(document));
        Self { shelf, proxy: Proxy::before(strict.endpoint()) }
    }

    fn run(&self, arguments: &[&str]) -> Seen {
        let run = on_a_terminal(&self.shelf.trial, arguments).input("s3-endpoint-url", self.proxy.endpoint());
        let before = self.proxy.requests().len();
        let outcome = run.arg("--json").deadline(Duration::from_secs(600)).run();
        outcome.assert_code(0);
        let seen = self.proxy.requests().split_off(before);
        let pages = seen.iter().filter(|seen| seen.has("list-type") || seen.has("uploads")).count();
        println!("{arguments:?}: {pages} pages, {} requests, {} MiB", seen.len(), outcome.peak_memory / MIB);
        let (others, peak_memory) = (seen.len() - pages, outcome.peak_memory);
        Seen { document: document(&outcome), pages, others, peak_memory }
    }
}

#[test]
fn fifty_of_ten_thousand_take_few_requests_and_little_memory() {
    let strict = StrictS3::start();
    let seen = Years::of(&strict, 10_000).run(&[]);
    assert_eq!((events(&seen.document).len(), &seen.document["more"]), (50, &json!(true)));
    // 30,003 objects and 10,001 records, the other kinds of records, and the uploads.
    assert_eq!(seen.pages, 31 + 11 + 6 + 1);
    assert_eq!(seen.others, 50, "one for each row");
    assert!(seen.peak_memory > 0 && seen.peak_memory < 100 * MIB);
}

#[test]
fn a_limit_reads_no_more_records_than_it_shows() {
    let strict = StrictS3::start();
    let seen = Years::of(&strict, 200).run(&["--limit", "3", "--until", "20260101-010000"]);
    assert_eq!(seen.document["events"][0]["timestamp"], "2026-01-01T01:00:00Z");
    // A key can be later than its event, so one record after the limit is read, too.
    assert_eq!((events(&seen.document).len(), seen.others), (3, 4));
}
