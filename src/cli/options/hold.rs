//! The options of `hold add`, `hold list` and `hold remove`.

use super::{CommonOptions, Deployment, backup, endpoint, restore};
use crate::cli::inputs;
use crate::cli::usage::UsageError;
use crate::cli::values::{Values, bad};
use crate::cli::which_backup::WhichBackup;
use crate::store::Endpoint;

/// `hold add` and `hold remove`
#[derive(Debug)]
pub struct HoldOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// How the record is stored.
    pub deployment: Deployment,
    /// Which backup.
    pub which: WhichBackup,
    /// Why.
    pub reason: String,
    /// Whether the hold is added or removed.
    pub change: HoldChange,
}

/// What to do with a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldChange {
    /// Add it.
    Add,
    /// Remove it.
    Remove {
        /// Key or location of the dump, typed out.
        confirm: String,
    },
}

/// `hold list`
#[derive(Debug)]
pub struct HoldListOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Whether to print JSON.
    pub json: bool,
}

pub(super) fn add(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<HoldOptions, UsageError> {
    hold(common, values, Ok(HoldChange::Add))
}

pub(super) fn remove(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<HoldOptions, UsageError> {
    // A workflow passes the default as an input.
    if restore::of_the_environment(inputs::BACKUP, values).is_ok_and(|which| which == WhichBackup::Latest) {
        let problem = bad(inputs::BACKUP, "is `latest`, which changes with each backup");
        values.refuse(
            problem.hint("Name the backup, by its time for example. `hold list` lists those under a hold."),
        );
    }
    let confirm = values.optional(inputs::CONFIRM)?.ok_or_else(|| {
        bad(inputs::CONFIRM, "is not set")
            .hint("Write the key or the location of the dump whose hold to lift.")
    });
    hold(common, values, values.noted(confirm.map(|confirm| HoldChange::Remove { confirm })))
}

fn hold(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
    change: Result<HoldChange, UsageError>,
) -> Result<HoldOptions, UsageError> {
    let reason = values.optional(inputs::REASON)?.ok_or_else(|| {
        bad(inputs::REASON, "is not set").hint("Write why, such as `audit 2026-17`. The record keeps it.")
    });
    let (reason, which) =
        (values.noted(reason), values.noted(restore::of_the_environment(inputs::BACKUP, values)));
    let deployment = values.noted(backup::deployment(values));
    Ok(HoldOptions {
        change: change?,
        reason: reason?,
        which: which?,
        deployment: deployment?,
        common: common?,
    })
}

pub(super) fn list(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<HoldListOptions, UsageError> {
    let endpoint = values.noted(endpoint(values));
    Ok(HoldListOptions { json: restore::json(values)?, endpoint: endpoint?, common: common? })
}
