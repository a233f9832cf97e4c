//! The options of `matrix`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::{CommonOptions, metrics};
use crate::cli::inputs;
use crate::cli::usage::UsageError;
use crate::cli::values::Values;

/// `matrix`
#[derive(Debug)]
pub struct MatrixOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// Maximum number of matrix jobs. Additional sponsors share jobs.
    pub max_jobs: NonZeroUsize,
    /// Folder of workflows that must pass on every sponsor's token.
    pub workflows: Option<PathBuf>,
    /// Maximum age of each sponsor's newest backup, for alerts.
    pub expected_within: Duration,
}

pub(super) fn matrix(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<MatrixOptions, UsageError> {
    Ok(MatrixOptions {
        common: common?,
        max_jobs: values.required(inputs::MAX_JOBS)?,
        workflows: values.optional(inputs::WORKFLOWS)?,
        expected_within: metrics::expected_within(values)?,
    })
}
