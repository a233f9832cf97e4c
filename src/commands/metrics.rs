//! `metrics`: derives every metric from the stores and their records, and prints them. What a Pushgateway has forgotten is there
//! again afterwards.

use super::backup_attempts::DEFAULT_TIMEOUT;
use super::backup_rows::BackupRows;
use super::metrics_delivery::MetricsDelivery;
use super::publish::{Ended, Publisher};
use super::record_reads::RecordReads;
use super::secrets_source::SecretsSource;
use super::session::{Sessions, SponsorSession, contained};
use super::state_reads::StateReads;
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, sponsor_selection};
use crate::cli::options::MetricsOptions;
use crate::failure::Failure;
use crate::report::lines::count;
use crate::report::metrics::{self, Update};
use crate::secrets::Disabled;
use crate::sponsors::Sponsor;
use crate::verification::Conclusion;

/// Shared by all sponsors of a run.
struct MetricsRun<'a> {
    options: &'a MetricsOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    rows: BackupRows<'a>,
    records: RecordReads,
}

pub(super) async fn run(
    options: MetricsOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let run = MetricsRun {
        sessions: Sessions { common: &options.common, context, guard, publisher },
        rows: BackupRows::new(context, None),
        records: RecordReads::new(),
        options: &options,
        context,
    };
    let environment = options.common.environment.name();
    let plan = metrics::of_plan(environment, selected.enabled(), options.expected_within);
    context.note_metrics(plan.clone());
    let mut updates = vec![plan];
    let delivery = MetricsDelivery::new(&options.common, context);
    let (mut ended, mut is_delivered) = (Vec::new(), true);
    for sponsor in &selected.sponsors {
        let broken = |failure| run.sessions.end_broken(sponsor, &failure);
        let before = updates.len();
        ended.push(contained(Box::pin(run.sponsor(sponsor, &mut updates)), broken).await);
        updates.iter().skip(before).for_each(|update| context.note_metrics(update.clone()));
        // At once: it replaces what a run of this sponsor publishes meanwhile. But a gateway that hangs is waited for only twice.
        if is_delivered {
            is_delivered = delivery.deliver(context).await;
        }
    }
    let all: Vec<_> = updates.iter().flat_map(|update| update.samples.iter().cloned()).collect();
    context.sink.result(&metrics::render(&all));
    publisher.results(ended)
}

impl MetricsRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, updates: &mut Vec<Update>) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        match session.run(session.limit.unless_stopped(Box::pin(self.derive(&session)))).await {
            Ok(Ok(update)) => {
                let mut result = session.result(Conclusion::of_listing(update.samples.len()));
                result.message = Some(count(update.samples.len(), "sample"));
                updates.push(update);
                session.end(result, None)
            }
            Ok(Err(disabled)) => {
                updates.push(metrics::of_disabled((session.environment().name(), &sponsor.name)));
                session.end_disabled(&disabled)
            }
            Err(failure) => session.end_failed(&failure),
        }
    }

    async fn derive(&self, session: &SponsorSession<'_>) -> Result<Result<Update, Disabled>, Failure> {
        let place = match session.history_to_read(&self.options.endpoint, DEFAULT_TIMEOUT).await? {
            Ok(place) => place,
            Err(disabled) => return Ok(Err(disabled)),
        };
        let state = StateReads {
            context: self.context,
            rows: &self.rows,
            records: &self.records,
            storage_budget: self.options.storage_budget,
        };
        let entries = state.newest_records(&place).await?;
        let facts = state.facts(&place, place.attempts().await?, &entries).await?;
        Ok(Ok(metrics::of_store((place.environment.name(), &place.sponsor.name), entries, &facts)))
    }
}
