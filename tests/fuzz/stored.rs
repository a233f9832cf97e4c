//! What is read back out of a bucket: manifests, checksum files, keys. Others may write there, too.

use sponsor_backup::archive::backup_manifest::{BackupManifest, Excerpt};
use sponsor_backup::archive::catalogue::{self, BackupKey};
use sponsor_backup::archive::checksum;
use sponsor_backup::sponsors::Environment;
use sponsor_backup::store::ListedObject;

use crate::dice::Dice;
use crate::engine::{Outcome, Target};

const KEY: &str = "backups/2026/01/01/backup-prod-20260101-000000.sql.gz";
const HASH: &str = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";

const MANIFEST: &str = r#"{"format_version":1,"sponsor":"callisto","sponsor_code":"CAL","environment":"production",
"key":"backups/2026/01/01/backup-prod-20260101-000000.sql.gz","timestamp":"2026-01-01T00:00:00.25Z",
"started_at":"2026-01-01T00:00:01Z","finished_at":"2026-01-01T00:00:02Z","dump":{"bytes":5000000000,"sha256":"aa"},
"stored":{"bytes":7,"sha256":"aa","crc64nvme":"rosUhgp5mIg="},"encoding":{"codec":"zstd","level":3,"members":1,
"age_recipients":["age1x"]},"tables":[{"schema":"public","name":"visits","rows":3,"digest":"bb"}],"rows_total":3,"statements":9,
"statements_digest":"bb","restore":{"client_major":15,"server_major":15,"restricted":true,"encoding":"UTF8","extensions":["citext"],
"roles":["app"]},"partial":{"schemas":["a"],"exclude_schemas":[],"exclude_table_data":[]},"includes_privileges":true,
"tool":{"name":"sponsor-backup","version":"0.1.0"},"pg_dump_version":"15.4","server_version":"15.4","git_sha":null,"version":"1.2.3",
"github_run_id":null,"github_run_attempt":null}"#;

#[rustfmt::skip]
const TOKENS: &[&[u8]] = &[
    b"{", b"}", b"[", b"]", b":", b",", b"\"", b"null", b"true", b"-1", b"1.5", b"18446744073709551615", b"\"format_version\":2,",
    b"\"format_version\":1,", b"\"rows_total\":4,", b"\"tables\":[],", b"\"statements\":null,", b"\"weather\":{\"rain\":true},", b"\"restore\":null,",
    b"\"2026-02-30T00:00:00Z\"", b"\"9999-12-31T23:59:59.999999999Z\"", b"\"-000001-01-01T00:00:00+25:59\"", b"\\u0000", b"\\ud83d", b"\n::error::x",
];

#[test]
fn manifests_of_backups() {
    let partial = r#""partial":{"schemas":["a"],"exclude_schemas":[],"exclude_table_data":[]},"#;
    let others = [(partial, ""), (r#""format_version":1"#, r#""format_version":2"#)];
    let mut seeds: Vec<Vec<u8>> = others.map(|(from, to)| MANIFEST.replace(from, to).into_bytes()).to_vec();
    seeds.push(MANIFEST.into());
    Target { name: "description", seeds, tokens: TOKENS, longest: 8000 }.run(|input, _| manifest(input));
}

/// What is taken is written and read again as the same, and the two readers of the document agree.
fn manifest(bytes: &[u8]) -> Outcome {
    let excerpt = Excerpt::parse("s3://b/k", bytes);
    let whole = match BackupManifest::parse("s3://b/k", bytes) {
        Ok(whole) => whole,
        Err(error) => {
            let told = error.to_string();
            if told.chars().count() > 600 {
                return Err(format!("an error of {} characters", told.chars().count()));
            }
            return Ok(told.chars().filter(char::is_ascii_alphabetic).take(80).collect());
        }
    };
    if whole.format_version > 1 {
        return Err("a later form was taken for ours".to_owned());
    }
    let written = whole.to_bytes();
    let again = BackupManifest::parse("s3://b/k", &written)
        .map_err(|error| format!("what was written is refused: {error}"))?;
    if again.to_bytes() != written {
        return Err("what was written is read as something else".to_owned());
    }
    let Ok(excerpt) = excerpt else { return Ok("no excerpt".to_owned()) };
    let rows = whole.contents.as_ref().map(|contents| contents.rows_total);
    let same = excerpt.sponsor == whole.sponsor
        && excerpt.environment == whole.environment
        && excerpt.key == whole.key
        && (excerpt.stored.bytes, &excerpt.stored.sha256) == (whole.stored.bytes, &whole.stored.sha256)
        && excerpt.rows_total == rows;
    if !same {
        return Err(format!("the excerpt is another one: {excerpt:?} {rows:?}"));
    }
    Ok(format!("taken {} {} {}", whole.contents.is_some(), whole.restore.is_some(), whole.partial.is_some()))
}

#[test]
fn checksum_files() {
    let seeds = [
        format!("{HASH}  backup-prod-20260101-000000.sql.gz\n"),
        format!("{HASH} *x\n"),
        HASH.to_uppercase(),
    ];
    let tokens: &[&[u8]] = &[
        HASH.as_bytes(),
        b"  ",
        b"\n",
        b"\r\n",
        b"backup-prod-20260101-000000.sql.gz",
        b"/",
        b"\\",
        b"\xef\xbb\xbf",
    ];
    let target =
        Target { name: "checksum", seeds: seeds.map(String::into_bytes).to_vec(), tokens, longest: 500 };
    target.run(|input, _| checksum_file(input));
}

/// The one line that names this very file, or an error.
fn checksum_file(bytes: &[u8]) -> Outcome {
    let Ok(hash) = checksum::parse("s3://b/k.sha256", KEY, bytes) else { return Ok("refused".to_owned()) };
    let line = checksum::line(&hash, KEY);
    let typed = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    if typed.trim_end_matches('\n') != line.trim_end_matches('\n') || hash.len() != 64 {
        return Err(format!("{typed:?} is taken for {line:?}"));
    }
    Ok("taken".to_owned())
}

#[test]
fn keys_of_backups() {
    let keys = [
        KEY.to_owned(),
        KEY.replace("backups/", "staging/backups/").replace("prod", "staging"),
        format!("{KEY}.sha256"),
    ];
    let tokens: &[&[u8]] = &[
        b"backups/",
        b"staging/",
        b"development/",
        b"prod",
        b"dev",
        b".sql",
        b".gz",
        b".zst",
        b".age",
        b".sha256",
        b".manifest.json",
        b"2026",
        b"/",
        b"..",
        b"-000000",
        b"-235960",
        b"0229",
        b"\xc3\xa9",
        b"+",
        b" ",
    ];
    let target = Target { name: "key", seeds: keys.map(String::into_bytes).to_vec(), tokens, longest: 300 };
    target.run(|input, dice| key(&String::from_utf8_lossy(input), dice));
}

/// A key belongs to one environment at most, and a listing that holds it three times over holds one backup.
fn key(text: &str, dice: &mut Dice) -> Outcome {
    let owners: Vec<_> =
        Environment::ALL.into_iter().filter(|one| BackupKey::parse(*one, text).is_some()).collect();
    if owners.len() > 1 {
        return Err(format!("it belongs to {owners:?}"));
    }
    for environment in Environment::ALL {
        let mut names = vec![text.to_owned(), checksum_of(text), format!("{text}.manifest.json")];
        names.swap(0, dice.below(3));
        let listed =
            names.into_iter().map(|key| ListedObject { key, bytes: 1, storage_class: None, modified: None });
        let found = catalogue::catalogue(environment, listed.collect());
        let is_its_own = owners.contains(&environment);
        if found.backups.len() != usize::from(is_its_own) {
            return Err(format!("{environment:?} has {found:?}"));
        }
        if is_its_own && !text.starts_with(&catalogue::prefix(environment)) {
            return Err("it does not stand in its folder".to_owned());
        }
    }
    Ok(format!("{owners:?} {}", text.len() / 16))
}

fn checksum_of(key: &str) -> String {
    format!("{key}.sha256")
}
