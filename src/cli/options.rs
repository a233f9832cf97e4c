//! The options of each command: plain values, checked as far as possible without any request.

mod backup;
mod copy;
mod diff;
mod hold;
mod history;
mod init;
mod limits;
mod matrix;
mod metrics;
mod notify;
mod preflight;
mod prune;
mod report;
mod restore;
mod store_inputs;
mod tables;

pub use super::kinds::{FromInput, SponsorCode, SponsorName};
pub use super::table_names::SqlOutput;
pub use super::which_backup::{Location, WhichBackup};
pub use backup::{BackupOptions, NamedBackup, RecordOptions};
pub use copy::CopyOptions;
pub use diff::DiffOptions;
pub use history::HistoryOptions;
pub use hold::{HoldChange, HoldListOptions, HoldOptions};
pub use init::InitOptions;
pub(super) use init::init;
pub use matrix::MatrixOptions;
pub use metrics::{MetricsDestinations, MetricsOptions};
pub use notify::{NotifyOptions, NotifyTestOptions, PING, SLACK, SMTP, WEBHOOK};
pub use preflight::PreflightOptions;
pub use prune::{PruneOptions, PruneTask, RemoveOptions};
pub use report::ReportOptions;
pub use restore::{DrillOptions, ListOptions, ReadOptions, RestoreOptions, ShowOptions, VerifyOptions};
pub use store_inputs::StoreInputs;
pub use tables::TablesOptions;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use url::Url;

use super::free_text::FreeText;
use super::inputs::{self, Command};
use super::usage::UsageError;
use super::values::{Values, bad, bad_value};
use crate::github::Access;
use crate::secrets::http::is_safe_for_tokens;
use crate::secrets::{EnvCredentials, Secret, is_role_arn};
use crate::sponsors::{Environment, Selection};
use crate::store::{Endpoint, LockChoice};

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
    /// `history`
    History(HistoryOptions),
    /// `show`
    Show(ShowOptions),
    /// `diff`
    Diff(DiffOptions),
    /// `verify`
    Verify(VerifyOptions),
    /// `restore`
    Restore(RestoreOptions),
    /// `drill`
    Drill(DrillOptions),
    /// `copy`
    Copy(CopyOptions),
    /// `hold add` and `hold remove`
    Hold(HoldOptions),
    /// `hold list`
    HoldList(HoldListOptions),
    /// `prune`
    Prune(PruneOptions),
    /// `report`
    Report(ReportOptions),
    /// `metrics`
    Metrics(MetricsOptions),
    /// `notify-test`
    NotifyTest(NotifyTestOptions),
    /// `preflight`
    Preflight(PreflightOptions),
}

impl CommandOptions {
    /// What all commands have.
    #[must_use]
    pub fn common(&self) -> &CommonOptions {
        match self {
            Self::Matrix(options) => &options.common,
            Self::Backup(options) => &options.common,
            Self::Record(options) => &options.common,
            Self::List(options) => &options.common,
            Self::History(options) => &options.common,
            Self::Show(options) => &options.common,
            Self::Diff(options) => &options.common,
            Self::Verify(options) => &options.common,
            Self::Restore(options) => &options.common,
            Self::Drill(options) => &options.common,
            Self::Copy(options) => &options.common,
            Self::Hold(options) => &options.common,
            Self::HoldList(options) => &options.common,
            Self::Prune(options) => &options.common,
            Self::Report(options) => &options.common,
            Self::Metrics(options) => &options.common,
            Self::NotifyTest(options) => &options.common,
            Self::Preflight(options) => &options.common,
        }
    }

    /// The deployment of `backup` and `record`; `None` for other commands. `drill`, `copy` and `hold` use their own only for storage settings.
    #[must_use]
    pub fn deployment(&self) -> Option<&Deployment> {
        match self {
            Self::Backup(options) => Some(&options.deployment),
            Self::Record(options) => Some(&options.deployment),
            Self::Matrix(_)
            | Self::List(_)
            | Self::History(_)
            | Self::Show(_)
            | Self::Diff(_)
            | Self::Verify(_)
            | Self::Restore(_)
            | Self::Drill(_)
            | Self::Copy(_)
            | Self::Hold(_)
            | Self::HoldList(_)
            | Self::Prune(_)
            | Self::Report(_)
            | Self::Metrics(_)
            | Self::NotifyTest(_)
            | Self::Preflight(_) => None,
        }
    }
}

/// What all commands read. A command that does not read one of these inputs leaves it empty or `false`.
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
    /// The inputs that were set and that not every store can honor.
    pub store_inputs: StoreInputs,
    /// Tokens and keys from environment variables.
    pub credentials: EnvCredentials,
    /// File to which the log's lines are appended.
    pub log_file: Option<PathBuf>,
    /// Whether the sponsors' replicas take the place of their buckets.
    pub from_replica: bool,
    /// Whether to print the plan only.
    pub dry_run: bool,
    /// Access to GitHub's API.
    pub github: Option<Access>,
    /// Whether a failure opens an issue.
    pub issue_on_failure: bool,
    /// Where metrics go.
    pub metrics: MetricsDestinations,
    /// Who is notified, and when.
    pub notifications: NotifyOptions,
}

/// The deployment, and how its objects are stored.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Version being deployed.
    pub version: Option<FreeText>,
    /// Commit being deployed, if it is not the run's own.
    pub commit_sha: Option<String>,
    /// Reason for the deployment.
    pub reason: Option<FreeText>,
    /// Years to keep each object.
    pub retention_years: Option<u16>,
    /// Object Lock mode.
    pub lock: LockChoice,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Sponsors to process in parallel.
    pub max_parallel: NonZeroUsize,
}

impl Deployment {
    /// How a command without a deployment stores its record: with the lock of the bucket.
    #[must_use]
    pub fn of_a_record(environment: Environment, endpoint: Endpoint) -> Self {
        Self {
            version: None,
            commit_sha: None,
            reason: None,
            retention_years: environment.retention_years(),
            lock: LockChoice::Auto,
            endpoint,
            max_parallel: NonZeroUsize::MIN,
        }
    }
}

/// The options of a command. `None` for `init`, which has none in common with the others: see [`InitOptions`].
pub(super) fn read(command: Command, values: &Values<'_>) -> Result<Option<CommandOptions>, UsageError> {
    if command == Command::Init {
        return Ok(None);
    }
    // Each command reads its own inputs before it gives up over these.
    let common = values.noted(common(values));
    Ok(Some(match command {
        Command::Init => return Ok(None),
        Command::Matrix => CommandOptions::Matrix(matrix::matrix(common, values)?),
        Command::Backup => CommandOptions::Backup(backup::backup(common, values)?),
        Command::Record => CommandOptions::Record(backup::record(common, values)?),
        Command::List => CommandOptions::List(restore::list(common, values)?),
        Command::History => CommandOptions::History(history::history(common, values)?),
        Command::Show => CommandOptions::Show(restore::show(common, values)?),
        Command::Diff => CommandOptions::Diff(diff::diff(common, values)?),
        Command::Verify => CommandOptions::Verify(restore::verify(common, values)?),
        Command::Restore => CommandOptions::Restore(restore::restore(common, values)?),
        Command::Drill => CommandOptions::Drill(restore::drill(common, values)?),
        Command::Copy => CommandOptions::Copy(copy::copy(common, values)?),
        Command::HoldAdd => CommandOptions::Hold(hold::add(common, values)?),
        Command::HoldList => CommandOptions::HoldList(hold::list(common, values)?),
        Command::HoldRemove => CommandOptions::Hold(hold::remove(common, values)?),
        Command::Prune => CommandOptions::Prune(prune::prune(common, values)?),
        Command::Report => CommandOptions::Report(report::report(common, values)?),
        Command::Metrics => CommandOptions::Metrics(metrics::metrics(common, values)?),
        Command::NotifyTest => CommandOptions::NotifyTest(notify::test(common)?),
        Command::Preflight => CommandOptions::Preflight(preflight::preflight(common, values)?),
    }))
}

fn common(values: &Values<'_>) -> Result<CommonOptions, UsageError> {
    let environment = values.required(inputs::ENVIRONMENT);
    let doppler_api_url = values.required(inputs::DOPPLER_API_URL)?;
    if !is_safe_for_tokens(&doppler_api_url) {
        let problem = "does not begin with https://, so tokens would be sent in plain text";
        let hint = "Write an https:// URL. Only localhost may use http://.";
        values.refuse(bad(inputs::DOPPLER_API_URL, problem).hint(hint));
    }
    let (doppler_identity, aws_role) =
        (values.noted(doppler_identity(values)), values.noted(aws_role(values)));
    let sts_endpoint_url = values.noted(sts_endpoint_url(values));
    let store_inputs = values.noted(store_inputs::store_inputs(values));
    let github = values.noted(github(values));
    let metrics = values.noted(metrics::destinations(values));
    let notifications = values.noted(notify::notifications(values));
    let environment = environment?;
    let config = values.optional(inputs::CONFIG)?;
    let variables = values.variables().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(CommonOptions {
        environment,
        selection: values.optional(inputs::SPONSORS)?.unwrap_or(Selection::AllEnabled),
        manifest: values.optional(inputs::MANIFEST)?,
        secrets_file: values.optional(inputs::SECRETS_FILE)?,
        core_project: values.required(inputs::CORE_PROJECT)?,
        project_prefix: values.optional(inputs::PROJECT_PREFIX)?.unwrap_or_default(),
        config: config.unwrap_or_else(|| environment.doppler_config().to_owned()),
        doppler_api_url,
        doppler_identity: doppler_identity?,
        aws_role: aws_role?,
        sts_endpoint_url: sts_endpoint_url?,
        store_inputs: store_inputs?,
        log_file: values.optional(inputs::LOG_FILE)?,
        from_replica: values.boolean(inputs::FROM_REPLICA)?,
        dry_run: values.boolean(inputs::DRY_RUN)?,
        github: github?,
        issue_on_failure: values.boolean(inputs::ISSUE_ON_FAILURE)?,
        metrics: metrics?,
        notifications: notifications?,
        credentials: EnvCredentials::from_variables(variables),
    })
}

/// The identity through which the job's OIDC token opens Doppler.
fn doppler_identity(values: &Values<'_>) -> Result<Option<String>, UsageError> {
    let id = values.optional(inputs::DOPPLER_IDENTITY_ID)?;
    // The message does not repeat the value: it may be a token, pasted by mistake.
    if id.as_ref().is_some_and(|id| uuid::Uuid::try_parse(id).is_err()) {
        return Err(bad(
            inputs::DOPPLER_IDENTITY_ID,
            "is not an identity ID such as 12345678-9abc-def0-1234-56789abcdef0",
        )
        .hint(
            "Copy the ID from the service account's page in Doppler. It is neither a secret nor a token.",
        ));
    }
    Ok(id)
}

/// The role that the job's OIDC token assumes.
fn aws_role(values: &Values<'_>) -> Result<Option<String>, UsageError> {
    let role = values.optional(inputs::AWS_ROLE_ARN)?;
    if role.as_deref().is_some_and(|role| !is_role_arn(role)) {
        return Err(bad(inputs::AWS_ROLE_ARN, "is not the ARN of an IAM role")
            .hint("Write an ARN such as `arn:aws:iam::123456789012:role/name`."));
    }
    Ok(role)
}

fn sts_endpoint_url(values: &Values<'_>) -> Result<Option<String>, UsageError> {
    let url = values.variable("AWS_ENDPOINT_URL_STS");
    if url.is_some_and(|url| !is_safe_for_tokens(url)) {
        return Err(UsageError::new(
            "AWS_ENDPOINT_URL_STS does not begin with https://, so tokens would be sent in plain text",
        )
        .hint("Write an https:// URL. Only localhost may use http://."));
    }
    Ok(url.map(str::to_owned))
}

fn endpoint(values: &Values<'_>) -> Result<Endpoint, UsageError> {
    let url = values.optional(inputs::S3_ENDPOINT_URL)?;
    let checksums = values.variable("AWS_REQUEST_CHECKSUM_CALCULATION");
    let owner = values.optional(inputs::EXPECTED_BUCKET_OWNER)?;
    let is_account = |text: &&String| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    // Other stores may have other ids.
    if let (None, Some(text)) = (&url, owner.as_ref().filter(|text| !is_account(text))) {
        let hint = "Write the 12 digits that `aws sts get-caller-identity --query Account` prints.";
        values.refuse(bad_value(inputs::EXPECTED_BUCKET_OWNER, text, "an AWS account ID").hint(hint));
    }
    Ok(Endpoint {
        url: url.map(|text| store_url(&text)).transpose()?,
        force_path_style: values.boolean(inputs::S3_FORCE_PATH_STYLE)?,
        expected_bucket_owner: owner,
        // The AWS SDKs' own switch, for stores that reject checksums.
        checksums: checksums.is_none_or(|value| !value.eq_ignore_ascii_case("when_required")),
    })
}

/// The URL of an S3-compatible store, to which `bucket/key` can be appended: its path ends with a slash.
fn store_url(text: &str) -> Result<String, UsageError> {
    let wrong = |problem: &str| bad(inputs::S3_ENDPOINT_URL, problem);
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let Some(url) = url else {
        return Err(wrong(&format!("is `{text}`, not an https:// or http:// URL"))
            .hint("Write a URL such as `https://store.example.org`."));
    };
    // The messages do not repeat the URL: it may contain keys.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("contains a user name or password")
            .hint("Write only the URL. Pass the keys as the sponsor's secrets."));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("contains `?` or `#`")
            .hint("Write the URL up to its path, such as `https://store.example.org/storage/v1/s3`."));
    }
    let slash = if url.path().ends_with('/') || url.path().is_empty() { "" } else { "/" };
    Ok(format!("{text}{slash}"))
}

/// Access to GitHub's API. None without a token.
fn github(values: &Values<'_>) -> Result<Option<Access>, UsageError> {
    let Some(token) = values.optional(inputs::GITHUB_TOKEN)? else { return Ok(None) };
    // The token becomes a header. The message does not repeat it.
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad(inputs::GITHUB_TOKEN, "contains a character that no GitHub token has")
            .hint("Pass only the token, usually `github.token`."));
    }
    let api_url = values.variable("GITHUB_API_URL").unwrap_or("https://api.github.com").to_owned();
    Ok(Some(Access { api_url, token: Secret::from(token) }))
}

#[cfg(test)]
mod tests;
