//! What is meant: plain values that commands act upon, checked as far as that is possible without asking anybody.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_s3::types::StorageClass;

use super::inputs::Command;
use super::values::{Values, bad};
use super::{UsageError, Variables};
use crate::archive::s3::{Endpoint, LockChoice};
use crate::archive::{Codec, Recipe, Recipients, flow};
use crate::dump::invocation::DumpOptions;
use crate::record::Outcome;
use crate::secrets::Keyring;
use crate::sponsors::{Environment, Selection};

/// What to do.
#[derive(Debug)]
pub enum Order {
    /// `matrix`
    Matrix(MatrixOrder),
    /// `backup`
    Backup(BackupOrder),
    /// `record`
    Record(RecordOrder),
}

/// Which sponsors, and where their secrets are.
#[derive(Debug)]
pub struct Scope {
    /// Which environment.
    pub environment: Environment,
    /// Which sponsors.
    pub selection: Selection,
    /// Manifest file; Doppler's where absent.
    pub manifest: Option<PathBuf>,
    /// Secrets file; Doppler's where absent.
    pub secrets_file: Option<PathBuf>,
    /// Doppler project of the manifest.
    pub core_project: String,
    /// Prefix of a sponsor's Doppler project.
    pub project_prefix: String,
    /// Doppler config.
    pub config: String,
    /// Doppler's address.
    pub doppler_api_url: String,
    /// Tokens and keys of the environment.
    pub keyring: Keyring,
}

/// What is deployed, and how its traces are kept.
#[derive(Debug)]
pub struct Deployment {
    /// Its version.
    pub version: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Years to keep.
    pub retention_years: Option<u16>,
    /// How objects are locked.
    pub lock: LockChoice,
    /// Where S3 is.
    pub endpoint: Endpoint,
    /// Sponsors at once.
    pub max_parallel: NonZeroUsize,
}

/// `matrix`
#[derive(Debug)]
pub struct MatrixOrder {
    /// Whom.
    pub scope: Scope,
    /// More sponsors than this are grouped.
    pub max_jobs: NonZeroUsize,
}

/// `backup`
#[derive(Debug)]
pub struct BackupOrder {
    /// Whom.
    pub scope: Scope,
    /// What for.
    pub deployment: Deployment,
    /// Whether a deployment follows.
    pub pre_migration: bool,
    /// What is done to the bytes.
    pub recipe: Recipe,
    /// What is dumped.
    pub dump: DumpOptions,
    /// Of the dump's object.
    pub storage_class: String,
    /// Bytes in flight, all sponsors together.
    pub memory_limit_bytes: u64,
    /// Whether a disabled flag is a failure.
    pub require_backup: bool,
    /// Whether to stop at the plan.
    pub dry_run: bool,
    /// Wall clock for one sponsor.
    pub timeout: Duration,
}

/// `record`
#[derive(Debug)]
pub struct RecordOrder {
    /// Whom.
    pub scope: Scope,
    /// What.
    pub deployment: Deployment,
    /// How it ended.
    pub outcome: Outcome,
    /// From the backup step.
    pub backup_location: Option<String>,
    /// From the backup step.
    pub backup_size: Option<u64>,
}

pub(super) fn read(
    command: Command,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<Order, UsageError> {
    let scope = scope(values, variables)?;
    Ok(match command {
        Command::Matrix => Order::Matrix(MatrixOrder { scope, max_jobs: count(values, "max-jobs")? }),
        Command::Backup => Order::Backup(backup(scope, values, variables)?),
        Command::Record => Order::Record(record(scope, values, variables)?),
    })
}

fn scope(values: &Values<'_>, variables: &Variables) -> Result<Scope, UsageError> {
    let environment = values.required("environment")?;
    let environment: Environment = environment.parse().map_err(|()| {
        bad("environment", format!("is `{environment}`; it must be production, staging or development"))
    })?;
    let doppler_api_url = values.required("doppler-api-url")?;
    if !is_safe_for_tokens(&doppler_api_url) {
        return Err(bad(
            "doppler-api-url",
            "must begin with https://; a token must not travel in plain text",
        ));
    }
    Ok(Scope {
        environment,
        selection: Selection::parse(&values.text("sponsors").unwrap_or_default()),
        manifest: values.text("manifest").map(PathBuf::from),
        secrets_file: values.text("secrets-file").map(PathBuf::from),
        core_project: values.required("core-project")?,
        project_prefix: values.text("project-prefix").unwrap_or_default(),
        config: values.text("config").unwrap_or_else(|| environment.doppler_config().to_owned()),
        doppler_api_url,
        keyring: Keyring::from_variables(
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        ),
    })
}

fn backup(scope: Scope, values: &Values<'_>, variables: &Variables) -> Result<BackupOrder, UsageError> {
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
            lock_wait_timeout: values.duration("lock-wait-timeout")?,
        },
        storage_class,
        memory_limit_bytes,
        require_backup: values.boolean("require-backup")?,
        dry_run: values.boolean("dry-run")?,
        timeout: values.duration("timeout")?,
    })
}

fn record(scope: Scope, values: &Values<'_>, variables: &Variables) -> Result<RecordOrder, UsageError> {
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
    })
}

fn deployment(
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

fn endpoint(values: &Values<'_>, variables: &Variables) -> Result<Endpoint, UsageError> {
    let variable =
        |name: &str| variables.get(name).map(|value| value.trim().to_owned()).filter(|text| !text.is_empty());
    let url = values.text("s3-endpoint-url").or_else(|| variable("AWS_ENDPOINT_URL_S3"));
    if let Some(text) = &url {
        let web = url::Url::parse(text)
            .is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        if !web {
            return Err(bad(
                "s3-endpoint-url",
                format!("is `{text}`; it must begin with https:// or http://"),
            ));
        }
    }
    Ok(Endpoint {
        url,
        force_path_style: values.boolean("s3-force-path-style")?,
        expected_bucket_owner: values.text("expected-bucket-owner"),
        // The SDKs' own switch, for compatible stores that refuse checksums.
        checksums: variable("AWS_REQUEST_CHECKSUM_CALCULATION")
            .is_none_or(|value| !value.eq_ignore_ascii_case("when_required")),
    })
}

fn count(values: &Values<'_>, name: &'static str) -> Result<NonZeroUsize, UsageError> {
    let number = values.number::<usize>(name)?.unwrap_or(1);
    Ok(NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN))
}

/// Plain text is for this machine's own loopback only.
fn is_safe_for_tokens(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" && url.has_host() || url.scheme() == "http" && loopback
}
