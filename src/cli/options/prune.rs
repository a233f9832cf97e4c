//! The options of `prune`.

use super::{CommonOptions, Location, endpoint, restore};
use crate::cli::inputs;
use crate::cli::usage::UsageError;
use crate::cli::values::{Values, bad};
use crate::store::Endpoint;
use crate::verification::retention::{Floors, Policy};

/// `prune`
#[derive(Debug)]
pub struct PruneOptions {
    /// Sponsors and their secrets. A plan without `apply` is a dry run.
    pub common: CommonOptions,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// What to do.
    pub task: PruneTask,
    /// Whether to carry out the plan.
    pub apply: bool,
    /// Whether to print JSON.
    pub json: bool,
}

/// What `prune` is to do.
#[derive(Debug)]
pub enum PruneTask {
    /// To remove backups by a policy.
    Remove(RemoveOptions),
    /// To bring back what the run with this record hid.
    Undo(Location),
    /// To remove own leftovers from this machine's disk.
    Local(Floors),
}

/// How backups are removed.
#[derive(Debug, Clone, Copy)]
pub struct RemoveOptions {
    /// The rules; never empty.
    pub policy: Policy,
    /// What they do not undercut.
    pub floors: Floors,
    /// Whether foreign dumps are a series of the policy, too.
    pub foreign: bool,
    /// Whether a store may be one that keeps no versions.
    pub unversioned: bool,
}

pub(super) fn prune(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<PruneOptions, UsageError> {
    let (endpoint, task) = (values.noted(endpoint(values)), values.noted(task(values)));
    let apply = values.boolean(inputs::APPLY)?;
    let json = restore::json(values)?;
    Ok(PruneOptions {
        common: CommonOptions { dry_run: !apply, ..common? },
        endpoint: endpoint?,
        task: task?,
        apply,
        json,
    })
}

fn task(values: &Values<'_>) -> Result<PruneTask, UsageError> {
    const HINT: &str = "Unset one of them.";
    let policy = Policy {
        keep_last: values.optional(inputs::KEEP_LAST)?,
        keep_hourly: values.optional(inputs::KEEP_HOURLY)?,
        keep_daily: values.optional(inputs::KEEP_DAILY)?,
        keep_weekly: values.optional(inputs::KEEP_WEEKLY)?,
        keep_monthly: values.optional(inputs::KEEP_MONTHLY)?,
        keep_yearly: values.optional(inputs::KEEP_YEARLY)?,
        keep_within: values.optional(inputs::KEEP_WITHIN)?,
    };
    let floors =
        Floors { min_keep: values.required(inputs::MIN_KEEP)?, min_age: values.required(inputs::MIN_AGE)? };
    let (undo, local) = (values.optional(inputs::UNDO)?, values.boolean(inputs::LOCAL)?);
    let has_rules = policy.rules().next().is_some();
    if has_rules && (undo.is_some() || local) {
        let other = if local { "local" } else { "undo" };
        return Err(UsageError::new(format!("`{other}` takes no policy")).hint(HINT));
    }
    match (undo, local) {
        (Some(_), true) => Err(UsageError::new("`undo` and `local` exclude each other").hint(HINT)),
        (Some(record), false) => {
            let location = Location::parse(&record).ok_or_else(|| {
                bad(inputs::UNDO, "is not the location of a record")
                    .hint("Write the `record` that `prune` printed, such as `s3://BUCKET/prunes/….json`.")
            });
            location.map(PruneTask::Undo)
        }
        (None, true) => Ok(PruneTask::Local(floors)),
        (None, false) if has_rules => Ok(PruneTask::Remove(RemoveOptions {
            policy,
            floors,
            foreign: values.boolean(inputs::FOREIGN)?,
            unversioned: values.boolean(inputs::UNVERSIONED)?,
        })),
        (None, false) => Err(UsageError::new("no retention policy is set, so nothing would be kept by one")
            .hint("Set at least one of `keep-last`, `keep-hourly`, `keep-daily`, `keep-weekly`, `keep-monthly`, `keep-yearly` and `keep-within`.")),
    }
}
