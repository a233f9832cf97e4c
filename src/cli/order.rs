//! What is meant: plain values that commands act upon, checked as far as that is possible without asking anybody.

mod address;
mod keyless;
mod opening;
mod storing;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::inputs::Command;
use super::values::{Values, bad};
use super::{UsageError, Variables};
use crate::archive::Recipe;
use crate::archive::catalogue::BackupKey;
use crate::archive::s3::{Endpoint, LockChoice};
use crate::dump::invocation::DumpOptions;
use crate::record::Outcome;
use crate::record::github::Access;
use crate::secrets::transit::is_safe_for_tokens;
use crate::secrets::{Keyring, Secret};
use crate::sponsors::{Environment, Selection};
pub use opening::{DrillOrder, ListOrder, Opening, RestoreOrder, VerifyOrder, Which};

/// What to do.
#[derive(Debug)]
pub enum Order {
    /// `matrix`
    Matrix(MatrixOrder),
    /// `backup`
    Backup(BackupOrder),
    /// `record`
    Record(RecordOrder),
    /// `list`
    List(ListOrder),
    /// `verify`
    Verify(VerifyOrder),
    /// `restore`
    Restore(RestoreOrder),
    /// `drill`
    Drill(DrillOrder),
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
    /// Doppler identity that this job's own OIDC token opens.
    pub doppler_identity: Option<String>,
    /// AWS role for the one sponsor that is selected.
    pub aws_role: Option<String>,
    /// Another AWS STS than that of the region.
    pub sts_endpoint_url: Option<String>,
    /// Tokens and keys of the environment.
    pub keyring: Keyring,
}

/// What is deployed, and how its traces are kept.
#[derive(Debug)]
pub struct Deployment {
    /// Its version.
    pub version: Option<String>,
    /// The commit that is deployed, if it is not the run's own.
    pub commit_sha: Option<String>,
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
    /// A folder of workflows that must pass on every sponsor's token.
    pub workflows: Option<PathBuf>,
    /// How GitHub is asked.
    pub github: Option<Access>,
    /// Whether a failure is told in an issue.
    pub issue_on_failure: bool,
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
    /// How far a standby may lag behind its primary.
    pub max_replica_lag: Duration,
    /// Of the dump's object.
    pub storage_class: String,
    /// Bytes in flight, all sponsors together.
    pub memory_limit_bytes: u64,
    /// Whether a disabled flag is a failure.
    pub require_backup: bool,
    /// Sponsors whose database is another one than before, on purpose.
    pub accept_new_source: Vec<String>,
    /// Whether to stop at the plan.
    pub dry_run: bool,
    /// Wall clock for one sponsor.
    pub timeout: Duration,
    /// How GitHub is asked.
    pub github: Option<Access>,
    /// Whether a failure is told in an issue.
    pub issue_on_failure: bool,
}

/// A backup that was named by its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBackup {
    /// The bucket.
    pub bucket: String,
    /// The dump.
    pub backup: BackupKey,
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
    /// The backup at that location, where there is one.
    pub backup: Option<NamedBackup>,
    /// From the backup step.
    pub backup_size: Option<u64>,
    /// Whether to stop at the plan.
    pub dry_run: bool,
    /// How GitHub is asked.
    pub github: Option<Access>,
}

pub(super) fn read(
    command: Command,
    values: &Values<'_>,
    variables: &Variables,
) -> Result<Order, UsageError> {
    let scope = scope(values, variables)?;
    Ok(match command {
        Command::Matrix => Order::Matrix(MatrixOrder {
            scope,
            max_jobs: count(values, "max-jobs")?,
            workflows: values.text("workflows").map(PathBuf::from),
            github: github(values, variables)?,
            issue_on_failure: values.boolean("issue-on-failure")?,
        }),
        Command::Backup => Order::Backup(storing::backup(scope, values, variables)?),
        Command::Record => Order::Record(storing::record(scope, values, variables)?),
        Command::List => Order::List(opening::list(scope, values, variables)?),
        Command::Verify => Order::Verify(opening::verify(scope, values, variables)?),
        Command::Restore => Order::Restore(opening::restore(scope, values, variables)?),
        Command::Drill => Order::Drill(opening::drill(scope, values, variables)?),
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
    let keyless = keyless::read(values, variables)?;
    Ok(Scope {
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
        keyring: Keyring::from_variables(
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
        // The SDKs' own switch, for compatible stores that refuse checksums.
        checksums: variable("AWS_REQUEST_CHECKSUM_CALCULATION")
            .is_none_or(|value| !value.eq_ignore_ascii_case("when_required")),
    })
}

fn count(values: &Values<'_>, name: &'static str) -> Result<NonZeroUsize, UsageError> {
    let number = values.number::<usize>(name)?.unwrap_or(1);
    Ok(NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN))
}

/// How GitHub is asked; not at all without a token.
fn github(values: &Values<'_>, variables: &Variables) -> Result<Option<Access>, UsageError> {
    let Some(token) = values.text("github-token") else { return Ok(None) };
    // It goes into a header. The value is not repeated.
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("github-token", "holds a character that no token has"));
    }
    let api_url = variables.get("GITHUB_API_URL").map(|url| url.trim()).filter(|url| !url.is_empty());
    let api_url = api_url.unwrap_or("https://api.github.com").to_owned();
    Ok(Some(Access { api_url, token: Secret::from(token) }))
}
