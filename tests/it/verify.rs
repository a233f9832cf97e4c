//! `verify`: what is whole is called so, and nothing else is. Each way in which a stored backup can be spoiled is played on
//! a real one. The rounds over many backups are in `verify/rounds`.

mod latest;
mod rounds;
mod sealed;
mod texts;

use age::x25519::Identity;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::shelf::{Shelf, at, checksum, manifest, second};
use crate::support::{Outcome, Proxy, Run, Seen, Sponsor, Trial, tools};

const OLD: &str = "20260101-000000";

fn callisto() -> Shelf {
    Shelf::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]), "callisto")
}

/// The one finding about a backup that was asked for.
#[track_caller]
fn finding(shelf: &Shelf, key: &str, outcome: &Outcome) -> String {
    outcome.assert_code(17);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&json!("failure"), &json!("proof")));
    assert_eq!(result["backup_location"], shelf.location(key));
    assert_eq!(result["backup_sha256"], Value::Null, "no hash is called proved");
    assert!(outcome.visible().contains("Do not restore this backup"), "{}", outcome.transcript());
    let message = result["message"].as_str().unwrap();
    let words = message.strip_prefix(&format!("{}: ", shelf.location(key)));
    words.unwrap_or_else(|| panic!("{message}")).to_owned()
}

/// What is found after the change.
#[track_caller]
fn spoiled(shelf: &Shelf, key: &str) -> String {
    finding(shelf, key, &shelf.run("verify").input("backup", second(key)).run())
}

#[track_caller]
fn assert_verified(shelf: &Shelf, key: &str, run: Run) {
    let outcome = run.run();
    outcome.assert_code(0);
    let (result, told) = (outcome.result("callisto"), shelf.manifest(key));
    assert_eq!((&result["outcome"], &result["message"]), (&json!("success"), &json!("1 backup verified")));
    assert_eq!(result["backup_location"], shelf.location(key));
    assert_eq!(result["backup_size"], told["stored"]["bytes"]);
    assert_eq!(result["backup_sha256"], told["stored"]["sha256"]);
    assert!(outcome.summary().contains("✅\u{a0}1\u{a0}backup\u{a0}verified"), "{}", outcome.summary());
    assert!(outcome.visible().contains(&format!(", {} rows", told["rows_total"])));
}

#[test]
fn a_whole_backup_of_any_kind_is_verified() {
    let identity = Identity::generate();
    let (public, private) = (identity.to_public().to_string(), identity.to_string());
    let (public, private) = (public.as_str(), private.expose_secret());
    let shelf = callisto();
    let gzip = shelf.backup(&[]);
    let zstd = shelf.copy(&shelf.backup(&[("compression", "zstd")]), OLD);
    let sealed = shelf.copy(&shelf.backup(&[("age-recipients", public)]), "20260102-000000");
    let at = |key: &str| shelf.run("verify").input("backup", second(key));

    assert_verified(&shelf, &gzip, at(&gzip));
    assert_verified(&shelf, &zstd, at(&zstd));
    assert_verified(&shelf, &zstd, shelf.run("verify").input("backup", shelf.location(&zstd)));
    assert_verified(&shelf, &sealed, at(&sealed).env("AGE_IDENTITY", private));
    let file =
        at(&sealed).file("keys.txt", format!("# mine\n{private}\n")).input("age-identity-file", "keys.txt");
    let outcome = file.run();
    outcome.assert_code(0);
    assert!(outcome.masks().contains(&private.to_owned()) && !outcome.visible().contains(private));
}

/// A decoder keeps its thread until the end, while S3's answers, files and names need others.
#[test]
fn verify_needs_no_more_threads_than_it_starts_with() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let folder = tools::open_folder("threads");
    let program = folder.path().join("sponsor-backup");
    std::fs::copy(tools::binary(), &program).unwrap();
    // The limit does not hold for root, and counts the user's other processes.
    let user = ["setpriv", "--reuid", "61235", "--regid", "61235", "--clear-groups", "prlimit"];
    let words =
        if tools::is_root() { user.to_vec() } else { [&["sudo", "--preserve-env"][..], &user].concat() };
    // The main thread, one worker per core, and four threads for work that blocks.
    let granted = 1 + std::thread::available_parallelism().unwrap().get() + 4;
    let run = shelf.run("verify").input("backup", second(&key));
    let open = run.workspace().parent().unwrap().to_owned();
    tools::run("chmod", ["-R".as_ref(), "a+rwX".as_ref(), open.as_os_str()]);
    let run = run.program(words[0]).args(&words[1..]).arg(format!("--nproc={granted}")).arg(program);
    assert_verified(&shelf, &key, run);
}

/// Another size, and no index that would contradict it.
fn has_bytes(manifest: &mut Value, bytes: usize) {
    manifest["stored"]["bytes"] = bytes.into();
    manifest.as_object_mut().unwrap().remove("pieces");
}

// serves: 11.10(a)/altered, REQ-p00012/integrity
#[test]
fn a_flipped_bit_and_a_cut_are_found() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let whole = shelf.get(&key);
    for at in [15, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        shelf.put(&key, bytes);
        let found = spoiled(&shelf, &key);
        assert!(found.contains("the gzip stream") || found.contains("its SHA-256 is"), "{found}");
    }
    // gzip does not check the time in its head: only the hash differs.
    let mut bytes = whole.clone();
    bytes[4] ^= 1;
    shelf.put(&key, bytes);
    assert!(spoiled(&shelf, &key).starts_with("its SHA-256 is "), "{}", spoiled(&shelf, &key));

    let length = whole.len();
    shelf.put(&key, &whole[..length / 2]);
    let found = spoiled(&shelf, &key);
    assert_eq!(found, format!("it has {} bytes, but its manifest has {length}", length / 2));
    shelf.edit(&key, |document| has_bytes(document, length / 2));
    assert_eq!(spoiled(&shelf, &key), "the gzip stream is cut off");
    shelf.edit(&key, |document| has_bytes(document, length));
    shelf.put(&key, whole);
    assert_verified(&shelf, &key, shelf.run("verify"));
}

#[test]
fn what_is_missing_is_named() {
    let shelf = callisto();
    let real = shelf.backup(&[]);
    for (part, words) in [
        (checksum(&at(&real, OLD)), "its checksum file does not exist"),
        (manifest(&at(&real, OLD)), "its manifest does not exist"),
        (at(&real, OLD), "its dump is missing"),
    ] {
        let key = shelf.copy(&real, OLD);
        shelf.remove(&part);
        assert_eq!(spoiled(&shelf, &key), words);
        let by_place = shelf.run("verify").input("backup", shelf.location(&key)).run();
        assert_eq!(finding(&shelf, &key, &by_place), words);
    }
}

#[test]
fn what_was_never_there_does_not_count_as_a_finding() {
    let shelf = callisto();
    let real = shelf.backup(&[]);
    let failed = |backup: &str| {
        let outcome = shelf.run("verify").input("backup", backup).run();
        outcome.assert_code(14);
        outcome.result("callisto")["message"].as_str().unwrap().to_owned()
    };
    let place = shelf.location("backups/");
    assert_eq!(failed(OLD), format!("{place} holds no backup of {OLD}"));
    let nowhere = shelf.location(&at(&real, OLD));
    assert_eq!(failed(&nowhere), format!("{nowhere} does not exist"));
    let elsewhere = format!("s3://somewhere-else/{real}");
    let other = "it is in another store: set SPONSOR_BACKUPS_BUCKET to that one";
    assert_eq!(failed(&elsewhere), format!("{place} holds no backup at {elsewhere} ({other})"));
    for part in [real.clone(), checksum(&real), manifest(&real)] {
        shelf.remove(&part);
    }
    assert_eq!(failed("latest"), format!("{place} holds no backup"));
    let all = shelf.run("verify").input("all", "true").run();
    all.assert_code(14);
    assert_eq!(all.result("callisto")["message"], format!("{place} holds no backup"));
}

// serves: 11.10(a)/altered
/// Whatever is changed with them, the text shows it.
#[test]
fn exchanged_dumps_are_found() {
    let shelf = callisto();
    let first = shelf.copy(&shelf.backup(&[]), OLD);
    shelf.trial.database("callisto").psql_as_owner("CREATE TABLE more AS SELECT generate_series(1, 7)");
    let other = shelf.copy(&shelf.backup(&[]), "20260102-000000");
    let (one, two) = (shelf.get(&first), shelf.get(&other));
    shelf.put(&first, two.clone());
    shelf.put(&other, one);
    let found = spoiled(&shelf, &first);
    assert!(found.starts_with(&format!("it has {} bytes, but its manifest has", two.len())), "{found}");
    // If even the size is the promised one, only the bytes read show it.
    shelf.edit(&first, |document| has_bytes(document, two.len()));
    let found = spoiled(&shelf, &first);
    for part in [
        "its SHA-256 is",
        "its decompressed text does not match",
        "its tables differ from its manifest: ",
        "its statements differ from",
    ] {
        assert!(found.contains(part), "{part} is not in {found}");
    }
}

#[test]
fn a_manifest_that_is_wrong_is_found() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let bytes = shelf.get(&manifest(&key));
    let found = |change: &dyn Fn(&mut Value)| {
        shelf.edit(&key, change);
        let found = spoiled(&shelf, &key);
        shelf.put(&manifest(&key), bytes.clone());
        found
    };
    let no_hash = "0".repeat(64);
    assert_eq!(
        found(&|document| document["sponsor"] = "titan".into()),
        "its manifest belongs to another backup: sponsor titan, expected callisto"
    );
    assert_eq!(
        found(&|document| document["environment"] = "staging".into()),
        "its manifest belongs to another backup: environment staging, expected production"
    );
    assert_eq!(
        found(&|document| document["stored"]["sha256"] = no_hash.clone().into()),
        "its checksum file and its manifest disagree"
    );
    assert_eq!(
        found(&|document| document["dump"]["sha256"] = no_hash.clone().into()),
        "its decompressed text does not match its manifest"
    );
    let digest = shelf.manifest(&key)["tables"][0]["digest"].as_str().unwrap().to_owned();
    let other: String = digest.chars().rev().collect();
    let name = shelf.manifest(&key)["tables"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(
        found(&|document| document["tables"][0]["digest"] = other.clone().into()),
        format!("its tables differ from its manifest: public.{name}")
    );
    assert_eq!(
        found(&|document| document["statements"] = 1.into()),
        "its statements differ from its manifest"
    );
    assert_eq!(
        found(&|document| document["encoding"]["age_recipients"] = json!(["age1x"])),
        "its key and its manifest disagree on whether it is encrypted"
    );
    let found = found(&|document| *document = json!({"format_version": 1}));
    assert!(found.starts_with("its manifest is not a backup manifest: "), "{found}");
}

#[test]
fn a_checksum_file_that_is_wrong_is_found() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let line = String::from_utf8(shelf.get(&checksum(&key))).unwrap();
    shelf.put(&checksum(&key), line.replacen(&line[..1], if line.starts_with('0') { "1" } else { "0" }, 1));
    assert_eq!(spoiled(&shelf, &key), "its checksum file and its manifest disagree");
    shelf.put(&checksum(&key), "nothing\n");
    assert_eq!(spoiled(&shelf, &key), "its checksum file is not a SHA-256, two spaces and a file name");
}

#[test]
fn an_s3_that_refuses_does_not_count_as_a_finding() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let is_dump = move |seen: &Seen| seen.method == "GET" && seen.path.ends_with(&key);
    proxy.spoil(9, crate::support::Action::Status(403, denied.to_owned()), is_dump);
    let outcome = shelf.run("verify").input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(14);
    assert!(outcome.visible().contains("Grant s3:GetObject on the objects"), "{}", outcome.transcript());
}

#[test]
fn a_location_needs_one_sponsor_and_a_disabled_one_is_skipped() {
    let trial = Trial::of(["callisto", "titan"].map(|name| Sponsor::named(name).flag(None).empty()));
    let proxy = Proxy::before(trial.store.endpoint());
    let run = || trial.run().input("command", "verify").input("s3-endpoint-url", proxy.endpoint());
    let outcome = run().input("backup", "s3://b/k").run();
    outcome.assert_code(2);
    assert!(outcome.visible().contains("`backup` names a backup of one sponsor, but several are selected"));
    let outcome = run().run();
    outcome.assert_code(0);
    assert_eq!(outcome.output("outcome"), "disabled");
    assert!(proxy.requests().is_empty());
}
