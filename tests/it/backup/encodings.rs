//! The other encodings, and names and passwords that need care: what comes back is what was there.

use std::io::Read as _;

use super::{dump_key, restored_from};
use crate::support::{Cluster, Database, Outcome, Run, Sponsor, Trial};

fn run(trial: &Trial, with: impl Fn(Run) -> Run, suffix: &str) -> (Outcome, Vec<u8>, serde_json::Value) {
    let outcome = with(trial.run()).run();
    outcome.assert_code(0);
    let key = dump_key(trial, "callisto");
    assert!(key.ends_with(suffix), "{key}");
    let bucket = trial.bucket("callisto");
    let stored = trial.store.get(bucket, &key);
    let manifest = trial.store.get_json(bucket, &format!("{key}.manifest.json"));
    assert_eq!(manifest["stored"]["bytes"], stored.len());
    (outcome, stored, manifest)
}

fn gunzipped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

#[test]
fn zstd_restores_the_same_rows() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let with = |run: Run| run.input("compression", "zstd").input("compression-level", "7");
    let (_, stored, manifest) = run(&trial, with, ".sql.zst");
    assert_eq!((&manifest["encoding"]["codec"], &manifest["encoding"]["level"]), (&"zstd".into(), &7.into()));
    let plain = zstd::stream::decode_all(stored.as_slice()).unwrap();
    assert_eq!(restored_from(&plain).content_digest(), trial.database("callisto").content_digest());
}

// serves: 11.30/encrypted
#[test]
fn an_encrypted_backup_opens_with_the_identity_and_only_with_it() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let with = |run: Run| run.input("age-recipients", format!("# operations\n{public}\n"));
    let (_, stored, manifest) = run(&trial, with, ".sql.gz.age");
    assert_eq!(manifest["encoding"]["age_recipients"], serde_json::json!([public]));
    assert!(!stored.windows(2).take(2).any(|magic| magic == [0x1f, 0x8b]));
    let stranger = age::x25519::Identity::generate();
    assert!(age::decrypt(&stranger, &stored).is_err());
    let opened = age::decrypt(&identity, &stored).unwrap();
    let copy = restored_from(&gunzipped(&opened));
    assert_eq!(copy.content_digest(), trial.database("callisto").content_digest());
}

#[test]
fn special_characters_in_password_and_database_name_work() {
    let trial = Trial::of([Sponsor::named("callisto").password("p@ss/w:rd%?#&").empty()]);
    let owner = trial.database("callisto");
    let name = format!("café /?#&% {}", owner.name);
    Cluster::shared().psql("postgres", &format!("CREATE DATABASE \"{name}\" OWNER \"{}\"", owner.user));
    let odd = Database { name, ..owner.clone() };
    odd.load_diary(4, 30);
    odd.psql_as_owner("CREATE TABLE \"Größe €\" (\"näme\" text); INSERT INTO \"Größe €\" VALUES ('日本語 🩸'), (E'a\\nb\\tc\\\\')");
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let url = owner.url();
    let url = format!("{}/{}", url.rsplit_once('/').unwrap().0, encode(&odd.name));
    trial.secret("callisto", "DATABASE_URL", Some(&url));
    let (_, stored, _) = run(&trial, |run| run, ".sql.gz");
    let copy = restored_from(&gunzipped(&stored));
    assert_eq!(copy.content_digest(), odd.content_digest());
    assert_eq!(copy.row_counts()["public.Größe €"], 2);
}

// serves: 11.10(b)/complete
#[test]
fn a_partial_backup_says_so() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let with = |run: Run| run.input("exclude-table-data", "public.diary_*");
    let (_, stored, manifest) = run(&trial, with, ".sql.gz");
    assert_eq!(manifest["partial"]["exclude_table_data"], serde_json::json!(["public.diary_*"]));
    let rows = restored_from(&gunzipped(&stored)).row_counts();
    assert_eq!((rows["public.diary_events"], rows["public.patients"]), (0, 20));
}

#[test]
fn ownership_and_grants_are_dumped_only_on_demand() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    let (_, stored, manifest) = run(&trial, |run| run.input("include-privileges", "true"), ".sql.gz");
    assert_eq!(manifest["includes_privileges"], true);
    let text = String::from_utf8(gunzipped(&stored)).unwrap();
    assert!(text.contains(&format!("OWNER TO {}", trial.database("callisto").user)));
}
