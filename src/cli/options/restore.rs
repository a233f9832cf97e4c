//! The options of the commands that read backups: `list`, `verify`, `restore` and `drill`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::tables::{TablesOptions, tables};
use super::{CommonOptions, Deployment, backup, endpoint};
use crate::archive::Identities;
use crate::archive::catalogue::BackupKey;
use crate::cli::inputs::{self, Handle};
use crate::cli::moment::Moment;
use crate::cli::usage::UsageError;
use crate::cli::values::{Values, bad_value};
use crate::cli::which_backup::WhichBackup;
use crate::layout::key::file_name;
use crate::store::Endpoint;

/// `list`
#[derive(Debug)]
pub struct ListOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Whether to print JSON.
    pub json: bool,
    /// Maximum age of each sponsor's newest backup.
    pub max_backup_age: Option<Duration>,
    /// The table whose rows are shown, with its schema or without.
    pub with: Option<String>,
    /// Rows for each sponsor, the newest. `None` for all.
    pub limit: Option<NonZeroUsize>,
    /// Only backups taken from this moment on.
    pub since: Option<Moment>,
}

/// `show`
#[derive(Debug)]
pub struct ShowOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Which backup.
    pub which: WhichBackup,
    /// Whether to print JSON.
    pub json: bool,
}

/// Which backup to read, and how.
#[derive(Debug)]
pub struct ReadOptions {
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Which one.
    pub which: WhichBackup,
    /// age private keys from `AGE_IDENTITY`.
    pub identities: Identities,
    /// File of age private keys.
    pub identity_file: Option<PathBuf>,
    /// Whether to request access to a backup in an archive tier.
    pub thaw: bool,
    /// Whether `latest` may fall back to an older backup.
    pub allow_older: bool,
    /// Time limit per sponsor.
    pub timeout: Duration,
}

/// `verify`
#[derive(Debug)]
pub struct VerifyOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// Which, and how.
    pub reading: ReadOptions,
    /// Whether to verify every backup instead of one.
    pub all: bool,
    /// Whether to skip backups in an archive tier.
    pub skip_frozen: bool,
}

/// `restore`
#[derive(Debug)]
pub struct RestoreOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// Which, and how.
    pub reading: ReadOptions,
    /// URL of the database to restore into. `None` only with `to_sql`.
    pub target: Option<SecretString>,
    /// Some tables instead of everything.
    pub tables: Option<TablesOptions>,
    /// Whether to drop the objects in the target first.
    pub replace: bool,
    /// Whether a partial backup may replace the target's objects.
    pub allow_partial: bool,
    /// `sponsor/database` of a live target, typed out.
    pub confirm: Option<String>,
    /// Whether to skip objects that need missing extensions.
    pub skip_missing_extensions: bool,
    /// Connections that load at once.
    pub jobs: NonZeroUsize,
}

/// `drill`
#[derive(Debug)]
pub struct DrillOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// How the report is stored.
    pub deployment: Deployment,
    /// Which, and how.
    pub reading: ReadOptions,
    /// URL of an existing server to use. Absent: a temporary server.
    pub target: Option<SecretString>,
    /// Whether to skip objects that need missing extensions.
    pub skip_missing_extensions: bool,
    /// Connections that load at once.
    pub jobs: NonZeroUsize,
    /// File of SQL statements that must return true.
    pub checks: Option<PathBuf>,
    /// Maximum age of the backup.
    pub max_rpo: Option<Duration>,
    /// Maximum duration of the drill.
    pub max_rto: Option<Duration>,
}

/// Whether to print JSON alone on standard output.
pub(super) fn json(values: &Values<'_>) -> Result<bool, UsageError> {
    let json = values.boolean(inputs::JSON)?;
    if json && values.boolean(inputs::OUTPUTS)? {
        values.refuse(
            UsageError::new("`json` and `outputs` exclude each other")
                .hint("Set only one of them: both write to standard output."),
        );
    }
    Ok(json)
}

/// The options that all commands have, or what is wrong with them. It is noted already.
type Common = Result<CommonOptions, UsageError>;

pub(super) fn list(common: Common, values: &Values<'_>) -> Result<ListOptions, UsageError> {
    let endpoint = values.noted(endpoint(values));
    let (all, limit) = (values.boolean(inputs::ALL)?, values.required(inputs::LIMIT)?);
    let (since, max_backup_age) = (values.optional(inputs::SINCE)?, values.optional(inputs::MAX_BACKUP_AGE)?);
    if since.is_some() && max_backup_age.is_some() {
        let problem = "`since` and `max-backup-age` exclude each other";
        values.refuse(
            UsageError::new(problem).hint("With `max-backup-age` only the newest backup is looked at."),
        );
    }
    Ok(ListOptions {
        limit: (!all).then_some(limit),
        json: json(values)?,
        since,
        max_backup_age,
        with: values.optional(inputs::WITH)?,
        endpoint: endpoint?,
        common: common?,
    })
}

pub(super) fn show(common: Common, values: &Values<'_>) -> Result<ShowOptions, UsageError> {
    let endpoint = values.noted(endpoint(values));
    let which = values.noted(of_the_environment(inputs::BACKUP, values));
    Ok(ShowOptions { json: json(values)?, endpoint: endpoint?, which: which?, common: common? })
}

pub(super) fn verify(common: Common, values: &Values<'_>) -> Result<VerifyOptions, UsageError> {
    let all = values.boolean(inputs::ALL)?;
    let reading = values.noted(reading(values));
    let refuse = |problem: &str, hint: &str| values.refuse(UsageError::new(problem).hint(hint));
    // The default of `backup` is `latest`, so that only another value contradicts `all`.
    if all && values.required(inputs::BACKUP)? != WhichBackup::Latest {
        refuse("`all` and `backup` exclude each other", "Set only one of them.");
    }
    if all && values.boolean(inputs::ALLOW_OLDER)? {
        refuse("`all` and `allow-older` exclude each other", "Set only one of them.");
    }
    let skip_frozen = values.boolean(inputs::SKIP_FROZEN)?;
    if skip_frozen && !all {
        refuse("`skip-frozen` needs `all`", "Set `all` too, or unset `skip-frozen`.");
    }
    Ok(VerifyOptions { common: common?, reading: reading?, all, skip_frozen })
}

pub(super) fn restore(common: Common, values: &Values<'_>) -> Result<RestoreOptions, UsageError> {
    let (tables, target) = (values.noted(tables(values)), values.optional(inputs::TARGET_DATABASE_URL)?);
    let is_sql = values.optional(inputs::TO_SQL)?.is_some();
    if !is_sql && target.is_none() {
        values.refuse(
            UsageError::new("`target-database-url` is not set")
                .hint("Set the variable TARGET_DATABASE_URL to the URL of the database to restore into."),
        );
    }
    Ok(RestoreOptions {
        reading: reading(values)?,
        target,
        tables: tables?,
        common: common?,
        replace: values.boolean(inputs::REPLACE)?,
        allow_partial: values.boolean(inputs::ALLOW_PARTIAL)?,
        confirm: values.optional(inputs::CONFIRM)?,
        skip_missing_extensions: values.boolean(inputs::SKIP_MISSING_EXTENSIONS)?,
        jobs: jobs(values)?,
    })
}

pub(super) fn drill(common: Common, values: &Values<'_>) -> Result<DrillOptions, UsageError> {
    let reading = values.noted(reading(values));
    let deployment = values.noted(backup::deployment(values));
    Ok(DrillOptions {
        deployment: deployment?,
        reading: reading?,
        common: common?,
        target: values.optional(inputs::TARGET_DATABASE_URL)?,
        skip_missing_extensions: values.boolean(inputs::SKIP_MISSING_EXTENSIONS)?,
        jobs: jobs(values)?,
        checks: values.optional(inputs::DRILL_CHECKS)?,
        max_rpo: values.optional(inputs::MAX_RPO)?,
        max_rto: values.optional(inputs::MAX_RTO)?,
    })
}

/// Several connections commit by themselves, so they need a database that is dropped after a failure, and nothing can be
/// left out of one transaction.
fn jobs(values: &Values<'_>) -> Result<NonZeroUsize, UsageError> {
    let jobs = values.required(inputs::JOBS)?;
    for (other, is_set) in [
        ("replace", values.boolean(inputs::REPLACE)?),
        ("tables", values.optional(inputs::TABLES)?.is_some()),
        ("skip-missing-extensions", values.boolean(inputs::SKIP_MISSING_EXTENSIONS)?),
    ] {
        if jobs.get() > 1 && is_set {
            values.refuse(
                UsageError::new(format!("`jobs` and `{other}` exclude each other"))
                    .hint("Unset `jobs` or set it to 1."),
            );
        }
    }
    Ok(jobs)
}

/// A backup that an input names. A name that is of another environment is refused.
pub(super) fn of_the_environment(
    handle: Handle<WhichBackup>,
    values: &Values<'_>,
) -> Result<WhichBackup, UsageError> {
    let which = values.required(handle)?;
    if let (WhichBackup::Key(key), Ok(environment)) = (&which, values.required(inputs::ENVIRONMENT))
        && BackupKey::parse(environment, key).is_none()
    {
        let name = file_name(key);
        values.refuse(
            bad_value(handle, name, &format!("a backup of {environment}"))
                .hint("Check `environment`: it is part of the name."),
        );
    }
    Ok(which)
}

pub(super) fn reading(values: &Values<'_>) -> Result<ReadOptions, UsageError> {
    let identities = values.variable("AGE_IDENTITY").unwrap_or_default();
    let identities = values.noted(Identities::parse(identities).map_err(|problem| {
        UsageError::new(format!("AGE_IDENTITY {problem}"))
            .hint("Write one private key per line. Each begins with `AGE-SECRET-KEY-`.")
    }));
    let endpoint = values.noted(endpoint(values));
    let (which, allow_older) =
        (of_the_environment(inputs::BACKUP, values)?, values.boolean(inputs::ALLOW_OLDER)?);
    if allow_older && which != WhichBackup::Latest {
        values.refuse(
            UsageError::new("`allow-older` needs `backup: latest`, but `backup` names one backup")
                .hint("Unset `allow-older` or `backup`."),
        );
    }
    Ok(ReadOptions {
        endpoint: endpoint?,
        which,
        allow_older,
        identities: identities?,
        identity_file: values.optional(inputs::AGE_IDENTITY_FILE)?,
        thaw: values.boolean(inputs::THAW)?,
        timeout: values.required(inputs::TIMEOUT)?,
    })
}
