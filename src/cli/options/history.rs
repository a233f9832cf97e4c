//! The options of `history`.

use std::num::NonZeroUsize;

use super::{CommonOptions, endpoint, restore};
use crate::cli::inputs;
use crate::cli::moment::Moment;
use crate::cli::usage::UsageError;
use crate::cli::values::Values;
use crate::record::RecordedOutcome;
use crate::record::entries::RecordedEvent;
use crate::store::Endpoint;

/// `history`
#[derive(Debug)]
pub struct HistoryOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Whether to print JSON.
    pub json: bool,
    /// Only events from this moment on.
    pub since: Option<Moment>,
    /// Only events up to this moment.
    pub until: Option<Moment>,
    /// Only events of this version.
    pub version: Option<String>,
    /// Only events of this workflow run.
    pub run: Option<String>,
    /// Only events of this kind.
    pub event: Option<RecordedEvent>,
    /// Only events with this outcome.
    pub outcome: Option<RecordedOutcome>,
    /// Maximum number of events per sponsor. `None` for all.
    pub limit: Option<NonZeroUsize>,
    /// Whether to compare records and store instead.
    pub check: bool,
}

pub(super) fn history(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<HistoryOptions, UsageError> {
    let endpoint = values.noted(endpoint(values));
    let json = values.noted(restore::json(values));
    let (all, check) = (values.boolean(inputs::ALL)?, values.boolean(inputs::CHECK)?);
    let limit = values.required(inputs::LIMIT)?;
    let is_set = |name: &str, is_set: bool| is_set.then(|| name.to_owned());
    let set = [
        is_set("all", all),
        is_set("limit", values.is_input(&inputs::LIMIT)),
        is_set("version", values.is_input(&inputs::VERSION)),
        is_set("run", values.is_input(&inputs::RUN_ID)),
        is_set("event", values.is_input(&inputs::EVENT)),
        is_set("outcome", values.is_input(&inputs::OUTCOME)),
    ];
    // A check of a part must not look like one of everything.
    if let Some(other) = set.iter().flatten().next().filter(|_| check) {
        values.refuse(UsageError::new(format!("`check` and `{other}` exclude each other")).hint(
            "`check` compares everything. Set `since` and `until` to compare only the backups of some time.",
        ));
    }
    if all && values.is_input(&inputs::LIMIT) {
        values.refuse(UsageError::new("`all` and `limit` exclude each other").hint("Set only one of them."));
    }
    Ok(HistoryOptions {
        json: json?,
        since: values.optional(inputs::SINCE)?,
        until: values.optional(inputs::UNTIL)?,
        version: values.optional(inputs::VERSION)?,
        run: values.optional(inputs::RUN_ID)?.map(|run| run.0),
        event: values.optional(inputs::EVENT)?,
        outcome: values.optional(inputs::OUTCOME)?,
        limit: (!all).then_some(limit),
        check,
        endpoint: endpoint?,
        common: common?,
    })
}
