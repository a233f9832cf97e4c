//! Finds the trace of an earlier run: the record of its backup, whatever its outcome. Pure.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::log::SECONDS_TRIED;
use crate::archive::key::Object;
use crate::sponsors::Environment;

/// The fields of a record that identify its backup. Records of other programs have other keys.
#[derive(Deserialize)]
struct Trace {
    event: Event,
    sponsor: String,
    environment: String,
    deployment_timestamp: Timestamp,
    tool_version: String,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Event {
    PreDeploymentBackup,
    Backup,
    #[serde(other)]
    Other,
}

/// Key prefixes under which the record of a backup at this second can be. One, or two at the end of a minute.
#[must_use]
pub fn prefixes(environment: Environment, at: Timestamp) -> BTreeSet<String> {
    let last = at.checked_add(SignedDuration::from_secs(SECONDS_TRIED - 1)).unwrap_or(at);
    let minute = |at| {
        let key = Object::DeploymentLog.key(environment, at);
        key.get(..key.len().saturating_sub("SS.json".len())).unwrap_or_default().to_owned()
    };
    [minute(at), minute(last)].into_iter().collect()
}

/// Whether the record of a backup at this second can have this key.
#[must_use]
pub fn can_be(environment: Environment, at: Timestamp, key: &str) -> bool {
    super::log::seconds(at).any(|at| Object::DeploymentLog.key(environment, at) == key)
}

/// Whether a document is the record of this sponsor's backup at this second.
#[must_use]
pub fn is_of(document: &[u8], sponsor: &str, environment: Environment, at: Timestamp) -> bool {
    serde_json::from_slice::<Trace>(document).is_ok_and(|trace| {
        trace.event != Event::Other
            && trace.sponsor == sponsor
            && trace.environment == environment.name()
            && trace.deployment_timestamp.as_second() == at.as_second()
            && !trace.tool_version.is_empty()
    })
}

#[cfg(test)]
mod tests;
