//! Keeps a record: always in the workspace, and in S3 if that is enabled and reachable.

use std::time::Duration;

use super::RunContext;
use super::buckets::{AttributeSource, SponsorBuckets};
use super::notification::earlier;
use super::session::{Completed, SponsorSession};
use crate::cli::options::Deployment;
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::record::RecordError;
use crate::record::entries::RecordEntry;
use crate::record::log::{self, Entry};
use crate::report::{SponsorResult, metrics};
use crate::sponsors::Sponsor;
use crate::stop::Deadline;
use crate::store::{Endpoint, Store};

/// A store that takes longer for so small an object will not take it at all. All steps of one record share this time, which
/// does not count toward `timeout`: a backup that used it up has a record, too.
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

impl SavedRecord {
    /// Notes where the record is and what is odd about it. A command without its record fails, and one that had failed before
    /// keeps that cause.
    pub(super) fn settle(
        self,
        done: Result<Completed, Failure>,
        context: &RunContext,
        (place, warnings): (&mut Option<String>, &mut Vec<String>),
    ) -> Result<Completed, Failure> {
        warnings.extend(self.warning);
        *place = self.place.or(place.take());
        match (done, self.failure) {
            (Ok(_), Some(failure)) => Err(failure),
            (Err(first), Some(second)) => {
                warnings.push(context.sink.redacted(&second.to_string()));
                Err(first)
            }
            (done, None) => done,
        }
    }
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
    // Whether the record can be kept or not: it is what happened.
    let noted = RecordEntry::parse(environment, &object.key(environment, at), document);
    noted.as_ref().and_then(metrics::of_record).into_iter().for_each(|update| context.note_metrics(update));
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
    if let Some(own) = &noted {
        Box::pin(earlier::note(own, sponsor, buckets, context)).await;
    }
    kept
}

/// Keeps the record of a command that only reads backups. Its result counts without the record: what kept the record from S3 or
/// from the disk is a warning.
pub(super) async fn save_or_warn(
    entry: (Object<'_>, &[u8]),
    session: &SponsorSession<'_>,
    buckets: Option<&SponsorBuckets>,
    endpoint: &Endpoint,
    result: &mut SponsorResult,
) {
    let (context, environment) = (session.context(), session.environment());
    let source = AttributeSource {
        deployment: &Deployment::of_a_record(environment, endpoint.clone()),
        context,
        environment,
        pre_migration: false,
        partial: false,
        at: session.started,
    };
    let kept = save(entry, session.sponsor, buckets, &source).await;
    result.warnings.extend(kept.warning);
    result.warnings.extend(kept.failure.map(|failure| {
        let hint = failure.hint().map(|hint| format!(". {hint}")).unwrap_or_default();
        let place = kept.place.as_ref().map(|place| format!(" (it is in {place})")).unwrap_or_default();
        format!("{failure}{place}{hint}")
    }));
    result.deployment_log = kept.place;
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
    let end = tokio::time::Instant::now() + RECORD_TIMEOUT;
    let (key, attributes) = tokio::select! {
        appended = append => appended,
        () = tokio::time::sleep_until(end) => Err(no_answer(store, "within two minutes")),
        () = context.stop.passed(Deadline::SaveRecord) => {
            Err(no_answer(store, "in the seconds after the signal"))
        }
    }?;
    // The record is kept by now, and its tag says `unknown` until this is done.
    let unchecked =
        || Ok(Some(format!("lock and tags of {} could not be checked in time", store.location(&key))));
    let checking = async {
        let checked = log::check_in_bucket(store, &key, &attributes).await;
        remove_dead_records(store, entry, context).await;
        checked
    };
    let checked = tokio::select! {
        checked = checking => checked,
        () = tokio::time::sleep_until(end) => unchecked(),
        () = context.stop.passed(Deadline::SaveRecord) => unchecked(),
    };
    let checked = checked.map(|warning| warning.map(|text| context.sink.redacted(&text)));
    Ok((store.location(&key), checked))
}

fn no_answer(store: &Store, within: &'static str) -> RecordError {
    let is_folder = !store.capabilities().metadata;
    RecordError::NoAnswer { folder: is_folder.then(|| store.location("")), within }
}

/// Removes what killed runs left of records of the same kind, as a backup does in its own store. The record counts without it.
async fn remove_dead_records(store: &Store, entry: Entry<'_>, context: &RunContext) {
    let below = format!("{}/", entry.object.folder(entry.environment));
    for location in store.remove_dead_uploads(&below).await.unwrap_or_default() {
        let words = format!("{}: removed an unfinished record of an earlier run: {location}", entry.sponsor);
        context.sink.line(&words);
    }
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
    let (key, store) = (object.key(source.environment, source.at), &buckets.audit_logs);
    let asked = async {
        store.check_writable().await?;
        store.holds(&key).await?;
        source.ask_lock(store, sponsor).await
    };
    let late = || no_answer(store, "within two minutes");
    match tokio::time::timeout(RECORD_TIMEOUT, asked).await {
        Ok(asked) => Ok(asked.map(drop).map_err(RecordError::from)?),
        Err(_) => Err(late().into()),
    }
}

/// Shown if the flag is off.
pub(super) fn show_saved_locally_only(context: &RunContext, sponsor: &str) {
    context.sink.line(&format!("{sponsor}: S3 audit log archival not yet enabled - log saved locally only"));
}
