//! `copy`: from a folder to a bucket and back, between folders, with and without new recipients. What it refuses leaves
//! nothing at the target.

use std::path::{Path, PathBuf};

use age::x25519::Identity;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::shelf::{checksum, manifest};
use crate::support::{Outcome, REGION, Run, Sponsor, Trial, schemas, tools};

/// A sponsor whose places are folders, and a backup there.
struct Folders {
    trial: Trial,
    folder: TempDir,
    key: String,
}

fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn made(path: PathBuf) -> PathBuf {
    std::fs::create_dir_all(&path).unwrap();
    path
}

impl Folders {
    fn new(inputs: &[(&str, &str)]) -> Self {
        let folder = tools::open_folder("copy");
        let own = |kind: &str| url(&made(folder.path().join("callisto").join(kind)));
        let sponsor = Sponsor::named("callisto").diary(3, 30);
        let sponsor = sponsor.secret("SPONSOR_BACKUPS_BUCKET", Some(&own("backups")));
        let sponsor = sponsor.secret("SPONSOR_AUDIT_LOGS_BUCKET", Some(&own("audit-logs")));
        let trial = Trial::of([sponsor, Sponsor::named("titan").empty()]);
        let mut folders = Self { trial, folder, key: String::new() };
        let run = folders.run("backup", &[]).input("outputs", "true");
        let outcome = inputs.iter().fold(run, |run, (name, value)| run.input(name, *value)).run();
        outcome.assert_code(0);
        let location = outcome.stdout.lines().find_map(|line| line.strip_prefix("backup_location="));
        let own = format!("{}/", url(&folders.own()));
        folders.key = location.and_then(|location| location.strip_prefix(&own)).unwrap().to_owned();
        folders
    }

    fn own(&self) -> PathBuf {
        self.folder.path().join("callisto/backups")
    }

    /// A command on a terminal, without an endpoint.
    fn run(&self, command: &str, more: &[&str]) -> Run {
        let run = self.trial.wire(Run::terminal()).unset("INPUT_S3-ENDPOINT-URL");
        let run = run.unset("INPUT_S3-FORCE-PATH-STYLE").arg(command).input("sponsors", "callisto");
        run.args(more.iter().map(ToString::to_string))
    }

    /// With the trial's S3.
    fn with_s3(&self, run: Run) -> Run {
        run.input("s3-endpoint-url", self.trial.store.endpoint()).input("s3-force-path-style", "true")
    }

    fn to_bucket(&self, bucket: &str) -> Run {
        self.with_s3(self.run("copy", &["--to", &format!("s3://{bucket}")]))
    }

    fn to_folder(&self, name: &str) -> (PathBuf, Run) {
        let path = made(self.folder.path().join(name));
        let run = self.run("copy", &["--to", &url(&path)]);
        (path, run)
    }

    fn bucket(&self) -> String {
        let name = format!("second-copy-{}", tools::unique());
        self.trial.store.bucket(&name);
        name
    }

    fn read(&self, key: &str) -> Vec<u8> {
        std::fs::read(self.own().join(key)).unwrap()
    }

    /// The sponsor's only record of a copy in its store.
    fn record(&self) -> Value {
        let found = files(&self.folder.path().join("callisto/audit-logs/copies"));
        assert_eq!(found.len(), 1, "{found:?}");
        let record = serde_json::from_slice(&std::fs::read(&found[0]).unwrap()).unwrap();
        schemas::check_copy("the record", &record);
        record
    }
}

/// Every file below a folder, hidden ones too.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    all.sort();
    all
}

#[track_caller]
fn assert_refused(outcome: &Outcome, code: i32, words: &str) {
    outcome.assert_code(code);
    assert!(outcome.visible().contains(words), "{}", outcome.transcript());
}

// serves: 11.10(e)/recorded, REQ-o00008/disaster-drills
/// A backup in a folder becomes the same backup in a bucket, which the sponsor can then be pointed at.
#[test]
fn a_folder_is_copied_to_a_bucket_and_drills_there() {
    let folders = Folders::new(&[]);
    let (bucket, key, store) = (folders.bucket(), &folders.key, &folders.trial.store);
    // A later version may write more than this one knows.
    let beside = folders.own().join(manifest(key));
    let mut told: Value = serde_json::from_slice(&std::fs::read(&beside).unwrap()).unwrap();
    told["of_a_later_version"] = json!({"kept": [1, 2]});
    std::fs::write(&beside, told.to_string()).unwrap();

    let planned = folders.to_bucket(&bucket).arg("--dry-run").run();
    planned.assert_code(0);
    assert_eq!(store.keys_in(&bucket), [""; 0]);
    let outcome = folders.to_bucket(&bucket).input("outputs", "true").run();
    outcome.assert_code(0);
    assert!(outcome.stdout.contains(&format!("backup_location=s3://{bucket}/{key}")), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("state=complete"), "{}", outcome.stdout);
    assert_eq!(store.keys_in(&bucket), [key.clone(), manifest(key), checksum(key)]);
    assert_eq!(store.get(&bucket, key), folders.read(key));
    assert_eq!(store.get(&bucket, &checksum(key)), folders.read(&checksum(key)));
    let mut copy: Value = serde_json::from_slice(&store.get(&bucket, &manifest(key))).unwrap();
    let from = copy.as_object_mut().unwrap().remove("copied_from").unwrap();
    assert_eq!(from["location"], format!("{}/{key}", url(&folders.own())));
    assert_eq!(copy, told);
    let tags = store.tags(&bucket, key);
    assert_eq!((tags["sponsor"].as_str(), tags["object-lock"].as_str()), ("callisto", "none"));
    assert!(store.head(&bucket, key).metadata().unwrap().contains_key("timestamp"));
    let record = folders.record();
    assert_eq!((&record["outcome"], &record["proof"]), (&json!("success"), &json!("contents")));

    let again = folders.to_bucket(&bucket).run();
    assert_refused(&again, 0, "copied already");
    assert_refused(&again, 0, "1 of 1 copied (1 already there)");
    // A location in a store that the secrets do not name.
    let there = format!("s3://{bucket}/{key}");
    let verified = folders.run("verify", &["--backup", &there]).run();
    assert!(
        verified.visible().contains("set SPONSOR_BACKUPS_BUCKET to that one"),
        "{}",
        verified.transcript()
    );
    folders.trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(&bucket));
    folders.with_s3(folders.run("drill", &[])).run().assert_code(0);
}

// serves: 11.10(b)/electronic, REQ-o00008/disaster-drills
#[test]
fn a_bucket_is_copied_to_a_folder_and_restores_from_there() {
    let trial = Trial::of([Sponsor::named("callisto").diary(3, 30)]);
    let taken = trial.run().run();
    taken.assert_code(0);
    let folder = tools::open_folder("copy");
    let target = made(folder.path().join("second"));
    let run = trial.wire(Run::terminal()).args(["copy", "--to", &url(&target)]).run();
    run.assert_code(0);
    let bucket = trial.bucket("callisto").to_owned();
    let key = trial.store.keys_in(&bucket)[0].clone();
    assert_eq!(std::fs::read(target.join(&key)).unwrap(), trial.store.get(&bucket, &key));
    assert_eq!(files(&target).len(), 3);
    let records = trial.store.keys_in(trial.log_bucket("callisto"));
    let record = records.iter().find(|key| key.starts_with("copies/")).unwrap();
    schemas::check_object(record, &trial.store.get_json(trial.log_bucket("callisto"), record));
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(&url(&target)));
    let location = format!("{}/{key}", url(&target));
    let drill = trial.wire(Run::terminal()).args(["drill", "--backup", &location]).run();
    drill.assert_code(0);
}

/// The way to rotate recipients: new ones for the copy, proven by the text's own hash.
#[test]
fn new_recipients_open_the_copy_and_old_ones_do_not() {
    let [old, new] = [Identity::generate(), Identity::generate()];
    let public = [&old, &new].map(|identity| identity.to_public().to_string());
    let folders = Folders::new(&[("age-recipients", &public[0])]);
    let (key, secret) = (&folders.key, |identity: &Identity| identity.to_string().expose_secret().to_owned());

    // As it is, it needs no identity, and the bytes alone are compared.
    let (plain, run) = folders.to_folder("plain");
    assert_refused(&run.run(), 0, "not decrypted without an age identity");
    assert_eq!(std::fs::read(plain.join(key)).unwrap(), folders.read(key));

    let (target, run) = folders.to_folder("rotated");
    assert_refused(&run.arg("--age-recipients").arg(&public[1]).run(), 14, "no age identity was given");
    assert!(files(&target).is_empty(), "{:?}", files(&target));
    let (_, run) = folders.to_folder("rotated");
    let run = run.arg("--age-recipients").arg(&public[1]).env("AGE_IDENTITY", secret(&old));
    run.run().assert_code(0);
    assert_ne!(std::fs::read(target.join(key)).unwrap(), folders.read(key));
    let told: Value = serde_json::from_slice(&std::fs::read(target.join(manifest(key))).unwrap()).unwrap();
    schemas::check_manifest("the copy", &told);
    assert_eq!(told["encoding"]["age_recipients"], json!([public[1]]));
    assert_eq!(told["copied_from"]["age_recipients"], json!([public[0]]));

    // Bytes that no given identity opens are not shown to be this copy.
    let again = |identities: String| {
        let run = folders.to_folder("rotated").1.arg("--age-recipients").arg(&public[1]);
        run.env("AGE_IDENTITY", identities).run()
    };
    assert_refused(&again(secret(&old)), 14, "is not shown to be a whole copy");
    assert_refused(&again(format!("{}\n{}", secret(&old), secret(&new))), 0, "copied already");

    // Neither is a copy whose manifest was changed.
    let changed = plain.join(manifest(key));
    let mut told: Value = serde_json::from_slice(&std::fs::read(&changed).unwrap()).unwrap();
    told["version"] = json!("another");
    std::fs::write(&changed, told.to_string()).unwrap();
    assert_refused(&folders.to_folder("plain").1.run(), 14, "is not shown to be a whole copy");

    folders.trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(&url(&target)));
    let verify = |identity| folders.run("verify", &[]).env("AGE_IDENTITY", secret(identity)).run();
    verify(&new).assert_code(0);
    assert_refused(&verify(&old), 14, "none of the given age identities");
}

#[test]
fn a_plain_backup_gets_age_in_its_key_when_it_is_encrypted() {
    let folders = Folders::new(&[]);
    let identity = Identity::generate();
    let (target, run) = folders.to_folder("sealed");
    let run = run.arg("--age-recipients").arg(identity.to_public().to_string());
    run.env("AGE_IDENTITY", identity.to_string().expose_secret()).run().assert_code(0);
    assert!(target.join(format!("{}.age", folders.key)).exists(), "{:?}", files(&target));
    assert_eq!(folders.record()["proof"], "contents");
}

#[test]
fn a_damaged_source_leaves_nothing_at_the_target() {
    let identity = Identity::generate();
    let folders = Folders::new(&[]);
    let mut bytes = folders.read(&folders.key);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(folders.own().join(&folders.key), bytes).unwrap();
    let (target, run) = folders.to_folder("second");
    assert_refused(&run.run(), 17, "its SHA-256 is");
    assert!(files(&target).is_empty(), "{:?}", files(&target));
    let (_, run) = folders.to_folder("second");
    let outcome = run.arg("--age-recipients").arg(identity.to_public().to_string()).run();
    outcome.assert_code(17);
    assert!(files(&target).is_empty(), "{:?}", files(&target));
    let bucket = folders.bucket();
    folders.to_bucket(&bucket).run().assert_code(17);
    assert_eq!(folders.trial.store.keys_in(&bucket), [""; 0]);
}

#[test]
fn a_place_of_ones_own_or_of_another_sponsor_is_refused() {
    let folders = Folders::new(&[]);
    let to = |location: &str| folders.run("copy", &["--to", location]).run();
    let own = url(&folders.own());
    assert_refused(&to(&own), 2, "callisto's own objects");
    assert_refused(&to(&url(&made(folders.own().join("inside")))), 2, "callisto's own objects");
    assert_refused(&to(&url(&made(folders.folder.path().join("titan/backups")))), 12, "sponsor titan");
    let titans = folders.trial.bucket("titan").to_owned();
    assert_refused(&folders.to_bucket(&titans).run(), 12, "titan");
    // By its secrets, whatever its name is.
    let place = made(folders.folder.path().join("elsewhere"));
    folders.trial.secret("titan", "SPONSOR_BACKUPS_BUCKET", Some(&url(&place)));
    assert_refused(&to(&url(&place)), 12, "titan");
    // By what it holds.
    let bucket = folders.bucket();
    let (key, store) = (&folders.key, &folders.trial.store);
    let mut told: Value = serde_json::from_slice(&folders.read(&manifest(key))).unwrap();
    told["sponsor"] = "rhea".into();
    store.put(&bucket, key, folders.read(key));
    store.put(&bucket, &checksum(key), folders.read(&checksum(key)));
    store.put(&bucket, &manifest(key), told.to_string());
    assert_refused(&folders.to_bucket(&bucket).run(), 12, "sponsor rhea");
    assert!(!place.join("backups").exists());
}

#[test]
fn what_cannot_be_copied_says_why() {
    let folders = Folders::new(&[]);
    let to = |location: &str| folders.run("copy", &["--to", location]).run();
    assert_refused(&to("s3://bucket/prefix"), 2, "names no store");
    assert_refused(&to("/srv/backups"), 2, "names no store");
    let missing = url(&folders.folder.path().join("missing"));
    assert_refused(&to(&missing), 14, "missing");
    let both = folders.run("copy", &["--to", &missing]).input("sponsors", "callisto,titan").run();
    assert_refused(&both, 2, "takes one sponsor");
    // A part of something is there.
    let (target, run) = folders.to_folder("taken");
    let there = target.join(&folders.key);
    made(there.parent().unwrap().to_owned());
    std::fs::write(&there, "another").unwrap();
    assert_refused(&run.run(), 14, "exists already, and is not shown");
    assert_eq!(std::fs::read(&there).unwrap(), b"another");
    let locked = folders.to_folder("unlocked").1.args(["--object-lock", "governance"]).run();
    assert_refused(&locked, 2, "which has no Object Lock");
    // The region is the secrets', or else the environment's.
    let bucket = folders.bucket();
    folders.trial.secret("callisto", "SPONSOR_AWS_REGION", None);
    assert_refused(&folders.to_bucket(&bucket).run(), 12, "SPONSOR_AWS_REGION");
    folders.to_bucket(&bucket).env("AWS_REGION", REGION).run().assert_code(0);
}
