//! The orders that commands carry out: plain values, checked as far as possible without any request.

mod address;
mod backup;
mod keyless;
mod restore;

pub use restore::{DrillOptions, ListOptions, ReadOptions, RestoreOptions, VerifyOptions, WhichBackup};

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::inputs::Command;
use super::values::{Values, bad, bad_value};
use super::{UsageError, Variables};
use crate::archive::SealOptions;
use crate::archive::catalogue::BackupKey;
use crate::archive::s3::{Endpoint, LockChoice};
use crate::databases::postgres::invocation::DumpOptions;
use crate::github::Access;
use crate::record::Outcome;
use crate::secrets::http::is_safe_for_tokens;
use crate::secrets::{EnvCredentials, Secret};
use crate::sponsors::{Environment, Selection};

/// What to do.
#[derive(Debug)]
pub enum CommandOptions {
    /// `matrix`
    Matrix(MatrixOptions),
    /// `backup`
    Backup(BackupOptions),
    /// `record`
    Record(RecordOptions),
    /// `list`
    List(ListOptions),
    /// `verify`
    Verify(VerifyOptions),
    /// `restore`
    Restore(RestoreOptions),
    /// `drill`
    Drill(DrillOptions),
}

impl CommandOptions {
    /// Which sponsors it is for.
    #[must_use]
    pub fn scope(&self) -> &CommonOptions {
        match self {
            Self::Matrix(order) => &order.scope,
            Self::Backup(order) => &order.scope,
            Self::Record(order) => &order.scope,
            Self::List(order) => &order.scope,
            Self::Verify(order) => &order.scope,
            Self::Restore(order) => &order.scope,
            Self::Drill(order) => &order.scope,
        }
    }
}

/// Which sponsors, and where to find their secrets.
#[derive(Debug)]
pub struct CommonOptions {
    /// Environment.
    pub environment: Environment,
    /// Sponsors.
    pub selection: Selection,
    /// Manifest file. Absent: the manifest is in Doppler.
    pub manifest: Option<PathBuf>,
    /// Secrets file. Absent: the secrets are in Doppler.
    pub secrets_file: Option<PathBuf>,
    /// Doppler project of the manifest.
    pub core_project: String,
    /// Prefix of a sponsor's Doppler project.
    pub project_prefix: String,
    /// Doppler config.
    pub config: String,
    /// Doppler API URL.
    pub doppler_api_url: String,
    /// Doppler service account identity that accepts this job's OIDC token.
    pub doppler_identity: Option<String>,
    /// IAM role to assume if exactly one sponsor is selected.
    pub aws_role: Option<String>,
    /// URL of AWS STS, if not the region's own.
    pub sts_endpoint_url: Option<String>,
    /// Tokens and keys from environment variables.
    pub keyring: EnvCredentials,
    /// File to which the log's lines are appended.
    pub log_file: Option<PathBuf>,
}

/// The deployment, and how its objects are stored.
#[derive(Debug)]
pub struct Deployment {
    /// Version being deployed.
    pub version: Option<String>,
    /// Commit being deployed, if it is not the run's own.
    pub commit_sha: Option<String>,
    /// Reason for the deployment.
    pub reason: Option<String>,
    /// Years to keep each object.
    pub retention_years: Option<u16>,
    /// Object Lock mode.
    pub lock: LockChoice,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Sponsors to process in parallel.
    pub max_parallel: NonZeroUsize,
}

/// `matrix`
#[derive(Debug)]
pub struct MatrixOptions {
    /// Sponsors and their secrets.
    pub scope: CommonOptions,
    /// Maximum number of matrix jobs. Additional sponsors share jobs.
    pub max_jobs: NonZeroUsize,
    /// Folder of workflows that must pass on every sponsor's token.
    pub workflows: Option<PathBuf>,
    /// Access to GitHub's API.
    pub github: Option<Access>,
    /// Whether a failure opens an issue.
    pub issue_on_failure: bool,
}

/// `backup`
#[derive(Debug)]
pub struct BackupOptions {
    /// Sponsors and their secrets.
    pub scope: CommonOptions,
    /// The deployment.
    pub deployment: Deployment,
    /// Whether the backup is taken before a deployment.
    pub pre_migration: bool,
    /// Compression and encryption.
    pub recipe: SealOptions,
    /// What to dump.
    pub dump: DumpOptions,
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
    /// Whether to print the plan only.
    pub dry_run: bool,
    /// Time limit per sponsor.
    pub timeout: Duration,
    /// Access to GitHub's API.
    pub github: Option<Access>,
    /// Whether a failure opens an issue.
    pub issue_on_failure: bool,
}

/// A backup, named by its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBackup {
    /// Bucket.
    pub bucket: String,
    /// Key of the dump.
    pub backup: BackupKey,
}

/// `record`
#[derive(Debug)]
pub struct RecordOptions {
    /// Sponsors and their secrets.
    pub scope: CommonOptions,
    /// The deployment.
    pub deployment: Deployment,
    /// Outcome of the deployment.
    pub outcome: Outcome,
    /// Output `backup_location` of the backup step.
    pub backup_location: Option<String>,
    /// The backup at that location. Absent: there is none, or `not-configured`.
    pub backup: Option<NamedBackup>,
    /// Output `backup_size` of the backup step, in bytes.
    pub backup_size: Option<u64>,
    /// Whether to print the plan only.
    pub dry_run: bool,
    /// Access to GitHub's API.
    pub github: Option<Access>,
}

pub(super) fn read(
    command: Command,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<CommandOptions, UsageError> {
    let scope = scope(values, variables)?;
    Ok(match command {
        Command::Matrix => CommandOptions::Matrix(MatrixOptions {
            scope,
            max_jobs: count(values, "max-jobs")?,
            workflows: values.text("workflows").map(PathBuf::from),
            github: github(values, variables)?,
            issue_on_failure: values.boolean("issue-on-failure")?,
        }),
        Command::Backup => CommandOptions::Backup(backup::backup(scope, values, variables)?),
        Command::Record => CommandOptions::Record(backup::record(scope, values, variables)?),
        Command::List => CommandOptions::List(restore::list(scope, values, variables)?),
        Command::Verify => CommandOptions::Verify(restore::verify(scope, values, variables)?),
        Command::Restore => CommandOptions::Restore(restore::restore(scope, values, variables)?),
        Command::Drill => CommandOptions::Drill(restore::drill(scope, values, variables)?),
    })
}

fn scope(values: &Values<'_>, variables: &Variables) -> Result<CommonOptions, UsageError> {
    let environment = values.required("environment")?;
    let environment: Environment = environment.parse().map_err(|()| {
        bad_value("environment", &environment, "an environment")
            .hint("Use `production`, `staging` or `development`.")
    })?;
    let doppler_api_url = values.required("doppler-api-url")?;
    if !is_safe_for_tokens(&doppler_api_url) {
        return Err(bad(
            "doppler-api-url",
            "does not begin with https://, so tokens would be sent in plain text",
        )
        .hint("Write an https:// URL. Only localhost may use http://."));
    }
    let keyless = keyless::read(values, variables)?;
    Ok(CommonOptions {
        environment,
        selection: Selection::parse(&values.text("sponsors").unwrap_or_default()),
        manifest: values.text("manifest").map(PathBuf::from),
        secrets_file: values.text("secrets-file").map(PathBuf::from),
        core_project: values.required("core-project")?,
        project_prefix: values.text("project-prefix").unwrap_or_default(),
        config: values.text("config").unwrap_or_else(|| environment.doppler_config().to_owned()),
        doppler_api_url,
        doppler_identity: keyless.doppler_identity,
        aws_role: keyless.aws_role,
        sts_endpoint_url: keyless.sts_endpoint_url,
        log_file: values.text("log-file").map(PathBuf::from),
        keyring: EnvCredentials::from_variables(
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        ),
    })
}

fn endpoint(values: &Values<'_>, variables: &Variables) -> Result<Endpoint, UsageError> {
    let variable =
        |name: &str| variables.get(name).map(|value| value.trim().to_owned()).filter(|text| !text.is_empty());
    let url = values.text("s3-endpoint-url").or_else(|| variable("AWS_ENDPOINT_URL_S3"));
    Ok(Endpoint {
        url: url.map(|text| address::of_a_store(&text)).transpose()?,
        force_path_style: values.boolean("s3-force-path-style")?,
        expected_bucket_owner: values.text("expected-bucket-owner"),
        // The AWS SDKs' own switch, for stores that reject checksums.
        checksums: variable("AWS_REQUEST_CHECKSUM_CALCULATION")
            .is_none_or(|value| !value.eq_ignore_ascii_case("when_required")),
    })
}

fn count(values: &Values<'_>, name: &'static str) -> Result<NonZeroUsize, UsageError> {
    let number = values.number::<usize>(name)?.unwrap_or(1);
    Ok(NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN))
}

/// Access to GitHub's API. None without a token.
fn github(values: &Values<'_>, variables: &Variables) -> Result<Option<Access>, UsageError> {
    let Some(token) = values.text("github-token") else { return Ok(None) };
    // The token becomes a header. The message does not repeat it.
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("github-token", "contains a character that no GitHub token has")
            .hint("Pass only the token, usually `github.token`."));
    }
    let api_url = variables.get("GITHUB_API_URL").map(|url| url.trim()).filter(|url| !url.is_empty());
    let api_url = api_url.unwrap_or("https://api.github.com").to_owned();
    Ok(Some(Access { api_url, token: Secret::from(token) }))
}
