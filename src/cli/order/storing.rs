//! The orders of commands that make something: `backup` and `record`.

use aws_sdk_s3::types::StorageClass;

use super::{BackupOrder, Deployment, RecordOrder, Scope, count, endpoint, github};
use crate::archive::s3::LockChoice;
use crate::archive::{Codec, Recipe, Recipients, flow};
use crate::cli::values::{Values, bad};
use crate::cli::{UsageError, Variables};
use crate::dump::invocation::DumpOptions;
use crate::record::Outcome;
use crate::sponsors::Environment;

pub(super) fn backup(
    scope: Scope,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<BackupOrder, UsageError> {
    let environment = scope.environment;
    let level = values.number::<i32>("compression-level")?;
    let codec = Codec::new(&values.required("compression")?, level).map_err(|problem| {
        let input = if problem.starts_with("is `") { "compression" } else { "compression-level" };
        bad(input, problem)
    })?;
    let recipients = values.text("age-recipients").unwrap_or_default();
    let recipients = Recipients::parse(&recipients).map_err(|problem| bad("age-recipients", problem))?;
    let storage_class = values.required("storage-class")?;
    if !StorageClass::values().contains(&storage_class.as_str()) {
        let known = StorageClass::values().join(", ");
        return Err(bad("storage-class", format!("is `{storage_class}`; S3 knows {known}")));
    }
    let memory_limit_bytes = values.bytes("memory-limit")?;
    if memory_limit_bytes < flow::smallest_limit() {
        let smallest = flow::smallest_limit() >> 20;
        return Err(bad("memory-limit", format!("is too small; a stream needs {smallest}MiB")));
    }
    Ok(BackupOrder {
        scope,
        deployment: deployment(environment, values, variables)?,
        pre_migration: values.boolean("pre-migration")?,
        recipe: Recipe { codec, recipients },
        dump: DumpOptions {
            include_privileges: values.boolean("include-privileges")?,
            schemas: values.words("schemas"),
            exclude_schemas: values.words("exclude-schemas"),
            exclude_table_data: values.words("exclude-table-data"),
            encoding: None,
            lock_wait_timeout: values.duration("lock-wait-timeout")?,
            schema_only: false,
        },
        storage_class,
        memory_limit_bytes,
        require_backup: values.boolean("require-backup")?,
        dry_run: values.boolean("dry-run")?,
        timeout: values.duration("timeout")?,
        github: github(values, variables)?,
        issue_on_failure: values.boolean("issue-on-failure")?,
    })
}

pub(super) fn record(
    scope: Scope,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<RecordOrder, UsageError> {
    let environment = scope.environment;
    let typed = values.required("outcome")?;
    let outcome = Outcome::OF_A_DEPLOYMENT.into_iter().find(|outcome| outcome.name() == typed);
    let outcome = outcome.ok_or_else(|| {
        bad("outcome", format!("is `{typed}`; it must be success, failure, cancelled or skipped"))
    })?;
    let size = values.text("backup-size");
    let backup_size = size.as_deref().map(str::parse).transpose().map_err(|_| {
        bad("backup-size", format!("is `{}`; it must be a number of bytes", size.clone().unwrap_or_default()))
    })?;
    Ok(RecordOrder {
        scope,
        deployment: deployment(environment, values, variables)?,
        outcome,
        backup_location: values.text("backup-location"),
        backup_size,
        dry_run: values.boolean("dry-run")?,
        github: github(values, variables)?,
    })
}

pub(super) fn deployment(
    environment: Environment,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<Deployment, UsageError> {
    let retention_years = values.number::<u16>("retention-years")?;
    if retention_years.is_some_and(|years| years > 100) {
        return Err(bad("retention-years", "is more than 100 years"));
    }
    let choice = values.required("object-lock")?;
    let lock = match choice.as_str() {
        "auto" => LockChoice::Auto,
        "governance" => LockChoice::Governance,
        "compliance" => LockChoice::Compliance,
        "off" => LockChoice::Off,
        other => {
            return Err(bad(
                "object-lock",
                format!("is `{other}`; it must be auto, governance, compliance or off"),
            ));
        }
    };
    let retention_years = retention_years.or(environment.retention_years());
    if retention_years.is_none() && matches!(lock, LockChoice::Governance | LockChoice::Compliance) {
        return Err(bad("object-lock", format!("is `{choice}`, but nothing says until when"))
            .hint("Set `retention-years` too."));
    }
    Ok(Deployment {
        version: values.text("version"),
        reason: values.text("reason"),
        retention_years,
        lock,
        endpoint: endpoint(values, variables)?,
        max_parallel: count(values, "max-parallel")?,
    })
}
