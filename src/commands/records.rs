//! Keeps a record: always in the workspace, and in S3 if that is enabled and reachable.

use std::time::Duration;

use super::RunContext;
use super::buckets::{AttributeSource, SponsorBuckets};
use crate::archive::key::Object;
use crate::failure::Failure;
use crate::record::RecordError;
use crate::record::log::{self, Entry};
use crate::sponsors::Sponsor;

/// A store that takes longer for so small an object will not take it at all.
const PATIENCE: Duration = Duration::from_secs(120);
/// A cancelled run is over five seconds after its signal: until this long after it, its record may still reach S3.
const UNTIL_AFTER_A_SIGNAL: Duration = Duration::from_secs(4);

/// What became of a record.
#[derive(Debug, Default)]
pub(super) struct SavedRecord {
    /// Its `s3://` location, or else its path.
    pub(super) place: Option<String>,
    /// Whether it is in S3.
    pub(super) is_in_s3: bool,
    /// What kept it from S3 or from the disk. The other copy may well exist.
    pub(super) failure: Option<Failure>,
    /// What is odd about it, in words.
    pub(super) warning: Option<String>,
}

/// Keeps a record in the workspace and, if there is a vault, in S3.
pub(super) async fn keep(
    (object, document): (Object<'_>, &[u8]),
    sponsor: &Sponsor,
    vault: Option<&SponsorBuckets>,
    labelling: &AttributeSource<'_>,
) -> SavedRecord {
    let AttributeSource { edge, environment, at, .. } = *labelling;
    let entry = Entry { object, sponsor: &sponsor.name, environment, at, document };
    let local = log::append_locally(&edge.workspace, entry);
    let mut kept = match local {
        Ok(path) => SavedRecord { place: Some(path.display().to_string()), ..SavedRecord::default() },
        Err(error) => SavedRecord { failure: Some(error.into()), ..SavedRecord::default() },
    };
    let Some(vault) = vault else { return kept };
    let store = &vault.audit_logs;
    let append = async {
        let labels = labelling.labels(store, sponsor, object).await?;
        Ok((log::append_to_bucket(store, entry, &labels).await?, labels))
    };
    let late = |within| Err(RecordError::NoAnswer { within });
    let appended = tokio::select! {
        appended = append => appended,
        () = tokio::time::sleep(PATIENCE) => late("within two minutes"),
        () = edge.stop.over(UNTIL_AFTER_A_SIGNAL) => late("in the seconds after the signal"),
    };
    match appended {
        Ok((key, labels)) => {
            (kept.place, kept.is_in_s3) = (Some(store.location(&key)), true);
            // The record is kept by now, and its tag says `unknown` until this is done.
            let checked = tokio::select! {
                checked = log::check_in_bucket(store, &key, &labels) => checked,
                () = tokio::time::sleep(PATIENCE) => Ok(None),
                () = edge.stop.over(UNTIL_AFTER_A_SIGNAL) => Ok(None),
            };
            match checked {
                Ok(warning) => kept.warning = warning.map(|text| edge.sink.redacted(&text)),
                Err(error) => {
                    kept.failure.get_or_insert(error.into());
                }
            }
        }
        Err(error) => {
            kept.failure.get_or_insert(error.into());
        }
    }
    kept
}

/// Whether a record could be kept, as far as that can be asked without writing one.
///
/// # Errors
/// What would keep it from the workspace or from S3.
pub(super) async fn could_keep(
    sponsor: &Sponsor,
    vault: Option<&SponsorBuckets>,
    object: Object<'_>,
    labelling: &AttributeSource<'_>,
) -> Result<(), Failure> {
    log::can_append_locally(&labelling.edge.workspace)?;
    let Some(vault) = vault else { return Ok(()) };
    let key = object.key(labelling.environment, labelling.at);
    vault.audit_logs.holds(&key).await.map_err(RecordError::from)?;
    labelling.labels(&vault.audit_logs, sponsor, object).await.map_err(RecordError::from)?;
    Ok(())
}

/// Shown if the flag is off.
pub(super) fn say_saved_locally_only(edge: &RunContext, sponsor: &str) {
    edge.sink.line(&format!("{sponsor}: S3 audit log archival not yet enabled - log saved locally only"));
}
