//! The record of a hold that was added or removed, as a document defined by `schemas/hold.v1.json`, and which backups the
//! records hold. Pure.
//!
//! It is written after the store showed what became of the hold, so that it claims nothing that did not happen. In a folder,
//! which has no legal holds, a record of `add` is the hold.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::head::RecordHead;
use super::log::SECONDS_TRIED;
use crate::layout::key::Object;
use crate::sponsors::Environment;
use crate::verification::limits::ahead;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldAction {
    /// The hold was added.
    Add,
    /// It was removed.
    Remove,
}

/// What a hold consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldMethod {
    /// A legal hold of S3, on each of the three objects.
    LegalHold,
    /// The record itself.
    Record,
}

/// One of the three objects of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldObject {
    /// Its key.
    pub key: String,
    /// The version that is held.
    pub version: Option<String>,
    /// Whether it was under a legal hold before. Unknown if the store did not show it.
    pub held_before: Option<bool>,
    /// Whether it is now, as it was read back. Unknown if it was not, or if the store did not show it.
    pub held: Option<bool>,
}

/// The document. Other programs read its keys, so they never change. An absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct HoldRecord {
    #[serde(flatten)]
    pub head: RecordHead,
    pub hold_timestamp: Timestamp,
    pub action: HoldAction,
    pub reason: String,
    pub method: Option<HoldMethod>,
    pub backup_key: Option<String>,
    pub backup_location: Option<String>,
    pub objects: Vec<HeldObject>,
}

impl HoldRecord {
    /// The document as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        super::to_bytes(self)
    }
}

/// What a stored record says of a hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ToldHold {
    sponsor: String,
    environment: String,
    outcome: String,
    action: HoldAction,
    method: Option<HoldMethod>,
    objects: Vec<HeldObject>,
    /// When it was added or removed.
    pub hold_timestamp: Timestamp,
    /// Why.
    pub reason: String,
    /// By whom.
    pub actor: Option<String>,
    /// Workflow run.
    pub github_run_id: Option<String>,
    /// Key of the dump.
    pub backup_key: String,
    /// Location of the dump.
    pub backup_location: String,
}

/// Whose a document is.
#[derive(Deserialize)]
struct Owner {
    sponsor: String,
    environment: String,
}

impl ToldHold {
    /// Reads the document with this key. `None` if it is another sponsor's, or if no record of a hold has such a key.
    ///
    /// # Errors
    /// It cannot be read, in words. What is held is then unknown.
    pub fn parse(
        key: &str,
        document: &[u8],
        (sponsor, environment): (&str, Environment),
    ) -> Result<Option<Self>, String> {
        let Some(in_key) = Object::HoldRecord.time_in(environment, key) else { return Ok(None) };
        // The message of a parser would quote the document.
        let unread = |_| "it does not read as the record of a hold".to_owned();
        let owner: Owner = serde_json::from_slice(document).map_err(unread)?;
        if owner.sponsor != sponsor || owner.environment != environment.name() {
            return Ok(None);
        }
        let told: Self = serde_json::from_slice(document).map_err(unread)?;
        let late = in_key.as_second().saturating_sub(told.hold_timestamp.as_second());
        if !(0..SECONDS_TRIED).contains(&late) {
            return Err("its time is not that of its key".to_owned());
        }
        Ok(Some(told))
    }

    fn succeeded(&self) -> bool {
        self.outcome == "success"
    }

    /// Whether something of the backup is held by what it did.
    fn holds_something(&self) -> bool {
        self.succeeded() || self.objects.iter().any(|object| object.held == Some(true))
    }
}

/// The backups that these records hold, by the key of the dump: the first addition since the last removal, with the reasons of
/// those after it. The records come in the order of their keys, which is that of time. An addition that failed counts as far as
/// something was held. A removal that is dated in the future would also end holds that are added after it, and does not count.
#[must_use]
pub fn held(records: impl IntoIterator<Item = ToldHold>, now: Timestamp) -> BTreeMap<String, ToldHold> {
    let mut held: BTreeMap<String, ToldHold> = BTreeMap::new();
    for told in records {
        match told.action {
            HoldAction::Add if told.holds_something() => match held.get_mut(&told.backup_key) {
                None => drop(held.insert(told.backup_key.clone(), told)),
                Some(first) => {
                    first.reason.push_str("; ");
                    first.reason.push_str(&told.reason);
                }
            },
            HoldAction::Remove if told.succeeded() && ahead(told.hold_timestamp, now).is_none() => {
                held.remove(&told.backup_key);
            }
            HoldAction::Add | HoldAction::Remove => {}
        }
    }
    held
}

#[cfg(test)]
mod tests;
