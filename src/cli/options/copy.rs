//! The options of `copy`.

use super::{CommonOptions, Deployment, ReadOptions, backup, restore};
use crate::archive::Recipients;
use crate::cli::inputs;
use crate::cli::usage::UsageError;
use crate::cli::values::{Values, bad};
use crate::secrets::StoreName;

/// `copy`
#[derive(Debug)]
pub struct CopyOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// How the copy is stored.
    pub deployment: Deployment,
    /// Which backup, and how it is read.
    pub reading: ReadOptions,
    /// The store that the copy goes to.
    pub target: StoreName,
    /// Recipients to encrypt the copy for. Empty: its bytes stay as they are.
    pub recipients: Recipients,
    /// S3 storage class of the copy.
    pub storage_class: String,
    /// Bytes in upload buffers.
    pub memory_limit_bytes: u64,
    /// The variable `AWS_REGION`, for a sponsor whose secrets have no region.
    pub region: Option<String>,
}

pub(super) fn copy(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<CopyOptions, UsageError> {
    let deployment = values.noted(backup::deployment(values));
    let reading = values.noted(restore::reading(values));
    let recipients = values.noted(backup::recipients(values));
    let storage_class = values.noted(backup::storage_class(values));
    let memory_limit_bytes = values.noted(backup::memory_limit(values));
    let target = target(values)?.ok_or_else(|| bad(inputs::TO, "is not set"))?;
    let region = values.variable("AWS_REGION").filter(|_| target.needs_aws());
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_some_and(|region| !region.chars().all(is_fine)) {
        let hint = "Set AWS_REGION to a name such as `eu-west-1`.";
        values.refuse(UsageError::new("AWS_REGION is not the name of a region").hint(hint));
    }
    Ok(CopyOptions {
        deployment: deployment?,
        common: common?,
        reading: reading?,
        target,
        recipients: recipients?,
        storage_class: storage_class?,
        memory_limit_bytes: memory_limit_bytes?,
        region: region.map(str::to_owned),
    })
}

/// The store that `to` names. `None` for the other commands.
pub(super) fn target(values: &Values<'_>) -> Result<Option<StoreName>, UsageError> {
    const HINT: &str = "Write `s3://BUCKET` or `file:///ABSOLUTE/PATH`, without a key.";
    if values.command() != inputs::Command::Copy {
        return Ok(None);
    }
    let text = values.required(inputs::TO)?;
    // The problem does not repeat the text, which may hold a password.
    let named = StoreName::at(&text);
    Ok(Some(named.map_err(|problem| bad(inputs::TO, format!("names no store: {problem}")).hint(HINT))?))
}
