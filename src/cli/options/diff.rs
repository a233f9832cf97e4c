//! The options of `diff`.

use super::limits::limits;
use super::{CommonOptions, endpoint, restore};
use crate::cli::inputs;
use crate::cli::usage::UsageError;
use crate::cli::values::Values;
use crate::cli::which_backup::WhichBackup;
use crate::store::Endpoint;
use crate::verification::backup_diff::DiffLimits;

/// `diff`
#[derive(Debug)]
pub struct DiffOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// One backup.
    pub which: WhichBackup,
    /// The backup to compare it with. `None`: the one before it.
    pub against: Option<WhichBackup>,
    /// What may change.
    pub limits: DiffLimits,
    /// Whether to print JSON.
    pub json: bool,
}

pub(super) fn diff(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<DiffOptions, UsageError> {
    let endpoint = values.noted(endpoint(values));
    let which = values.noted(restore::of_the_environment(inputs::BACKUP, values));
    let against = match values.optional(inputs::AGAINST)? {
        Some(_) => Some(restore::of_the_environment(inputs::AGAINST, values)?),
        None => None,
    };
    Ok(DiffOptions {
        json: restore::json(values)?,
        limits: limits(values)?,
        endpoint: endpoint?,
        which: which?,
        against,
        common: common?,
    })
}
