//! The texts of the manifest and the secrets file. Pure.

use std::path::Path;

use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use crate::secrets::{AUDIT_LOGS_BUCKET, BACKUPS_BUCKET, DATABASE_URL, FLAG, Secret};

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

/// A secrets file with one sponsor, whose backups and records go to these `file://` URLs.
pub(super) fn secrets(name: &str, database: &Secret, [backups, records]: [&Url; 2]) -> String {
    let rows = [
        (DATABASE_URL, database.expose_secret()),
        (BACKUPS_BUCKET, backups.as_str()),
        (AUDIT_LOGS_BUCKET, records.as_str()),
        (FLAG, "true"),
    ];
    let rows: String = rows.iter().map(|(name, value)| format!("  {name}: {}\n", quoted(value))).collect();
    format!("# Contains a password: do not commit this file.\n{}:\n{rows}", scalar(name))
}

/// The `file://` URL of an absolute path. `None` if no URL leads back to the same path, or if its text cannot be shown on
/// one line.
pub(super) fn file_url(path: &Path) -> Option<Url> {
    let text = path.to_str()?;
    let url = Url::from_file_path(path).ok().filter(|_| !text.contains(char::is_control))?;
    let read = Url::parse(url.as_str()).ok()?.to_file_path().ok()?;
    (read == path).then_some(url)
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
