//! The orders of the commands that read backups: `list`, `verify`, `restore` and `drill`.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::{CommonOptions, Deployment, backup, endpoint, github};
use crate::archive::Identities;
use crate::archive::s3::Endpoint;
use crate::cli::values::{Values, bad_value};
use crate::cli::{UsageError, Variables};
use crate::github::Access;

/// Which backup to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichBackup {
    /// The newest.
    Latest,
    /// The one with this time in its key.
    At(Timestamp),
    /// The one at `s3://bucket/key`.
    Location {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
    },
}

/// `list`
#[derive(Debug)]
pub struct ListOptions {
    /// Sponsors and their secrets.
    pub scope: CommonOptions,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Whether to print JSON.
    pub json: bool,
    /// Maximum age of each sponsor's newest backup.
    pub max_backup_age: Option<Duration>,
    /// Access to GitHub's API.
    pub github: Option<Access>,
    /// Whether a failure opens an issue.
    pub issue_on_failure: bool,
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
    pub scope: CommonOptions,
    /// Which, and how.
    pub opening: ReadOptions,
    /// Whether to verify every backup instead of one.
    pub all: bool,
    /// Whether to skip backups in an archive tier.
    pub skip_frozen: bool,
    /// Whether to print the plan only.
    pub dry_run: bool,
    /// Access to GitHub's API.
    pub github: Option<Access>,
    /// Whether a failure opens an issue.
    pub issue_on_failure: bool,
}

/// `restore`
#[derive(Debug)]
pub struct RestoreOptions {
    /// Sponsors and their secrets.
    pub scope: CommonOptions,
    /// Which, and how.
    pub opening: ReadOptions,
    /// URL of the database to restore into.
    pub target: SecretString,
    /// Whether to drop the objects in the target first.
    pub replace: bool,
    /// Whether a partial backup may replace the target's objects.
    pub allow_partial: bool,
    /// `sponsor/database` of a live target, typed out.
    pub confirm: Option<String>,
    /// Whether to skip objects that need missing extensions.
    pub skip_missing_extensions: bool,
    /// Whether to print the plan only.
    pub dry_run: bool,
}

/// `drill`
#[derive(Debug)]
pub struct DrillOptions {
    /// Sponsors and their secrets.
    pub scope: CommonOptions,
    /// How the report is stored.
    pub deployment: Deployment,
    /// Which, and how.
    pub opening: ReadOptions,
    /// URL of an existing server to use. Absent: a temporary server.
    pub target: Option<SecretString>,
    /// Whether to skip objects that need missing extensions.
    pub skip_missing_extensions: bool,
    /// File of SQL statements that must return true.
    pub checks: Option<PathBuf>,
    /// Maximum age of the backup.
    pub max_rpo: Option<Duration>,
    /// Maximum duration of the drill.
    pub max_rto: Option<Duration>,
    /// Whether to print the plan only.
    pub dry_run: bool,
    /// Access to GitHub's API.
    pub github: Option<Access>,
    /// Whether a failure opens an issue.
    pub issue_on_failure: bool,
}

pub(super) fn list(
    scope: CommonOptions,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<ListOptions, UsageError> {
    let json = values.boolean("json")?;
    if json && values.boolean("outputs")? {
        return Err(UsageError::new("`json` and `outputs` exclude each other")
            .hint("Set only one of them: both write to standard output."));
    }
    Ok(ListOptions {
        scope,
        endpoint: endpoint(values, variables)?,
        json,
        max_backup_age: limit(values, "max-backup-age")?,
        github: github(values, variables)?,
        issue_on_failure: values.boolean("issue-on-failure")?,
    })
}

pub(super) fn verify(
    scope: CommonOptions,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<VerifyOptions, UsageError> {
    let all = values.boolean("all")?;
    let opening = opening(values, variables)?;
    if all && opening.which != WhichBackup::Latest {
        return Err(UsageError::new("`all` and `backup` exclude each other").hint("Set only one of them."));
    }
    if all && opening.allow_older {
        return Err(
            UsageError::new("`all` and `allow-older` exclude each other").hint("Set only one of them.")
        );
    }
    let skip_frozen = values.boolean("skip-frozen")?;
    if skip_frozen && !all {
        return Err(
            UsageError::new("`skip-frozen` needs `all`").hint("Set `all` too, or unset `skip-frozen`.")
        );
    }
    Ok(VerifyOptions {
        scope,
        opening,
        all,
        skip_frozen,
        dry_run: values.boolean("dry-run")?,
        github: github(values, variables)?,
        issue_on_failure: values.boolean("issue-on-failure")?,
    })
}

pub(super) fn restore(
    scope: CommonOptions,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<RestoreOptions, UsageError> {
    let target = target(values, variables).ok_or_else(|| {
        UsageError::new("`target-database-url` is not set")
            .hint("Set the variable TARGET_DATABASE_URL to the URL of the database to restore into.")
    })?;
    Ok(RestoreOptions {
        scope,
        opening: opening(values, variables)?,
        target,
        replace: values.boolean("replace")?,
        allow_partial: values.boolean("allow-partial")?,
        confirm: values.text("confirm"),
        skip_missing_extensions: values.boolean("skip-missing-extensions")?,
        dry_run: values.boolean("dry-run")?,
    })
}

pub(super) fn drill(
    scope: CommonOptions,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<DrillOptions, UsageError> {
    Ok(DrillOptions {
        deployment: backup::deployment(scope.environment, values, variables)?,
        scope,
        opening: opening(values, variables)?,
        target: target(values, variables),
        skip_missing_extensions: values.boolean("skip-missing-extensions")?,
        checks: values.text("drill-checks").map(PathBuf::from),
        max_rpo: limit(values, "max-rpo")?,
        max_rto: limit(values, "max-rto")?,
        dry_run: values.boolean("dry-run")?,
        github: github(values, variables)?,
        issue_on_failure: values.boolean("issue-on-failure")?,
    })
}

/// An optional duration.
fn limit(values: &Values<'_>, name: &'static str) -> Result<Option<Duration>, UsageError> {
    values.text(name).map(|_| values.duration(name)).transpose()
}

fn opening(values: &Values<'_>, variables: &Variables) -> Result<ReadOptions, UsageError> {
    let identities = variables.get("AGE_IDENTITY").map(String::as_str).unwrap_or_default();
    let identities = Identities::parse(identities).map_err(|problem| {
        UsageError::new(format!("AGE_IDENTITY {problem}"))
            .hint("Write one private key per line. Each begins with `AGE-SECRET-KEY-`.")
    })?;
    let (which, allow_older) = (which(&values.required("backup")?)?, values.boolean("allow-older")?);
    if allow_older && which != WhichBackup::Latest {
        return Err(UsageError::new("`allow-older` needs `backup: latest`, but `backup` names one backup")
            .hint("Unset `allow-older` or `backup`."));
    }
    Ok(ReadOptions {
        endpoint: endpoint(values, variables)?,
        which,
        allow_older,
        identities,
        identity_file: values.text("age-identity-file").map(PathBuf::from),
        thaw: values.boolean("thaw")?,
        timeout: values.duration("timeout")?,
    })
}

fn target(values: &Values<'_>, variables: &Variables) -> Option<SecretString> {
    let variable = || {
        variables.get("TARGET_DATABASE_URL").map(|url| url.trim().to_owned()).filter(|url| !url.is_empty())
    };
    values.text("target-database-url").or_else(variable).map(SecretString::from)
}

/// Bucket and key of an `s3://` location.
pub(super) fn place(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("s3://").and_then(|rest| rest.split_once('/'))
}

fn which(text: &str) -> Result<WhichBackup, UsageError> {
    if text == "latest" {
        return Ok(WhichBackup::Latest);
    }
    if let Some((bucket, key)) = place(text) {
        return Ok(WhichBackup::Location { bucket: bucket.to_owned(), key: key.to_owned() });
    }
    let exact = text.len() == "YYYYMMDD-HHMMSS".len();
    let at = DateTime::strptime("%Y%m%d-%H%M%S", text).ok().filter(|_| exact);
    let at = at.and_then(|at| at.to_zoned(TimeZone::UTC).ok()).map(|at| WhichBackup::At(at.timestamp()));
    at.ok_or_else(|| {
        bad_value("backup", text, "a backup")
            .hint("Write `latest`, a UTC time such as `20261120-013000`, or an s3:// location.")
    })
}

#[cfg(test)]
mod tests;
