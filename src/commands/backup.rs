//! `backup`: secrets → flag → dump → archive → record for each selected sponsor, then the report.

mod dry_run;
mod generated;
mod prepare;
mod progress;
mod sponsor;
mod state;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::future::join;
use futures_util::{FutureExt as _, StreamExt as _};

use super::buckets::AttributeSource;
use super::github::GitHubLookup;
use super::limit::TimeLimit;
use super::publish::{Completed, Ended, Publisher};
use super::scope::{self, SecretsSource};
use super::survey::{SurveyOptions, TenancyGuard};
use super::{RunContext, records};
use crate::archive::key::Object;
use crate::archive::memory::MemoryBudget;
use crate::cli::UsageError;
use crate::cli::order::BackupOptions;
use crate::databases::postgres::DumpError;
use crate::databases::postgres::client::Client;
use crate::failure::{Doing, Failure, TimedOut};
use crate::record::deployment::Heading;
use crate::record::{DeploymentLog, Event};
use crate::report::Record;
use crate::sponsors::Sponsor;
use state::BackupState;

/// What all sponsors of a run share.
struct BackupRun<'a> {
    order: &'a BackupOptions,
    edge: &'a RunContext,
    secrets: SecretsSource<'a>,
    /// Finding no clients fails only the sponsors that need one. Disabled sponsors do not.
    clients: Result<Vec<Client>, DumpError>,
    budget: MemoryBudget,
    survey: TenancyGuard,
    asking: GitHubLookup<'a>,
    /// Memory for one stream's upload buffers, in bytes.
    share_bytes: u64,
}

pub(super) async fn run(
    order: BackupOptions,
    edge: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = scope::select_some(&order.scope, edge).await?;
    let sponsors = &selected.sponsors;
    accepted_are_known(&order, &selected)?;
    let at_once = order.deployment.max_parallel.get().min(sponsors.len());
    let secrets = SecretsSource::open(&order.scope, edge, sponsors).await?;
    let clients = scope::clients(edge).await?;
    let client = clients.as_ref().ok().and_then(|clients| clients.last());
    let means = SurveyOptions { client, at_once, timeout: order.timeout };
    let survey = TenancyGuard::of_databases(&secrets, &selected, means, edge).await;
    let run = BackupRun {
        secrets,
        clients,
        budget: MemoryBudget::new(order.memory_limit_bytes),
        survey,
        asking: GitHubLookup::new(order.github.as_ref(), edge),
        share_bytes: order.memory_limit_bytes / at_once as u64,
        order: &order,
        edge,
    };
    let sponsors_turns = futures_util::stream::iter(sponsors.iter().enumerate())
        .map(|(at, sponsor)| {
            let run = &run;
            async move { (at, Box::pin(run.sponsor(sponsor, publisher)).await) }
        })
        .buffer_unordered(at_once)
        .collect();
    // A dry run writes no record.
    let asked = async {
        if !order.dry_run {
            run.asking.answer().await;
        }
    };
    let ((), mut ended): ((), Vec<(usize, Ended)>) = join(asked, sponsors_turns).await;
    // Sponsors end in any order, and are reported in the manifest's.
    ended.sort_by_key(|(at, _)| *at);
    let ended: Vec<Ended> = ended.into_iter().map(|(_, ended)| ended).collect();
    publisher.results(ended)
}

/// A misspelled name would otherwise only show as the refusal that it was meant to lift.
fn accepted_are_known(order: &BackupOptions, selected: &scope::Selected) -> Result<(), UsageError> {
    match order.accept_new_source.iter().find(|name| !selected.known.contains(name)) {
        None => Ok(()),
        Some(stranger) => {
            let problem = format!("`accept-new-source` names {stranger}, which is not in the manifest");
            Err(UsageError::new(problem).hint("Write sponsor names, separated by commas or spaces."))
        }
    }
}

impl BackupRun<'_> {
    /// One sponsor from beginning to end. A failure affects only this sponsor, even a bug in this program.
    async fn sponsor(&self, sponsor: &Sponsor, publisher: &Publisher<'_>) -> Ended {
        let mut facts = BackupState::begin(self.edge.now());
        let over = TimedOut::new(self.order.timeout, Doing::Dump);
        let clock = TimeLimit::start(self.edge, over, self.survey.took(sponsor));
        let done = AssertUnwindSafe(self.back_up(sponsor, &mut facts, &clock)).catch_unwind().await;
        let done = done.unwrap_or_else(|_| Err(Failure::Bug("panicked (see the lines above)".to_owned())));
        if let Err(Failure::Archive(error)) = &done
            && let Some(Some(left)) = error.stopped()
        {
            facts.consequences.push(self.edge.sink.redacted(left));
        }
        // A dump or upload that the clock stopped fails as stopped. The clock knows whether a signal or the timeout did it.
        let done = done.map_err(|failure| clock.cause(failure));
        let (log, done) =
            if self.order.dry_run { (None, done) } else { self.record(sponsor, &mut facts, done).await };
        let conclusion = facts.conclusion(&done, self.order.dry_run);
        let ended = facts.result(sponsor, log, (&done, conclusion), self.edge);
        publisher.sponsor(&ended.0);
        ended
    }

    /// Saves the record. Without a record, a backup does not count as a success. After a failed backup, that failure
    /// stays the cause.
    async fn record(
        &self,
        sponsor: &Sponsor,
        facts: &mut BackupState,
        done: Result<Completed<()>, Failure>,
    ) -> (Option<String>, Result<Completed<()>, Failure>) {
        let heading = Heading {
            event: if self.order.pre_migration { Event::PreDeploymentBackup } else { Event::Backup },
            sponsor,
            environment: self.order.scope.environment,
            at: facts.started,
            version: self.order.deployment.version.as_deref(),
            reason: self.order.deployment.reason.as_deref(),
            run: &self.edge.run,
            provenance: self.asking.answer().await,
        };
        let was_cancelled = matches!(done, Err(Failure::Cancelled(_)));
        let mut document =
            DeploymentLog::of_backup(heading, facts.conclusion(&done, self.order.dry_run), was_cancelled);
        facts.fill(&mut document, &done, self.edge);
        let vault = facts.vault.as_ref().map(Arc::as_ref);
        let labelling = self.labelling(facts);
        let entry = (Object::DeploymentLog, &*document.to_bytes());
        let kept = records::keep(entry, sponsor, vault, &labelling).await;
        facts.consequences.extend(kept.warning);
        let text = String::from_utf8_lossy(entry.1).into_owned();
        facts.record = Some(Record { text, is_in_s3: kept.is_in_s3 });
        let log = kept.place;
        match (done, kept.failure) {
            (Ok(_), Some(failure)) => (log, Err(failure)),
            // The record's failure is a consequence for the reader, and must not hide why the backup failed.
            (Err(first), Some(second)) => {
                facts.consequences.push(self.edge.sink.redacted(&second.to_string()));
                (log, Err(first))
            }
            (done, None) => {
                if matches!(done, Ok(Completed::Disabled(_))) {
                    records::say_saved_locally_only(self.edge, &sponsor.name);
                }
                (log, done)
            }
        }
    }

    fn labelling(&self, facts: &BackupState) -> AttributeSource<'_> {
        AttributeSource {
            deployment: &self.order.deployment,
            edge: self.edge,
            environment: self.order.scope.environment,
            pre_migration: self.order.pre_migration,
            partial: self.order.dump.is_partial(),
            at: facts.started,
        }
    }
}
