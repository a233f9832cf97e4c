//! `backup`: selects the sponsors, rejects shared buckets and databases, then runs [`sponsor`] for each in parallel and
//! reports.

mod comparison;
mod dry_run;
mod dumping;
mod jobs;
mod manifest;
mod prepare;
mod progress;
mod sponsor;
mod state;

use futures_util::future::join;

use super::RunContext;
use super::buckets::AttributeSource;
use super::github::GitHubLookup;
use super::publish::Publisher;
use super::secrets_source::SecretsSource;
use super::session::{Sessions, contained, in_parallel};
use super::sponsor_selection::{self, SelectedSponsors};
use super::tenancy_guard::{SurveyOptions, TenancyGuard};
use crate::archive::memory::MemoryBudget;
use crate::cli::UsageError;
use crate::cli::options::BackupOptions;
use crate::databases::postgres::PostgresError;
use crate::databases::postgres::client::Client;
use crate::failure::Failure;
use state::BackupState;

/// What all sponsors of a run share.
struct BackupRun<'a> {
    options: &'a BackupOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    secrets: SecretsSource<'a>,
    /// Finding no clients fails only the sponsors that need one. Disabled sponsors do not.
    clients: Result<Vec<Client>, PostgresError>,
    budget: MemoryBudget,
    github: GitHubLookup<'a>,
    /// Memory for one stream's upload buffers, in bytes.
    share_bytes: u64,
}

pub(super) async fn run(
    options: BackupOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let sponsors = &selected.sponsors;
    accepted_are_known(&options, &selected)?;
    let at_once = options.deployment.max_parallel.get().min(sponsors.len());
    let secrets = SecretsSource::open(&options.common, context, sponsors).await?;
    let clients = sponsor_selection::clients(context).await?;
    let client = clients.as_ref().ok().and_then(|clients| clients.last());
    let how = SurveyOptions { client, at_once, timeout: options.timeout };
    let guard = TenancyGuard::of_databases(&secrets, &selected, how, context).await;
    let run = BackupRun {
        sessions: Sessions { common: &options.common, context, guard, publisher },
        secrets,
        clients,
        budget: MemoryBudget::new(options.memory_limit_bytes),
        github: GitHubLookup::new(options.common.github.as_ref(), context),
        share_bytes: options.memory_limit_bytes / at_once as u64,
        options: &options,
        context,
    };
    // A dry run writes no record.
    let asked = async {
        if !options.common.dry_run {
            run.github.provenance().await;
        }
    };
    let parts = in_parallel(sponsors, at_once, |sponsor| {
        contained(run.sponsor(sponsor), |failure| run.sessions.end_broken(sponsor, &failure))
    });
    let ((), ended) = join(asked, parts).await;
    publisher.results(ended)
}

/// A misspelled name would otherwise only show as the refusal that it was meant to lift.
fn accepted_are_known(options: &BackupOptions, selected: &SelectedSponsors) -> Result<(), UsageError> {
    match options.accept_new_source.iter().find(|name| !selected.known.contains(name)) {
        None => Ok(()),
        Some(stranger) => {
            let problem = format!("`accept-new-source` names {stranger}, which is not in the manifest");
            Err(UsageError::new(problem).hint("Write sponsor names, separated by commas or spaces."))
        }
    }
}

impl BackupRun<'_> {
    fn attribute_source(&self, state: &BackupState) -> AttributeSource<'_> {
        AttributeSource {
            deployment: &self.options.deployment,
            context: self.context,
            environment: self.options.common.environment,
            pre_migration: self.options.pre_migration,
            partial: self.options.dump.is_partial(),
            at: state.started,
        }
    }
}
