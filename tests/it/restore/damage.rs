//! What is stored is not what was stored: nothing of it ever reaches the target. Not so much as a connection is made
//! where it shows while the backup is read for the first time, and nothing is committed where it shows the second time.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    all_of, at_another_time, confirmed, dump_key, empty, fetches, message, restore, spoil_the_second,
    with_a_backup,
};
use crate::support::{Action, Database, Outcome, Proxy, Run, Sponsor, Trial, tools};

/// The three objects of a trial's one backup.
struct Backup<'a> {
    trial: &'a Trial,
    key: String,
}

impl<'a> Backup<'a> {
    fn of(trial: &'a Trial) -> Self {
        Self { trial, key: dump_key(trial, "callisto") }
    }

    fn get(&self, suffix: &str) -> Vec<u8> {
        self.trial.store.get(self.trial.bucket("callisto"), &format!("{}{suffix}", self.key))
    }

    fn put(&self, suffix: &str, bytes: impl Into<Vec<u8>>) {
        self.trial.store.put(self.trial.bucket("callisto"), &format!("{}{suffix}", self.key), bytes);
    }

    fn remove(&self, suffix: &str) {
        let request = self.trial.store.client().delete_object().bucket(self.trial.bucket("callisto"));
        crate::support::runtime().block_on(request.key(format!("{}{suffix}", self.key)).send()).unwrap();
    }

    fn manifest(&self, change: impl FnOnce(&mut Value)) {
        let mut manifest: Value = serde_json::from_slice(&self.get(".manifest.json")).unwrap();
        change(&mut manifest);
        self.put(".manifest.json", manifest.to_string());
    }

    /// Another dump in its place, with a checksum file and a manifest that fit.
    fn replace(&self, dump: &[u8]) {
        let stored = gzipped(dump);
        let hash = |bytes: &[u8]| -> String {
            Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let name = self.key.rsplit('/').next().unwrap();
        self.put(".sha256", format!("{}  {name}\n", hash(&stored)));
        self.manifest(|manifest| {
            manifest.as_object_mut().unwrap().remove("pieces");
            for (part, bytes) in [("stored", stored.as_slice()), ("dump", dump)] {
                manifest[part]["bytes"] = bytes.len().into();
                manifest[part]["sha256"] = hash(bytes).into();
            }
        });
        self.put("", stored);
    }

    fn location(&self) -> String {
        format!("s3://{}/{}", self.trial.bucket("callisto"), self.key)
    }

    /// A restore of this very backup, whatever else there is.
    fn restored_into(&self, target: &Database) -> Run {
        restore(self.trial, target).input("backup", self.location())
    }
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzipped(bytes: &[u8]) -> String {
    let mut plain = String::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_string(&mut plain).unwrap();
    plain
}

/// Refused before the target was asked anything.
#[track_caller]
fn assert_untouched(run: Run, target: &Database, code: i32, told: &str) {
    let outcome = run.run();
    outcome.assert_code(code);
    assert!(message(&outcome).contains(told), "{}", message(&outcome));
    assert_eq!(target.content_digest(), "", "{told}");
}

type Spoil = fn(&Backup<'_>);

// serves: 11.10(a)/altered, REQ-p00012/integrity
#[test]
fn an_altered_backup_never_reaches_the_target() {
    let spoiled: [(i32, &str, Spoil); 11] = [
        (17, "the gzip stream was altered", |backup| {
            let mut bytes = backup.get("");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            backup.put("", bytes);
        }),
        (17, "bytes, but its manifest has", |backup| {
            let bytes = backup.get("");
            backup.put("", &bytes[..bytes.len() - 9]);
        }),
        (17, "bytes, but its manifest has", |backup| backup.put("", Vec::new())),
        // Another one of the same text: only its hash differs.
        (17, "its SHA-256 is", |backup| {
            let mut bytes = backup.get("");
            bytes[4] ^= 1;
            backup.put("", bytes);
        }),
        (17, "and its manifest disagree", |backup| {
            let line = String::from_utf8(backup.get(".sha256")).unwrap();
            backup.put(".sha256", format!("{}{}", "0".repeat(64), &line[64..]));
        }),
        (17, "its tables differ from its manifest: public.patients", |backup| {
            backup.manifest(|manifest| {
                let tables = manifest["tables"].as_array_mut().unwrap();
                let table = tables.iter_mut().find(|table| table["name"] == "patients").unwrap();
                table["digest"] = "0".repeat(32).into();
            });
        }),
        (17, "the pieces in its manifest do not cover it", |backup| {
            backup.manifest(|manifest| manifest["pieces"][1]["rows"] = 19.into());
        }),
        (17, "its manifest belongs to another backup: sponsor titan, expected callisto", |backup| {
            backup.manifest(|manifest| manifest["sponsor"] = "titan".into());
        }),
        (14, "is not a JSON document", |backup| backup.put(".manifest.json", "{")),
        (14, ".manifest.json does not exist", |backup| backup.remove(".manifest.json")),
        (14, ".sha256 does not exist", |backup| backup.remove(".sha256")),
    ];
    for (code, told, spoil) in spoiled {
        let trial = with_a_backup();
        let target = empty();
        let backup = Backup::of(&trial);
        let run = backup.restored_into(&target);
        spoil(&backup);
        assert_untouched(run, &target, code, told);
    }
}

#[test]
fn a_backup_without_its_companions_is_none() {
    for (suffix, told) in
        [(".manifest.json", "its manifest is missing"), (".sha256", "its checksum file is missing")]
    {
        let trial = with_a_backup();
        let target = empty();
        Backup::of(&trial).remove(suffix);
        assert_untouched(restore(&trial, &target), &target, 17, told);
    }
}

#[test]
fn a_dump_of_another_time_in_its_place_is_not_restored() {
    let trial = with_a_backup();
    let target = empty();
    let backup = Backup::of(&trial);
    let (dump, line, manifest) = (backup.get(""), backup.get(".sha256"), backup.get(".manifest.json"));
    let other = Backup { trial: &trial, key: at_another_time(&backup.key) };
    other.put("", dump);
    other.put(".sha256", line);
    other.put(".manifest.json", manifest);
    assert_untouched(other.restored_into(&target), &target, 14, "is not the checksum of ");
    let line = String::from_utf8(backup.get(".sha256")).unwrap();
    let [this, that] = [&backup.key, &other.key].map(|key| key.rsplit('/').next().unwrap());
    other.put(".sha256", line.replace(this, that));
    assert_untouched(
        other.restored_into(&target),
        &target,
        17,
        "its manifest belongs to another backup: key ",
    );
}

/// Its hashes fit: the attacker wrote those, too.
#[test]
fn a_dump_that_would_command_this_machine_is_not_restored() {
    for command in ["\\! touch pwned", "\\copy patients to program 'touch pwned'", "\\o pwned", "\\i pwned"] {
        let trial = with_a_backup();
        let target = empty();
        let backup = Backup::of(&trial);
        let dump = gunzipped(&backup.get(""));
        let at = dump.find("CREATE TABLE").unwrap();
        backup.replace(format!("{}{command}\n{}", &dump[..at], &dump[at..]).as_bytes());
        let run = backup.restored_into(&target);
        let file = run.workspace().join("pwned");
        assert_untouched(run, &target, 17, "the dump contains psql commands that pg_dump never writes");
        assert!(!file.exists());
    }
}

#[test]
fn a_dump_that_ends_early_is_not_restored() {
    let trial = with_a_backup();
    let target = empty();
    let backup = Backup::of(&trial);
    let dump = gunzipped(&backup.get(""));
    backup.replace(&dump.as_bytes()[..dump.find("-- PostgreSQL database dump complete").unwrap()]);
    assert_untouched(backup.restored_into(&target), &target, 17, "the dump is cut off");
}

/// What is loaded and then turns out to be another dump is taken back, in a target that holds something too.
#[test]
fn bytes_that_change_between_the_two_readings_are_not_committed() {
    let trial = with_a_backup();
    let backup = Backup::of(&trial);
    let stored = backup.get("");
    let mut same_text = stored.clone();
    same_text[4] ^= 1;
    let text = gunzipped(&stored);
    let other_text =
        gzipped(text.replacen("CREATE TABLE", "CREATE TABLE public.pwned (); CREATE TABLE", 1).as_bytes());
    for (body, code, told) in [
        (same_text, 17, "its bytes changed after they were verified"),
        (other_text, 14, "was replaced while it was read"),
        (stored[..stored.len() - 9].to_vec(), 14, "was replaced while it was read"),
    ] {
        let target = empty();
        target.psql_as_owner("CREATE TABLE mine (id int); INSERT INTO mine VALUES (1)");
        let before = all_of(&target);
        let proxy = Proxy::before(trial.store.endpoint());
        spoil_the_second(&proxy, Action::ReplaceBody(body));
        let run = backup.restored_into(&target).input("replace", "true").input("confirm", confirmed(&target));
        let outcome = run.input("s3-endpoint-url", proxy.endpoint()).run();
        outcome.assert_code(code);
        assert!(message(&outcome).contains(told), "{}", message(&outcome));
        assert_eq!(fetches(&proxy), 2);
        assert_eq!(all_of(&target), before);
    }
}

/// The last bytes of a stream show whether it was whole, when all statements but the last were sent.
#[test]
fn damage_that_shows_at_the_very_end_takes_all_of_it_back() {
    let trial = with_a_backup();
    let backup = Backup::of(&trial);
    let mut body = backup.get("");
    let last = body.len() - 6;
    body[last] ^= 1;
    let target = empty();
    let before = all_of(&target);
    let proxy = Proxy::before(trial.store.endpoint());
    spoil_the_second(&proxy, Action::ReplaceBody(body));
    let outcome = backup.restored_into(&target).input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(14);
    assert!(message(&outcome).contains("is damaged"), "{}", message(&outcome));
    assert!(outcome.stdout.contains(&format!("nothing in {} was changed", super::place(&target))));
    assert_eq!(all_of(&target), before);
}

/// Another program writes an object under the same key.
#[test]
fn an_object_replaced_between_two_readings_is_not_restored() {
    let trial = with_a_backup();
    let backup = Backup::of(&trial);
    let role = empty();
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    let target = Database { name: format!("{}_new", role.name), ..role.clone() };
    let proxy = Proxy::before(trial.store.endpoint());
    spoil_the_second(&proxy, Action::Delay(Duration::from_secs(5)));
    let running = backup.restored_into(&target).input("s3-endpoint-url", proxy.endpoint()).start();
    tools::wait_for("the second reading", Duration::from_secs(30), || (fetches(&proxy) == 2).then_some(()));
    let text = gunzipped(&backup.get(""));
    backup.put("", gzipped(text.as_bytes()));
    let outcome: Outcome = running.wait();
    outcome.assert_code(14);
    assert!(message(&outcome).contains("was replaced while it was read"), "{}", message(&outcome));
    let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", target.name);
    assert_eq!(role.psql(&sql), "0");
}

/// The manifest of a sponsor is in another sponsor's bucket.
#[test]
fn another_sponsors_backup_is_not_restored() {
    let trial = Trial::of([Sponsor::named("callisto"), Sponsor::named("titan")]);
    trial.run().input("sponsors", "titan").run().assert_code(0);
    let target = empty();
    let key = dump_key(&trial, "titan");
    for suffix in ["", ".sha256", ".manifest.json"] {
        let key = format!("{key}{suffix}");
        let bytes = trial.store.get(trial.bucket("titan"), &key);
        trial.store.put(trial.bucket("callisto"), &key, bytes);
    }
    let run = restore(&trial, &target).input("sponsors", "callisto");
    assert_untouched(
        run,
        &target,
        17,
        "its manifest belongs to another backup: sponsor titan, expected callisto",
    );
}
