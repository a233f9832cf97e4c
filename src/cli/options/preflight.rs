//! The options of `preflight`.

use std::path::PathBuf;
use std::time::Duration;

use super::{CommonOptions, Deployment, backup, restore};
use crate::cli::inputs;
use crate::cli::usage::UsageError;
use crate::cli::values::Values;

/// `preflight`
#[derive(Debug)]
pub struct PreflightOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// How a backup would be stored.
    pub deployment: Deployment,
    /// S3 storage class of a backup.
    pub storage_class: String,
    /// Maximum lag of a standby behind its primary.
    pub max_replica_lag: Duration,
    /// Maximum age of each sponsor's newest backup.
    pub max_backup_age: Option<Duration>,
    /// Maximum age of each sponsor's newest passed drill.
    pub max_drill_age: Option<Duration>,
    /// Maximum duration of a restore.
    pub max_rto: Option<Duration>,
    /// Whether to start and abort an upload in each bucket.
    pub write_probe: bool,
    /// Folder of workflows whose secrets must exist.
    pub workflows: Option<PathBuf>,
    /// Whether to print JSON.
    pub json: bool,
}

pub(super) fn preflight(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<PreflightOptions, UsageError> {
    let deployment = values.noted(backup::deployment(values));
    let storage_class = values.noted(backup::storage_class(values));
    Ok(PreflightOptions {
        deployment: deployment?,
        common: common?,
        storage_class: storage_class?,
        max_replica_lag: values.required(inputs::MAX_REPLICA_LAG)?,
        max_backup_age: values.optional(inputs::MAX_BACKUP_AGE)?,
        max_drill_age: values.optional(inputs::MAX_DRILL_AGE)?,
        max_rto: values.optional(inputs::MAX_RTO)?,
        write_probe: values.boolean(inputs::WRITE_PROBE)?,
        workflows: values.optional(inputs::WORKFLOWS)?,
        json: restore::json(values)?,
    })
}
