//! Keeps a record: in the workspace always, in S3 where that is enabled and can be reached.

use std::time::Duration;

use super::Edge;
use super::vault::{Labelling, Vault};
use crate::archive::key::Object;
use crate::failure::Failure;
use crate::record::RecordError;
use crate::record::log::{self, Entry};
use crate::report::workflow::{Level, annotation};
use crate::sponsors::Sponsor;

/// A store that takes longer for so small an object will not take it at all.
const PATIENCE: Duration = Duration::from_secs(120);
/// A cancelled run is over five seconds after its signal: so long after it, its record may still reach S3.
const UNTIL_AFTER_A_SIGNAL: Duration = Duration::from_secs(4);

/// Where a record ended up: its `s3://` location, or its path where there is none. The error is what kept it from S3 or
/// from the disk; the other copy may well exist.
pub(super) async fn keep(
    (object, document): (Object<'_>, &[u8]),
    sponsor: &Sponsor,
    vault: Option<&Vault>,
    labelling: &Labelling<'_>,
) -> (Option<String>, Option<Failure>) {
    let Labelling { edge, environment, at, .. } = *labelling;
    let entry = Entry { object, sponsor: &sponsor.name, environment, at, document };
    let local = log::append_locally(&edge.workspace, entry);
    let (path, mut failure) = match local {
        Ok(path) => (Some(path.display().to_string()), None),
        Err(error) => (None, Some(Failure::from(error))),
    };
    let Some(vault) = vault else { return (path, failure) };
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
            // The record is kept by now, and its tag says `unknown` until this is done.
            tokio::select! {
                labelled = store.label(&key, &labels) => say(labelling, sponsor, labelled.warning),
                () = tokio::time::sleep(PATIENCE) => {}
                () = edge.stop.over(UNTIL_AFTER_A_SIGNAL) => {}
            }
            (Some(store.location(&key)), failure)
        }
        Err(error) => {
            failure.get_or_insert(error.into());
            (path, failure)
        }
    }
}

fn say(labelling: &Labelling<'_>, sponsor: &Sponsor, warning: Option<String>) {
    let Some(warning) = warning else { return };
    let sink = &labelling.edge.sink;
    let (title, warning) = (format!("{}: the record's labels", sponsor.name), sink.redacted(&warning));
    sink.line(&format!("{}: {warning}", sponsor.name));
    sink.annotations(&[annotation(Level::Warning, &title, &warning)]);
}

/// Whether a record could be kept, as far as that can be asked without writing one.
///
/// # Errors
/// What would keep it from the workspace or from S3.
pub(super) async fn could_keep(
    sponsor: &Sponsor,
    vault: Option<&Vault>,
    object: Object<'_>,
    labelling: &Labelling<'_>,
) -> Result<(), Failure> {
    log::can_append_locally(&labelling.edge.workspace)?;
    let Some(vault) = vault else { return Ok(()) };
    let key = object.key(labelling.environment, labelling.at);
    vault.audit_logs.holds(&key).await.map_err(RecordError::from)?;
    labelling.labels(&vault.audit_logs, sponsor, object).await.map_err(RecordError::from)?;
    Ok(())
}

/// What is said where the flag is off.
pub(super) fn say_saved_locally_only(edge: &Edge, sponsor: &str) {
    edge.sink.line(&format!("{sponsor}: S3 audit log archival not yet enabled - log saved locally only"));
}
