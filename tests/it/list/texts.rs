//! What `list` says of each backup and of a place without one, as it was reviewed.

use serde_json::json;

use super::super::shelf::{at, checksum, manifest};
use super::{callisto, on_a_terminal, rows};
use serde_json::Value;

use crate::support::{Run, Sponsor, Trial, reviewed};

#[test]
fn problems_of_a_list_read_as_reviewed() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    let copy = |second: &str| shelf.copy(&good, second);
    let line = String::from_utf8(shelf.get(&checksum(&good))).unwrap();
    shelf.put(&checksum(&copy("20260109-000000")), "");
    shelf.put(&checksum(&copy("20260108-000000")), line.replacen(&line[..64], &"0".repeat(64), 1));
    shelf.put(&manifest(&copy("20260107-000000")), "{}");
    shelf.edit(&copy("20260106-000000"), |document| document["sponsor"] = json!("titan"));
    shelf.edit(&copy("20260105-000000"), |document| document["stored"]["bytes"] = 1.into());
    shelf.edit(&copy("20260104-000000"), |document| document["format_version"] = 99.into());
    shelf.remove(&checksum(&copy("20260103-000000")));
    shelf.remove(&manifest(&copy("20260102-000000")));
    shelf.remove(&copy("20260101-000000"));
    let bare = copy("20251231-000000");
    shelf.remove(&manifest(&bare));
    shelf.remove(&checksum(&bare));
    let client = shelf.trial.store.client();
    let open = at(&good, "20251230-000000");
    let upload = client.create_multipart_upload().bucket(&shelf.bucket).key(open).send();
    crate::support::runtime().block_on(upload).unwrap();
    let rows = rows(&shelf.trial);
    let told = rows.iter().map(|row| {
        let problem = row["problem"].as_str().unwrap_or("–").replace(&shelf.bucket, "callisto-bucket");
        format!("{}: {problem}\n", row["status"].as_str().unwrap())
    });
    let bytes = shelf.get(&good).len().to_string();
    reviewed("list-problems", &told.collect::<String>().replace(&bytes, "[whole]"));
}

#[test]
fn a_list_without_backups_reads_as_reviewed() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = on_a_terminal(&trial).run();
    let shown = outcome.assert_code(0).stdout.trim_end_matches('\n');
    assert_eq!(outcome.stdout, format!("{shown}\n"), "no empty line");
    let text = format!("{shown}\n{}", outcome.stderr).replace(trial.bucket("callisto"), "callisto-bucket");
    reviewed("list-empty", &text);
}

#[test]
fn a_list_of_a_disabled_sponsor_reads_as_reviewed() {
    let trial = Trial::of([Sponsor::named("callisto").flag(None).empty()]);
    reviewed("list-disabled", &trial.wire(Run::terminal()).arg("list").run().assert_code(0).stderr);
}

#[test]
fn another_environment_that_holds_backups_is_named() {
    let shelf = callisto();
    let real = shelf.backup(&[]);
    let in_staging = |key: &str| format!("staging/{}", key.replace("backup-prod-", "backup-staging-"));
    for part in [real.clone(), checksum(&real), manifest(&real)] {
        shelf.put(&in_staging(&part), shelf.get(&part));
        shelf.remove(&part);
    }
    let mut its_manifest: Value = serde_json::from_slice(&shelf.get(&in_staging(&manifest(&real)))).unwrap();
    its_manifest["environment"] = "staging".into();
    its_manifest["key"] = in_staging(&real).into();
    shelf.put(&in_staging(&manifest(&real)), its_manifest.to_string());
    let listed = on_a_terminal(&shelf.trial).run();
    let told = "callisto: staging holds 1 backup; check `environment`";
    assert!(listed.assert_code(0).stderr.contains(told), "{}", listed.transcript());
    let verified = shelf.run("verify").run();
    let message = verified.assert_code(14).result("callisto")["message"].to_string();
    assert!(message.contains("holds no backup (staging holds 1 backup)"), "{message}");
    // Another sponsor's backups are not named: then the bucket is the wrong one, not the environment.
    its_manifest["sponsor"] = "titan".into();
    shelf.put(&in_staging(&manifest(&real)), its_manifest.to_string());
    let verified = shelf.run("verify").run();
    let message = verified.assert_code(14).result("callisto")["message"].to_string();
    assert!(!message.contains("staging holds"), "{message}");
}
