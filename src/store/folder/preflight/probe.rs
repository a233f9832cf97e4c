//! The write probe: a file goes through all that a backup goes through, except that it never gets an object's name.

use tokio_util::sync::CancellationToken;

use super::fix;
use crate::finding::Finding;
use crate::layout::key::Object;
use crate::stop::{Deadline, StopRequest};
use crate::store::StorageExpectations;
use crate::store::expectations::WRITE_PROBE;
use crate::store::folder::{Folder, FolderError};

/// Writes, reads back, renames and removes a file. When `stop` is canceled, it still removes what it created.
pub(in crate::store) async fn probe_writes(
    folder: &Folder,
    object: Object<'_>,
    expected: StorageExpectations<'_>,
    stop: CancellationToken,
) -> Vec<Finding> {
    let (stop, key) = (StopRequest::new(stop), object.probe_key(expected.environment, expected.now));
    let tried = tokio::select! {
        tried = folder.rehearse(&key) => tried,
        () = stop.passed(Deadline::Undo) => Err(FolderError::Stopped),
    };
    vec![match tried {
        Ok(place) => WRITE_PROBE.ok(format!(
            "a temporary file in {} was written, read back, renamed without replacing another, and removed",
            place.display()
        )),
        Err(error) => WRITE_PROBE.fail(
            error.to_string(),
            "A backup, or its record, would fail in the same way.",
            fix(error.hint()),
        ),
    }]
}
