use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::layout::key::{Object, checksum_key, manifest_key};
use crate::secrets::StoreName;
use crate::sponsors::{Environment, Sponsor};
use crate::store::{Endpoint, Store, StoreAccess, Surroundings};
use crate::verification::backup_diff::tests::{backup, table};
use crate::verification::share::Share;

/// A folder with backups of one day, an hour apart from one another.
struct Shelf {
    folder: TempDir,
    sponsor: Sponsor,
    taken: u32,
}

impl Shelf {
    fn new() -> Self {
        let sponsor = Sponsor {
            name: "callisto".to_owned(),
            code: "CAL".to_owned(),
            region: None,
            partners: ["titan".to_owned()].into(),
        };
        Self { folder: tempfile::tempdir().unwrap(), sponsor, taken: 0 }
    }

    fn at(hour: u32) -> jiff::Timestamp {
        let begin: jiff::Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        begin + jiff::SignedDuration::from_hours(hour.into())
    }

    /// Takes one with as many rows in one table.
    fn take(&mut self, rows: u64, edit: impl FnOnce(&mut Value)) -> String {
        let at = Self::at(self.taken);
        self.taken += 1;
        let key = Object::Backup { suffix: ".sql.gz" }.key(Environment::Production, at);
        let manifest = backup(&[table("visits", rows, "v")], &[], |document| {
            document["key"] = key.clone().into();
            document["timestamp"] = at.to_string().into();
            edit(document);
        });
        self.put(&key, b"dump");
        self.put(&checksum_key(&key), b"sum");
        self.put(&manifest_key(&key), &manifest.to_bytes());
        self.store().location(&key)
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.folder.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn store(&self) -> Store {
        let endpoint =
            Endpoint { url: None, force_path_style: false, expected_bucket_owner: None, checksums: true };
        let surroundings = Surroundings::default();
        let access = StoreAccess { endpoint: &endpoint, caller: None, surroundings: &surroundings };
        let path: &Path = self.folder.path();
        Store::open(&StoreName::folder(path).unwrap(), access).unwrap()
    }

    async fn find(&self, partial: Option<&Partial>, limits: DiffLimits) -> PreviousSearch {
        let (store, whose) = (self.store(), (&self.sponsor, Environment::Production));
        let wanted = SearchFor::Baseline { partial, limits };
        PreviousSearch::find(&store, whose, Self::at(self.taken), wanted).await.unwrap()
    }

    /// What a new backup of everything with these rows comes to: what it is compared with, and its findings.
    async fn compare(&self, rows: u64, limits: DiffLimits) -> (Option<String>, Vec<String>) {
        let found = self.find(None, limits).await;
        let after = backup(&[table("visits", rows, "v")], &[], |_| {});
        let compared = found.compare(&after, &limits);
        let with = compared.changes.map(|changes| changes.compared_with);
        assert_eq!(with.is_none(), found.baseline().is_none());
        (with, compared.findings)
    }
}

const NONE: DiffLimits =
    DiffLimits { max_row_drop: None, max_table_drop: None, expect_schema_unchanged: false };

fn fifth() -> DiffLimits {
    DiffLimits { max_row_drop: Share::parse("20%"), ..NONE }
}

fn each() -> [DiffLimits; 3] {
    [
        fifth(),
        DiffLimits { max_table_drop: Some(9), ..NONE },
        DiffLimits { expect_schema_unchanged: true, ..NONE },
    ]
}

fn excluding(patterns: &[&str]) -> Partial {
    let exclude_table_data = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    Partial { schemas: Vec::new(), exclude_schemas: Vec::new(), exclude_table_data }
}

fn partial(patterns: &[&str]) -> impl FnOnce(&mut Value) {
    let partial = json!({"schemas": [], "exclude_schemas": [], "exclude_table_data": patterns});
    move |document| document["partial"] = partial
}

fn without_contents(document: &mut Value) {
    let contents = ["tables", "rows_total", "statements", "statements_digest", "objects"];
    document.as_object_mut().unwrap().retain(|name, _| !contents.contains(&&**name));
}

fn exceeded(document: &mut Value) {
    document["exceeded_limits"] = json!(["10 rows, but the previous backup held 5,000"]);
}

/// Whatever is limited, nothing passes.
async fn assert_not_compared(shelf: &Shelf, part: Option<&Partial>, reason: &str) {
    for limits in each() {
        let found = shelf.find(part, limits).await;
        let finding = found.unchecked(&limits).unwrap();
        assert!(
            finding.starts_with("the limits cannot be checked: ") && finding.contains(reason),
            "{finding}"
        );
        let after = backup(&[], &[], |_| {});
        assert_eq!(found.compare(&after, &limits).findings, [finding]);
    }
    let found = shelf.find(part, NONE).await;
    assert_eq!(found.unchecked(&NONE), None);
}

#[tokio::test]
async fn only_the_first_backup_of_all_passes_without_a_comparison() {
    let mut shelf = Shelf::new();
    for limits in each() {
        assert_eq!(shelf.compare(0, limits).await, (None, Vec::new()));
        assert_eq!(shelf.find(None, limits).await.not_compared(), None);
    }
    // One of a sponsor that shares the store is not this sponsor's.
    shelf.take(5, |document| document["sponsor"] = "titan".into());
    assert_eq!(shelf.compare(0, fifth()).await, (None, Vec::new()));
    let location = shelf.take(5_000, |_| {});
    let (with, findings) = shelf.compare(10, fifth()).await;
    assert_eq!((with, findings.len()), (Some(location), 1));
}

#[tokio::test]
async fn a_backup_without_contents_is_not_within_a_limit() {
    let mut shelf = Shelf::new();
    let unknown = shelf.take(5_000, without_contents);
    assert_not_compared(&shelf, None, &format!("{unknown} does not record its rows")).await;
    let warning = shelf.find(None, NONE).await.warning().unwrap();
    assert!(warning.starts_with("rows were not compared with the backup before: "), "{warning}");
    let known = shelf.take(5_000, |_| {});
    let newer = shelf.take(1, without_contents);
    let (with, findings) = shelf.compare(10, fifth()).await;
    assert_eq!((with.as_ref(), findings.len()), (Some(&known), 1));
    let warning = shelf.find(None, fifth()).await.warning();
    assert_eq!(warning, Some(format!("compared with {known}, since {newer} does not record its rows")));
}

#[tokio::test]
async fn newer_backups_of_a_part_do_not_hide_the_whole_one() {
    let mut shelf = Shelf::new();
    let whole = shelf.take(5_001, |_| {});
    for _ in 0..21 {
        shelf.take(1, partial(&["a"]));
    }
    let (with, findings) = shelf.compare(0, fifth()).await;
    assert_eq!((with, findings.len()), (Some(whole), 1));
    for _ in 0..200 {
        shelf.take(1, partial(&["a"]));
    }
    assert_not_compared(&shelf, None, "only the newest 200 backups were read").await;
}

#[tokio::test]
async fn nothing_is_concluded_from_the_newest_backups_of_others() {
    let mut shelf = Shelf::new();
    shelf.take(5_000, |_| {});
    for _ in 0..200 {
        shelf.take(1, |document| document["sponsor"] = "titan".into());
    }
    assert_not_compared(&shelf, None, "none of the newest 200 backups is of this sponsor").await;
}

#[tokio::test]
async fn another_scope_is_not_within_a_limit_but_another_order_is() {
    let mut shelf = Shelf::new();
    shelf.take(5_000, partial(&["a", "b"]));
    assert!(shelf.find(Some(&excluding(&["b", "a"])), fifth()).await.baseline().is_some());
    let other = excluding(&["a"]);
    assert_not_compared(&shelf, Some(&other), "the other backups are of other parts of the database").await;
    let found = shelf.find(Some(&other), NONE).await;
    assert_eq!(found.warning(), None);
    assert_eq!(found.not_compared().unwrap(), "the other backups are of other parts of the database");
}

#[tokio::test]
async fn the_same_run_again_passes_only_after_one_without_limits() {
    let mut shelf = Shelf::new();
    let good = shelf.take(5_000, |_| {});
    let failed = shelf.take(10, exceeded);
    let (with, findings) = shelf.compare(10, fifth()).await;
    assert_eq!(with.as_ref(), Some(&good));
    assert!(findings[0].contains("the last backup within its limits held 5,000"), "{findings:?}");
    let warning = shelf.find(None, fifth()).await.warning();
    assert_eq!(warning, Some(format!("compared with {good}, since {failed} exceeded a limit")));
    assert_eq!(shelf.compare(10, NONE).await, (Some(failed), Vec::new()));
    let accepted = shelf.take(10, |_| {});
    assert_eq!(shelf.compare(10, fifth()).await, (Some(accepted), Vec::new()));
}

/// Not even if there was nothing to compare the first run with.
#[tokio::test]
async fn a_backup_that_could_not_be_compared_is_no_measure() {
    let mut shelf = Shelf::new();
    shelf.take(10, exceeded);
    assert_not_compared(&shelf, None, "exceeded a limit").await;
}

/// Whose the newest one is needs no other manifest.
#[tokio::test]
async fn the_newest_backup_is_found_whatever_it_holds() {
    let mut shelf = Shelf::new();
    shelf.take(5_000, |_| {});
    let newest = shelf.take(1, partial(&["a"]));
    let (store, whose) = (shelf.store(), (&shelf.sponsor, Environment::Production));
    let now = Shelf::at(shelf.taken);
    let found = PreviousSearch::find(&store, whose, now, SearchFor::Newest).await.unwrap();
    assert!(matches!(found, PreviousSearch::Backup { location, .. } if location == newest));
}

#[tokio::test]
async fn a_backup_of_the_future_comes_last() {
    let mut shelf = Shelf::new();
    let good = shelf.take(5_000, |_| {});
    shelf.taken = 48;
    shelf.take(1, |_| {});
    shelf.taken = 5;
    assert_eq!(shelf.compare(5_000, fifth()).await, (Some(good), Vec::new()));
}
