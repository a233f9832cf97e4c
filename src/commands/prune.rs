//! `prune`: shows which backups a retention policy removes, and removes them with `apply`. No other command removes a backup.
//!
//! The keys that back up plan and keep the records. Keys of its own remove: on a versioned bucket they can only hide. A record of
//! the plan is kept before anything is removed, and one of the result after it.

mod backups;
mod hiding;
mod local;
mod looking;
mod recorded;
mod sponsor;
mod undo;

use super::buckets::SponsorBuckets;
use super::publish::{Ended, Publisher};
use super::secrets_source::SecretsSource;
use super::session::{Sessions, contained};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, sponsor_selection};
use crate::cli::UsageError;
use crate::cli::options::{Deployment, PruneOptions, PruneTask};
use crate::failure::Failure;
use crate::record::prune::PruneRecord;
use crate::report::pruning::{self, PrunePlan};

/// What all sponsors of a run share.
struct PruneRun<'a> {
    options: &'a PruneOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    /// How the records are stored.
    recording: Deployment,
}

/// What is known of a sponsor's part so far.
#[derive(Default)]
struct PruneState {
    buckets: Option<SponsorBuckets>,
    /// The record, once the one of the plan is kept.
    record: Option<PruneRecord>,
    /// Where the newest record is.
    record_place: Option<String>,
    warnings: Vec<String>,
    /// What was done, in words.
    message: Option<String>,
    /// The plan, once it is made.
    plan: Option<PrunePlan>,
}

pub(super) async fn run(
    options: PruneOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    if let PruneTask::Local(floors) = &options.task {
        return Box::pin(local::run(&options, floors.min_age, context, publisher)).await;
    }
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    if matches!(options.task, PruneTask::Undo(_)) && selected.sponsors.len() != 1 {
        let problem = format!("`undo` takes one sponsor, but {} are selected", selected.sponsors.len());
        return Err(UsageError::new(problem).hint("Name one in `sponsors`.").into());
    }
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_stores(&secrets, &selected, None, context).await;
    let run = PruneRun {
        options: &options,
        context,
        sessions: Sessions { common: &options.common, context, guard, publisher },
        recording: Deployment::of_a_record(options.common.environment, options.endpoint.clone()),
    };
    let (mut ended, mut plans): (Vec<Ended>, Vec<PrunePlan>) = (Vec::new(), Vec::new());
    for sponsor in &selected.sponsors {
        let broken = |failure| run.sessions.end_broken(sponsor, &failure);
        ended.push(contained(Box::pin(run.sponsor(sponsor, &mut plans)), broken).await);
    }
    if options.json {
        context.sink.document("The plan as JSON", pruning::json_lines(&plans));
    }
    let chapter: String = plans.iter().map(PrunePlan::markdown).collect();
    publisher.results_with(ended, Vec::new(), &chapter)
}

impl PruneRun<'_> {
    /// Shows a plan before anything is done.
    fn show(&self, plan: &PrunePlan) {
        self.context.sink.table(&plan.title(), || plan.lines(), self.options.json);
    }
}
