//! What concerns no single sponsor: manifest, selection, the source of secrets, GitHub.

use crate::cli::options::PreflightOptions;
use crate::commands::secrets_source::SecretsSource;
use crate::commands::sponsor_selection::{self, SelectedSponsors};
use crate::commands::{RunContext, workflow_files};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::github::{GitHub, preflight as github};
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

/// Checks the workflows, and asks GitHub if `github-token` is set. `sponsors` are the selected ones.
pub(super) async fn repository(
    options: &PreflightOptions,
    sponsors: &[&str],
    context: &RunContext,
) -> Result<Vec<Finding>, Failure> {
    let (mut findings, mut jobs) = (Vec::new(), None);
    if let Some(folder) = &options.workflows {
        let files = workflow_files::read(folder)?;
        let missing = workflow_files::missing_tokens(&files, sponsors)?;
        findings.extend(secrets::preflight::workflow_tokens(files.len(), &missing));
        jobs = Some(workflow_files::jobs(&files)?);
    }
    let client = match &options.common.github {
        Some(access) => GitHub::new(access, context.run.repository.as_deref()).map(Some),
        None => Ok(None),
    };
    let asked = github::check(client, jobs.as_deref(), options.common.environment);
    findings.extend(context.unless_stopped(async { Ok(asked.await) }).await?);
    Ok(findings)
}
