//! The options of the commands that write a backup's objects: `backup` and `record`.

use std::num::NonZeroUsize;
use std::time::Duration;

use aws_sdk_s3::types::StorageClass;

use super::limits::limits;
use super::{CommonOptions, Deployment, endpoint};
use crate::archive::catalogue::BackupKey;
use crate::archive::{Codec, Recipients, SealOptions, memory};
use crate::cli::free_text::FreeText;
use crate::cli::inputs;
use crate::cli::usage::UsageError;
use crate::cli::values::{Values, bad, bad_value};
use crate::cli::which_backup::Location;
use crate::databases::postgres::invocation::DumpOptions;
use crate::record::RecordedOutcome;
use crate::sponsors::Environment;
use crate::store::LockChoice;
use crate::verification::backup_diff::DiffLimits;

/// The output `backup_location` if backups are disabled for the sponsor.
const NOT_CONFIGURED: &str = "not-configured";

/// `backup`
#[derive(Debug)]
pub struct BackupOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// The deployment.
    pub deployment: Deployment,
    /// Whether the backup is taken before a deployment.
    pub pre_migration: bool,
    /// Compression and encryption.
    pub seal_options: SealOptions,
    /// What to dump.
    pub dump: DumpOptions,
    /// Connections that read a database at once.
    pub jobs: NonZeroUsize,
    /// Maximum lag of a standby behind its primary.
    pub max_replica_lag: Duration,
    /// S3 storage class of the dump.
    pub storage_class: String,
    /// Bytes in upload buffers, shared by all sponsors.
    pub memory_limit_bytes: u64,
    /// Whether a sponsor with disabled backups fails.
    pub require_backup: bool,
    /// Sponsors whose database was replaced on purpose since their last backup.
    pub accept_new_source: Vec<String>,
    /// What may change since the backup before.
    pub limits: DiffLimits,
    /// Time limit per sponsor.
    pub timeout: Duration,
}

/// A backup, named by its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBackup {
    /// The location.
    pub location: Location,
    /// Key of the dump.
    pub backup: BackupKey,
}

/// `record`
#[derive(Debug)]
pub struct RecordOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// The deployment.
    pub deployment: Deployment,
    /// Outcome of the deployment.
    pub outcome: RecordedOutcome,
    /// Output `backup_location` of the backup step.
    pub backup_location: Option<String>,
    /// The backup at that location. Absent: there is none, or `not-configured`.
    pub backup: Option<NamedBackup>,
    /// Output `backup_size` of the backup step, in bytes.
    pub backup_size: Option<u64>,
}

pub(super) fn backup(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<BackupOptions, UsageError> {
    let level = values.required(inputs::COMPRESSION_LEVEL)?;
    let codec = values.noted(Codec::new(values.required(inputs::COMPRESSION)?, level).map_err(|problem| {
        bad(inputs::COMPRESSION_LEVEL, problem).hint("Write a level in that range, or `auto`.")
    }));
    let recipients = values.noted(recipients(values));
    let are_missing = recipients.as_ref().is_ok_and(Recipients::is_empty);
    if values.boolean(inputs::REQUIRE_ENCRYPTION)? && are_missing {
        values.refuse(UsageError::new("`require-encryption` is set, but `age-recipients` is empty").hint(
            "Set `age-recipients` to age public keys. An unset variable of the workflow arrives empty.",
        ));
    }
    let memory_limit_bytes = values.noted(memory_limit(values));
    let jobs = values.noted(jobs(values));
    let storage_class = values.noted(storage_class(values));
    let deployment = values.noted(deployment(values));
    Ok(BackupOptions {
        common: common?,
        deployment: deployment?,
        pre_migration: values.boolean(inputs::PRE_MIGRATION)?,
        seal_options: SealOptions { codec: codec?, recipients: recipients? },
        dump: DumpOptions {
            include_privileges: values.boolean(inputs::INCLUDE_PRIVILEGES)?,
            schemas: values.optional(inputs::SCHEMAS)?.unwrap_or_default(),
            exclude_schemas: values.optional(inputs::EXCLUDE_SCHEMAS)?.unwrap_or_default(),
            exclude_table_data: values.optional(inputs::EXCLUDE_TABLE_DATA)?.unwrap_or_default(),
            tables: Vec::new(),
            encoding: None,
            no_unlogged_rows: false,
            lock_wait_timeout: values.required(inputs::LOCK_WAIT_TIMEOUT)?,
            schema_only: false,
            section: None,
            snapshot: None,
        },
        jobs: jobs?,
        max_replica_lag: values.required(inputs::MAX_REPLICA_LAG)?,
        storage_class: storage_class?,
        memory_limit_bytes: memory_limit_bytes?,
        require_backup: values.boolean(inputs::REQUIRE_BACKUP)?,
        accept_new_source: values.optional(inputs::ACCEPT_NEW_SOURCE)?.unwrap_or_default(),
        limits: limits(values)?,
        timeout: values.required(inputs::TIMEOUT)?,
    })
}

pub(super) fn recipients(values: &Values<'_>) -> Result<Recipients, UsageError> {
    let recipients = values.optional(inputs::AGE_RECIPIENTS)?.unwrap_or_default();
    Recipients::parse(&recipients).map_err(|problem| {
        bad(inputs::AGE_RECIPIENTS, problem).hint("Write one public key per line. Each begins with `age1`.")
    })
}

/// Several connections read whole databases only: pg_dump alone decides what a pattern selects, and it writes grants before the
/// rows of a dump in sections.
fn jobs(values: &Values<'_>) -> Result<NonZeroUsize, UsageError> {
    let jobs = values.required(inputs::JOBS)?;
    let is_set =
        |handle| values.optional::<Vec<String>>(handle).map(|list| list.is_some_and(|list| !list.is_empty()));
    let with = [
        ("schemas", is_set(inputs::SCHEMAS)?),
        ("exclude-schemas", is_set(inputs::EXCLUDE_SCHEMAS)?),
        ("exclude-table-data", is_set(inputs::EXCLUDE_TABLE_DATA)?),
        ("include-privileges", values.boolean(inputs::INCLUDE_PRIVILEGES)?),
    ];
    match with.into_iter().find(|(_, is_set)| *is_set) {
        Some((name, _)) if jobs.get() > 1 => {
            Err(UsageError::new(format!("`jobs` is {jobs}, and `{name}` is set")).hint(format!(
                "Several connections read whole databases without grants. Set `jobs` to 1, or unset `{name}`."
            )))
        }
        _ => Ok(jobs),
    }
}

pub(super) fn memory_limit(values: &Values<'_>) -> Result<u64, UsageError> {
    let memory_limit_bytes = values.required(inputs::MEMORY_LIMIT)?.as_u64();
    // An upload works with two compressed members and two parts at least.
    if memory_limit_bytes < memory::smallest_limit() {
        let smallest = memory::smallest_limit() >> 20;
        return Err(bad(inputs::MEMORY_LIMIT, format!("is too small: an upload needs {smallest}MiB"))
            .hint(format!("Raise `memory-limit` to at least `{smallest}MiB`.")));
    }
    Ok(memory_limit_bytes)
}

/// The storage class of the dump. Checked here: S3 would reject it only after pg_dump has run.
pub(super) fn storage_class(values: &Values<'_>) -> Result<String, UsageError> {
    let storage_class = values.required(inputs::STORAGE_CLASS)?;
    if !StorageClass::values().contains(&storage_class.as_str()) {
        let known = StorageClass::values().join(", ");
        return Err(bad_value(inputs::STORAGE_CLASS, &storage_class, "an S3 storage class")
            .hint(format!("Use one of {known}.")));
    }
    Ok(storage_class)
}

pub(super) fn record(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<RecordOptions, UsageError> {
    let outcome = values.required(inputs::OUTCOME);
    let deployment = values.noted(deployment(values));
    let environment = values.required(inputs::ENVIRONMENT)?;
    let backup_size = values.optional(inputs::BACKUP_SIZE)?;
    let backup_location = values.optional(inputs::BACKUP_LOCATION)?;
    let named = backup_location.as_deref().filter(|location| *location != NOT_CONFIGURED);
    let backup = values.noted(named.map(|location| named_backup(environment, location)).transpose());
    // A size without a backup comes from another step, and so might the location.
    if backup_location.is_some() && matches!(backup, Ok(None)) && backup_size.is_some_and(|size| size > 0) {
        let problem = format!("is more than 0, but `backup-location` is `{NOT_CONFIGURED}`");
        values.refuse(bad(inputs::BACKUP_SIZE, problem).hint("Pass both outputs of the same backup step."));
    }
    Ok(RecordOptions {
        common: common?,
        deployment: deployment?,
        outcome: outcome?,
        backup_location,
        backup: backup?,
        backup_size,
    })
}

/// Only a dump of this environment is a backup, and not the files next to it.
fn named_backup(environment: Environment, text: &str) -> Result<NamedBackup, UsageError> {
    let named = Location::parse(text).and_then(|location| {
        let backup = location.backup(environment)?;
        Some(NamedBackup { location, backup })
    });
    named.ok_or_else(|| {
        bad_value(inputs::BACKUP_LOCATION, text, &format!("a backup of {environment}"))
            .hint("Pass the output `backup_location` of the backup step.")
    })
}

pub(super) fn deployment(values: &Values<'_>) -> Result<Deployment, UsageError> {
    let environment = values.required(inputs::ENVIRONMENT)?;
    let retention_years = values.optional(inputs::RETENTION_YEARS)?;
    // A compliance lock cannot be shortened by anyone, so a slip of the keyboard must not lock for a thousand years.
    if retention_years.is_some_and(|years| years > 100) {
        values.refuse(bad(inputs::RETENTION_YEARS, "is more than 100").hint("Write a number from 1 to 100."));
    }
    let lock = values.required(inputs::OBJECT_LOCK)?;
    let retention_years = retention_years.or(environment.retention_years());
    let needs_years = match lock {
        LockChoice::Auto | LockChoice::Off => None,
        LockChoice::Governance => Some("governance"),
        LockChoice::Compliance => Some("compliance"),
    };
    if let (Some(mode), None) = (needs_years, retention_years) {
        let problem = format!("is `{mode}`, but `retention-years` is not set");
        let hint = "Set `retention-years`. It has a default in production only.";
        values.refuse(bad(inputs::OBJECT_LOCK, problem).hint(hint));
    }
    let commit_sha = values.optional(inputs::COMMIT_SHA)?;
    // A record is kept for years, in which a short hash can become ambiguous.
    let is_hash = |text: &String| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(text) = commit_sha.as_ref().filter(|text| !is_hash(text)) {
        let problem = bad_value(inputs::COMMIT_SHA, text, "a full commit SHA");
        values.refuse(problem.hint("Write all 40 hexadecimal digits."));
    }
    Ok(Deployment {
        version: values.optional(inputs::VERSION)?.map(FreeText::new),
        commit_sha,
        reason: values.optional(inputs::REASON)?.map(FreeText::new),
        retention_years,
        lock,
        endpoint: endpoint(values)?,
        max_parallel: values.optional(inputs::MAX_PARALLEL)?.unwrap_or(NonZeroUsize::MIN),
    })
}
