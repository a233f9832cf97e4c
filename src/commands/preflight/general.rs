//! What concerns no single sponsor: manifest, selection, the source of secrets, GitHub.

use std::path::Path;

use crate::cli::options::PreflightOptions;
use crate::commands::RunContext;
use crate::commands::matrix::{unreadable, workflow_texts};
use crate::commands::secrets_source::SecretsSource;
use crate::commands::sponsor_selection::{self, SelectedSponsors};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::github::{GitHub, preflight as github};
use crate::secrets::workflows::{JobSecrets, jobs_in};
use crate::sponsors::SponsorsError;
use crate::{manifest, secrets, sponsors};

/// The selected sponsors, and where their secrets are.
pub(super) struct Selection<'a> {
    pub(super) selected: SelectedSponsors,
    pub(super) secrets: SecretsSource<'a>,
    /// Number of sponsors that the manifest enables.
    pub(super) enabled: usize,
}

/// Reads manifest and selection. What keeps every sponsor from being checked is a finding; usage and signals are failures.
pub(super) async fn selection<'a>(
    options: &'a PreflightOptions,
    context: &'a RunContext,
) -> Result<(Option<Selection<'a>>, Vec<Finding>), Failure> {
    let common = &options.common;
    let mut findings = Vec::new();
    match select(options, context, &mut findings).await {
        Ok((selected, enabled)) => match SecretsSource::open(common, context, &selected.sponsors).await {
            Ok(secrets) => Ok((Some(Selection { selected, secrets, enabled }), findings)),
            Err(failure) => Ok((None, with(findings, failure)?)),
        },
        Err(failure) => Ok((None, with(findings, failure)?)),
    }
}

async fn select(
    options: &PreflightOptions,
    context: &RunContext,
    findings: &mut Vec<Finding>,
) -> Result<(SelectedSponsors, usize), Failure> {
    let manifest = sponsor_selection::manifest(&options.common, context).await?;
    findings.extend(manifest::preflight::usable(&manifest));
    let selected = sponsor_selection::select_from(&manifest, &options.common.selection)?;
    if selected.sponsors.is_empty() {
        return Err(SponsorsError::NoneEnabled.into());
    }
    findings.extend(sponsors::preflight::usable(&selected.sponsors));
    let enabled = selected.known.len() - selected.disabled.len();
    Ok((selected, enabled))
}

/// Adds the finding of a failure before any sponsor.
fn with(mut findings: Vec<Finding>, failure: Failure) -> Result<Vec<Finding>, Failure> {
    findings.push(match &failure {
        Failure::Manifest(error) => manifest::preflight::unusable(error),
        Failure::Sponsors(error) => sponsors::preflight::unusable(error),
        Failure::Secrets(error) => secrets::preflight::unusable(error),
        _ => return Err(failure),
    });
    Ok(findings)
}

/// Asks GitHub, if `github-token` is set.
pub(super) async fn github(
    options: &PreflightOptions,
    context: &RunContext,
) -> Result<Vec<Finding>, Failure> {
    let jobs = match &options.workflows {
        Some(folder) => Some(jobs(folder)?),
        None => None,
    };
    let client = match &options.common.github {
        Some(access) => GitHub::new(access, context.run.repository.as_deref()).map(Some),
        None => Ok(None),
    };
    let asked = github::check(client, jobs.as_deref(), options.common.environment);
    context.unless_stopped(async { Ok(asked.await) }).await
}

/// What all jobs of all workflows read.
fn jobs(folder: &Path) -> Result<Vec<JobSecrets>, Failure> {
    let mut all = Vec::new();
    for (place, text) in workflow_texts(folder)? {
        all.extend(jobs_in(&text).map_err(|error| unreadable(&format!("{place}: {error}")))?);
    }
    Ok(all)
}
