//! Keeps a record: always in the workspace, and in S3 if that is enabled and reachable.

use std::time::Duration;

use super::RunContext;
use super::buckets::{AttributeSource, SponsorBuckets};
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::record::RecordError;
use crate::record::log::{self, Entry};
use crate::sponsors::Sponsor;
use crate::stop::Deadline;
use crate::store::Store;

/// A store that takes longer for so small an object will not take it at all.
const RECORD_TIMEOUT: Duration = Duration::from_secs(120);

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

/// Keeps a record in the workspace and, if backups are enabled, in S3.
pub(super) async fn save(
    (object, document): (Object<'_>, &[u8]),
    sponsor: &Sponsor,
    buckets: Option<&SponsorBuckets>,
    source: &AttributeSource<'_>,
) -> SavedRecord {
    let AttributeSource { context, environment, at, .. } = *source;
    let entry = Entry { object, sponsor: &sponsor.name, environment, at, document };
    let mut kept = match log::append_locally(&context.workspace, entry) {
        Ok(path) => SavedRecord { place: Some(path.display().to_string()), ..SavedRecord::default() },
        Err(error) => SavedRecord { failure: Some(error.into()), ..SavedRecord::default() },
    };
    let Some(buckets) = buckets else { return kept };
    match append_to_s3(entry, sponsor, &buckets.audit_logs, source).await {
        Ok((location, checked)) => {
            (kept.place, kept.is_in_s3) = (Some(location), true);
            match checked {
                Ok(warning) => kept.warning = warning,
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

/// Appends a record to the bucket. Returns its location, and what is odd about its lock and tags.
async fn append_to_s3(
    entry: Entry<'_>,
    sponsor: &Sponsor,
    store: &Store,
    source: &AttributeSource<'_>,
) -> Result<(String, Result<Option<String>, RecordError>), RecordError> {
    let context = source.context;
    let append = async {
        let lock = source.ask_lock(store, sponsor).await?;
        let attributes = source.attributes(sponsor, entry.object, lock);
        Ok((log::append_to_bucket(store, entry, &attributes).await?, attributes))
    };
    let late = |within| Err(RecordError::NoAnswer { within });
    let (key, attributes) = tokio::select! {
        appended = append => appended,
        () = tokio::time::sleep(RECORD_TIMEOUT) => late("within two minutes"),
        () = context.stop.passed(Deadline::SaveRecord) => late("in the seconds after the signal"),
    }?;
    // The record is kept by now, and its tag says `unknown` until this is done.
    let unchecked =
        || Ok(Some(format!("lock and tags of {} could not be checked in time", store.location(&key))));
    let checked = tokio::select! {
        checked = log::check_in_bucket(store, &key, &attributes) => checked,
        () = tokio::time::sleep(RECORD_TIMEOUT) => unchecked(),
        () = context.stop.passed(Deadline::SaveRecord) => unchecked(),
    };
    let checked = checked.map(|warning| warning.map(|text| context.sink.redacted(&text)));
    Ok((store.location(&key), checked))
}

/// Whether a record could be kept, as far as that can be asked without writing one.
///
/// # Errors
/// What would keep it from the workspace or from S3.
pub(super) async fn check_save(
    sponsor: &Sponsor,
    buckets: Option<&SponsorBuckets>,
    object: Object<'_>,
    source: &AttributeSource<'_>,
) -> Result<(), Failure> {
    log::can_append_locally(&source.context.workspace)?;
    let Some(buckets) = buckets else { return Ok(()) };
    let key = object.key(source.environment, source.at);
    buckets.audit_logs.check_writable().map_err(RecordError::from)?;
    buckets.audit_logs.holds(&key).await.map_err(RecordError::from)?;
    source.ask_lock(&buckets.audit_logs, sponsor).await.map_err(RecordError::from)?;
    Ok(())
}

/// Shown if the flag is off.
pub(super) fn show_saved_locally_only(context: &RunContext, sponsor: &str) {
    context.sink.line(&format!("{sponsor}: S3 audit log archival not yet enabled - log saved locally only"));
}
