//! The texts of the manifest and the secrets file. Pure.

use crate::secrets::{AUDIT_LOGS_BUCKET, BACKUPS_BUCKET, DATABASE_URL, FLAG, Secret, StoreName};
use secrecy::ExposeSecret as _;
use serde_json::Value;

/// File of the manifest.
pub(super) const MANIFEST: &str = "manifest.yaml";
/// File of the secrets.
pub(super) const SECRETS: &str = "secrets.yaml";

/// A manifest with one sponsor.
pub(super) fn manifest(name: &str, code: &str) -> String {
    let (name, code) = (scalar(name), scalar(code));
    format!(
        "# To add a sponsor, add a block with its own name and code here, and its secrets to {SECRETS}.\n\
         sponsors:\n  - name: {name}\n    code: {code}\n    enabled: true\n"
    )
}

/// A secrets file with one sponsor, whose backups and records go to these stores.
pub(super) fn secrets(name: &str, database: &Secret, [backups, records]: [&StoreName; 2]) -> String {
    let (backups, records) = (backups.to_string(), records.to_string());
    let rows = [
        (DATABASE_URL, database.expose_secret()),
        (BACKUPS_BUCKET, &backups),
        (AUDIT_LOGS_BUCKET, &records),
        (FLAG, "true"),
    ];
    let rows: String = rows.iter().map(|(name, value)| format!("  {name}: {}\n", quoted(value))).collect();
    format!("# Contains a password: do not commit this file.\n{}:\n{rows}", scalar(name))
}

/// A text in YAML: without quotes if it is still that text then. A sponsor may be called `null`.
fn scalar(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && serde_saphyr::from_str::<Value>(text).is_ok_and(|read| read == *text);
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// Any text in YAML, in double quotes on one line. Everything but letters, digits and ASCII signs is escaped: some of it
/// breaks lines or is not allowed in a file.
fn quoted(text: &str) -> String {
    let escaped: String = text.chars().map(escaped).collect();
    format!("\"{escaped}\"")
}

fn escaped(character: char) -> String {
    match character {
        '"' | '\\' => format!("\\{character}"),
        ' '..='~' => character.to_string(),
        _ if character.is_alphanumeric() => character.to_string(),
        _ => format!("\\U{:08X}", u32::from(character)),
    }
}

#[cfg(test)]
mod tests;
