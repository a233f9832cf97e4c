//! What `verify` prints on a terminal, as it was reviewed.

use age::x25519::Identity;
use serde_json::json;

use super::super::shelf::{Shelf, at, checksum, manifest, second};
use super::{OLD, callisto};
use crate::support::{Outcome, Run, Sponsor, Trial, reviewed};

fn terminal(shelf: &Shelf, arguments: &[&str]) -> Outcome {
    let run = shelf.trial.wire(Run::terminal()).arg("verify");
    arguments.iter().fold(run, |run, argument| run.arg(*argument)).run()
}

/// What a reader is shown; the outputs are looked at elsewhere.
fn shown(shelf: &Shelf, arguments: &[&str]) -> String {
    let outcome = terminal(shelf, arguments);
    let code = outcome.code.unwrap_or_default();
    let text = format!("$ verify {}\n{}exit code {code}\n", arguments.join(" "), outcome.stderr);
    text.replace(&shelf.bucket, "callisto-bucket")
}

#[test]
fn verify_of_one_backup_reads_as_reviewed() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let mut texts = vec![shown(&shelf, &[]), shown(&shelf, &["--dry-run"])];
    let whole = shelf.get(&key);
    shelf.put(&key, &whole[..whole.len() / 2]);
    texts.push(shown(&shelf, &[]));
    shelf.edit(&key, |document| super::has_bytes(document, whole.len() / 2));
    texts.push(shown(&shelf, &[]));
    shelf.remove(&manifest(&key));
    texts.push(shown(&shelf, &["--backup", &second(&key)]));
    shelf.remove(&checksum(&key));
    shelf.remove(&key);
    texts.push(shown(&shelf, &[]));
    texts.push(shown(&shelf, &["--backup", OLD]));
    texts.push(shown(&shelf, &["--backup", &shelf.location(&at(&key, OLD))]));
    let bytes = [whole.len(), whole.len() / 2].map(|bytes| bytes.to_string());
    reviewed("verify-one", &texts.join("\n").replace(&bytes[0], "[whole]").replace(&bytes[1], "[half]"));
}

#[test]
fn verify_of_all_backups_reads_as_reviewed() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    let copies = ["20260104-000000", "20260103-000000", "20260102-000000", OLD];
    let [bad, bare, half, foreign] = copies.map(|second| shelf.copy(&good, second));
    let mut bytes = shelf.get(&bad);
    bytes[4] ^= 1;
    shelf.put(&bad, bytes);
    shelf.remove(&checksum(&bare));
    shelf.remove(&half);
    shelf.edit(&foreign, |document| document["sponsor"] = json!("titan"));
    reviewed("verify-all", &[shown(&shelf, &["--all"]), shown(&shelf, &["--all", "--dry-run"])].join("\n"));
}

#[test]
fn verify_of_sealed_and_frozen_backups_reads_as_reviewed() {
    let shelf = callisto();
    let public = Identity::generate().to_public().to_string();
    let sealed = shelf.backup(&[("age-recipients", &public)]);
    let sealed = shown(&shelf, &["--backup", &second(&sealed)]).replace(&public, "age1recipient");
    let frozen = callisto();
    frozen.backup(&[("storage-class", "GLACIER")]);
    let texts = [
        sealed,
        shown(&frozen, &[]),
        shown(&frozen, &["--all"]),
        shown(&frozen, &["--all", "--skip-frozen"]),
        shown(&frozen, &["--all", "--thaw"]),
    ];
    reviewed("verify-closed", &texts.join("\n"));
}

#[test]
fn verify_without_a_backup_to_read_reads_as_reviewed() {
    let trial = Trial::of([Sponsor::named("callisto").flag(Some("no")).empty()]);
    reviewed("verify-disabled", &trial.wire(Run::terminal()).arg("verify").run().assert_code(0).stderr);
}
