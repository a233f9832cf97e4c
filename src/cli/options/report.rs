//! The options of `report`.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;

use super::{CommonOptions, endpoint, restore};
use crate::cli::inputs;
use crate::cli::moment::Moment;
use crate::cli::usage::UsageError;
use crate::cli::values::{Values, bad_value};
use crate::report::digest::Limits;
use crate::store::Endpoint;

/// The period if none is set: a week, by which most schedules have run.
const SINCE: Moment = Moment::Ago(Duration::from_secs(7 * 24 * 3600));

/// `report`
#[derive(Debug)]
pub struct ReportOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Whether to print JSON.
    pub json: bool,
    /// File for the page.
    pub html: Option<PathBuf>,
    /// Begin of the period.
    pub since: Moment,
    /// End of the period. `None` for now.
    pub until: Option<Moment>,
    /// What is judged.
    pub limits: Limits,
}

pub(super) fn report(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<ReportOptions, UsageError> {
    let endpoint = values.noted(endpoint(values));
    let json = values.noted(restore::json(values));
    let html = values.noted(html(values));
    let seconds = |limit: Option<Duration>| limit.map(|limit| limit.as_secs());
    Ok(ReportOptions {
        json: json?,
        html: html?,
        since: values.optional(inputs::SINCE)?.unwrap_or(SINCE),
        until: values.optional(inputs::UNTIL)?,
        limits: Limits {
            max_backup_age_seconds: seconds(values.optional(inputs::MAX_BACKUP_AGE)?),
            max_drill_age_seconds: seconds(values.optional(inputs::MAX_DRILL_AGE)?),
            storage_budget_bytes: values.optional(inputs::STORAGE_BUDGET)?.map(|ByteSize(bytes)| bytes),
        },
        endpoint: endpoint?,
        common: common?,
    })
}

fn html(values: &Values<'_>) -> Result<Option<PathBuf>, UsageError> {
    let file = values.optional(inputs::HTML)?;
    if let Some(path) = file.as_ref().filter(|path| path.extension() != Some("html".as_ref())) {
        let text = path.display().to_string();
        return Err(bad_value(inputs::HTML, &text, "a name that ends with `.html`")
            .hint("Write a name such as `backups.html`: an existing page is replaced."));
    }
    Ok(file)
}
