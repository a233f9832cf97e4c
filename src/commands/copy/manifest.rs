//! The manifest of a copy: the source's own document, and what the copy changes. What this version does not know of it
//! stays.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::archive::backup_manifest::{Encoding, Piece, StoredSize};
use crate::commands::stored::StoredBackup;
use crate::failure::Failure;

/// What encrypting again made of a backup.
pub(super) struct Resealed {
    pub(super) key: String,
    pub(super) stored: StoredSize,
    pub(super) encoding: Encoding,
    pub(super) pieces: Option<Vec<Piece>>,
}

/// The document of the copy.
pub(super) fn document(
    source: &StoredBackup,
    resealed: Option<&Resealed>,
    at: Timestamp,
) -> Result<Vec<u8>, Failure> {
    let lost = |error: serde_json::Error| Failure::Bug(format!("the manifest cannot be written: {error}"));
    // It was parsed before.
    let mut document: Map<String, Value> = serde_json::from_slice(&source.document).map_err(lost)?;
    let recipients = &source.description.encoding.age_recipients;
    let from = json!({"location": source.location, "at": at, "age_recipients": recipients});
    document.insert("copied_from".to_owned(), from);
    if let Some(Resealed { key, stored, encoding, pieces }) = resealed {
        document.insert("key".to_owned(), json!(key));
        overwrite(&mut document, "stored", json!(stored));
        overwrite(&mut document, "encoding", json!(encoding));
        // Those of the source are gone with its bytes.
        match pieces {
            Some(pieces) => document.insert("pieces".to_owned(), json!(pieces)),
            None => document.remove("pieces"),
        };
    }
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(lost)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Replaces the fields that this version knows of a part, and keeps the others.
fn overwrite(document: &mut Map<String, Value>, part: &str, known: Value) {
    match (document.get_mut(part), known) {
        (Some(Value::Object(told)), Value::Object(known)) => told.extend(known),
        (_, known) => drop(document.insert(part.to_owned(), known)),
    }
}

/// Whether a backup at the target is a copy of the source, by their manifests: the same document with the same bytes, or with
/// the same text for these recipients.
pub(super) fn is_copy(source: &StoredBackup, copy: &StoredBackup, recipients: Option<&[String]>) -> bool {
    let changed: &[&str] = if recipients.is_some() {
        &["copied_from", "key", "stored", "encoding", "pieces"]
    } else {
        &["copied_from"]
    };
    let set = |keys: &[String]| keys.iter().cloned().collect::<BTreeSet<_>>();
    let fits =
        recipients.is_none_or(|recipients| set(recipients) == set(&copy.description.encoding.age_recipients));
    let (told, copied) = (without(&source.document, changed), without(&copy.document, changed));
    fits && told.is_some() && told == copied
}

/// A document without these fields.
fn without(document: &[u8], fields: &[&str]) -> Option<Map<String, Value>> {
    let mut document: Map<String, Value> = serde_json::from_slice(document).ok()?;
    for field in fields {
        document.remove(*field);
    }
    Some(document)
}
