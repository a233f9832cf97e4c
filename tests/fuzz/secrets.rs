//! Secrets files and age keys, as people write them.

use sponsor_backup::archive::{Identities, Recipients};
use sponsor_backup::secrets::file::SecretsFile;
use sponsor_backup::secrets::variables::EnvCredentials;

use crate::engine::{Outcome, Target};

const CANARY: &str = "c4n4ryhunter2";

const SEEDS: [&str; 6] = [
    "callisto: {A: c4n4ryhunter2, FLAG: true}\ntitan: {A: two}\n",
    "callisto:\n  DATABASE_URL: postgresql://u:c4n4ryhunter2@h/d\n  MULTI: |\n    c4n4ryhunter2\n    x\n",
    "a: &a {X: c4n4ryhunter2}\nb: *a\nc:\n  <<: *a\n",
    "callisto: {A: [c4n4ryhunter2], B: {c: c4n4ryhunter2}}\n",
    "# created\nAGE-SECRET-KEY-1C4N4RYHUNTER2\n",
    "age1c4n4ryhunter2qqqq\n# x\n",
];

#[rustfmt::skip]
const TOKENS: &[&[u8]] = &[
    b"c4n4ryhunter2", b": ", b"\n", b"\n  ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"<<: ", b"!!int ", b"!!binary ", b"!x ", b"|\n", b"'", b"\"",
    b"\\x", b"? ", b"- ", b"\t", b"---\n", b"AGE-SECRET-KEY-1", b"age1", b"#", b"\xff", b"%",
];

#[test]
fn secrets_files() {
    let seeds = SEEDS.map(|seed| seed.as_bytes().to_vec()).to_vec();
    Target { name: "secrets", seeds, tokens: TOKENS, longest: 8000 }
        .run(|input, _| property(&String::from_utf8_lossy(input)));
}

/// Neither what is understood nor what is not is ever shown.
fn property(text: &str) -> Outcome {
    let parsed = SecretsFile::parse("secrets.yaml", text);
    // A sponsor's or secret's name may be shown.
    let names =
        |file: &SecretsFile| file.fetch("callisto").map(|secrets| format!("{secrets:?}")).unwrap_or_default();
    let (told, kind) = match &parsed {
        Ok(file) => (names(file), "read".to_owned()),
        // What occurs twice at the beginning of a line is a sponsor's name.
        Err(error) if error.to_string().contains(&format!(": {CANARY} appears twice")) => {
            (error.hint(), "twice".to_owned())
        }
        Err(error) => (format!("{error} {error:?} {}", error.hint()), error.to_string()),
    };
    let is_a_name = parsed.as_ref().is_ok_and(|file| {
        file.fetch("callisto").is_ok_and(|secrets| secrets.keys().any(|name| name.contains(CANARY)))
    });
    if told.contains(CANARY) && !is_a_name {
        return Err(format!("a secret is shown: {told}"));
    }
    let keyring =
        EnvCredentials::from_variables([("DOPPLER_TOKEN_CORE", text), ("AWS_SECRET_ACCESS_KEY", text)]);
    let keys = (Identities::parse(text), Recipients::parse(text), keyring.ambient(), &keyring);
    let told = format!("{keys:?}").to_lowercase();
    if told.contains(CANARY) {
        return Err(format!("a key is shown: {told}"));
    }
    Ok(format!("{kind} {} {}", keys.0.is_ok(), keys.1.is_ok()))
}
