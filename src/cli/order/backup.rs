//! The orders of the commands that write: `backup` and `record`.

use aws_sdk_s3::types::StorageClass;

use super::restore::place;
use super::{BackupOptions, CommonOptions, Deployment, NamedBackup, RecordOptions, count, endpoint, github};
use crate::archive::catalogue::BackupKey;
use crate::archive::s3::LockChoice;
use crate::archive::{Codec, Recipients, SealOptions, memory};
use crate::cli::values::{Values, bad, bad_value};
use crate::cli::{UsageError, Variables};
use crate::databases::postgres::invocation::DumpOptions;
use crate::record::Outcome;
use crate::sponsors::Environment;

/// The output `backup_location` if backups are disabled for the sponsor.
const NOT_CONFIGURED: &str = "not-configured";

pub(super) fn backup(
    scope: CommonOptions,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<BackupOptions, UsageError> {
    let environment = scope.environment;
    let level = values.number::<i32>("compression-level")?;
    let codec = Codec::new(&values.required("compression")?, level).map_err(|problem| {
        let input = if problem.starts_with("is `") { "compression" } else { "compression-level" };
        let hint = if input == "compression" {
            "Use `gzip` or `zstd`."
        } else {
            "Write a level in that range, or unset `compression-level`."
        };
        bad(input, problem).hint(hint)
    })?;
    let recipients = values.text("age-recipients").unwrap_or_default();
    let recipients = Recipients::parse(&recipients).map_err(|problem| {
        bad("age-recipients", problem).hint("Write one public key per line. Each begins with `age1`.")
    })?;
    if values.boolean("require-encryption")? && recipients.is_empty() {
        return Err(UsageError::new("`require-encryption` is set, but `age-recipients` is empty").hint(
            "Set `age-recipients` to age public keys. An unset variable of the workflow arrives empty.",
        ));
    }
    let storage_class = values.required("storage-class")?;
    if !StorageClass::values().contains(&storage_class.as_str()) {
        let known = StorageClass::values().join(", ");
        return Err(bad_value("storage-class", &storage_class, "an S3 storage class")
            .hint(format!("Use one of {known}.")));
    }
    let memory_limit_bytes = values.bytes("memory-limit")?;
    if memory_limit_bytes < memory::smallest_limit() {
        let smallest = memory::smallest_limit() >> 20;
        return Err(bad("memory-limit", format!("is too small: an upload needs {smallest}MiB"))
            .hint(format!("Raise `memory-limit` to at least `{smallest}MiB`.")));
    }
    Ok(BackupOptions {
        scope,
        deployment: deployment(environment, values, variables)?,
        pre_migration: values.boolean("pre-migration")?,
        recipe: SealOptions { codec, recipients },
        dump: DumpOptions {
            include_privileges: values.boolean("include-privileges")?,
            schemas: values.words("schemas"),
            exclude_schemas: values.words("exclude-schemas"),
            exclude_table_data: values.words("exclude-table-data"),
            encoding: None,
            no_unlogged_rows: false,
            lock_wait_timeout: values.duration("lock-wait-timeout")?,
            schema_only: false,
            snapshot: None,
        },
        max_replica_lag: values.duration("max-replica-lag")?,
        storage_class,
        memory_limit_bytes,
        require_backup: values.boolean("require-backup")?,
        accept_new_source: values.words("accept-new-source"),
        dry_run: values.boolean("dry-run")?,
        timeout: values.duration("timeout")?,
        github: github(values, variables)?,
        issue_on_failure: values.boolean("issue-on-failure")?,
    })
}

pub(super) fn record(
    scope: CommonOptions,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<RecordOptions, UsageError> {
    let environment = scope.environment;
    let typed = values.required("outcome")?;
    let outcome = Outcome::OF_A_DEPLOYMENT.into_iter().find(|outcome| outcome.name() == typed);
    let outcome = outcome.ok_or_else(|| {
        bad_value("outcome", &typed, "an outcome").hint("Use `success`, `failure`, `cancelled` or `skipped`.")
    })?;
    let size = values.text("backup-size");
    let backup_size = size.as_deref().map(str::parse).transpose().map_err(|_| {
        bad_value("backup-size", size.as_deref().unwrap_or_default(), "a number of bytes")
            .hint("Pass the output `backup_size` of the backup step.")
    })?;
    let backup_location = values.text("backup-location");
    let named = backup_location.as_deref().filter(|location| *location != NOT_CONFIGURED);
    let backup = named.map(|location| named_backup(environment, location)).transpose()?;
    if backup_location.is_some() && backup.is_none() && backup_size.is_some_and(|size| size > 0) {
        return Err(bad(
            "backup-size",
            format!("is more than 0, but `backup-location` is `{NOT_CONFIGURED}`"),
        )
        .hint("Pass both outputs of the same backup step."));
    }
    Ok(RecordOptions {
        scope,
        deployment: deployment(environment, values, variables)?,
        outcome,
        backup_location,
        backup,
        backup_size,
        dry_run: values.boolean("dry-run")?,
        github: github(values, variables)?,
    })
}

/// Only a dump of this environment is a backup, and not the files next to it.
fn named_backup(environment: Environment, location: &str) -> Result<NamedBackup, UsageError> {
    let parsed = place(location)
        .and_then(|(bucket, key)| Some((bucket.to_owned(), BackupKey::parse(environment, key)?)));
    let (bucket, backup) = parsed.ok_or_else(|| {
        bad_value("backup-location", location, &format!("a backup of {environment}"))
            .hint("Pass the output `backup_location` of the backup step.")
    })?;
    Ok(NamedBackup { bucket, backup })
}

pub(super) fn deployment(
    environment: Environment,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<Deployment, UsageError> {
    let retention_years = values.number::<u16>("retention-years")?;
    if retention_years.is_some_and(|years| years > 100) {
        return Err(bad("retention-years", "is more than 100").hint("Write a number from 1 to 100."));
    }
    let choice = values.required("object-lock")?;
    let lock = match choice.as_str() {
        "auto" => LockChoice::Auto,
        "governance" => LockChoice::Governance,
        "compliance" => LockChoice::Compliance,
        "off" => LockChoice::Off,
        other => {
            return Err(bad_value("object-lock", other, "an Object Lock mode")
                .hint("Use `auto`, `governance`, `compliance` or `off`."));
        }
    };
    let retention_years = retention_years.or(environment.retention_years());
    if retention_years.is_none() && matches!(lock, LockChoice::Governance | LockChoice::Compliance) {
        return Err(bad("object-lock", format!("is `{choice}`, but `retention-years` is not set"))
            .hint("Set `retention-years`. It has a default in production only."));
    }
    let commit_sha = values.text("commit-sha");
    let is_hash = |text: &String| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(text) = commit_sha.as_ref().filter(|text| !is_hash(text)) {
        return Err(
            bad_value("commit-sha", text, "a full commit SHA").hint("Write all 40 hexadecimal digits.")
        );
    }
    Ok(Deployment {
        version: values.text("version"),
        commit_sha,
        reason: values.text("reason"),
        retention_years,
        lock,
        endpoint: endpoint(values, variables)?,
        max_parallel: count(values, "max-parallel")?,
    })
}
