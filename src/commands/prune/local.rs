//! `prune --local`: what runs of this program left on this machine's disk. The servers of killed drills go, and records older than
//! `min-age`, if the store of the records has the same record. A record that is nowhere else stays.

use std::time::Duration;

use jiff::Timestamp;

use crate::cli::options::PruneOptions;
use crate::commands::publish::{Ended, Publisher};
use crate::commands::secrets_source::SecretsSource;
use crate::commands::session::{Completed, Sessions, SponsorSession, contained};
use crate::commands::tenancy_guard::TenancyGuard;
use crate::commands::{RunContext, sponsor_selection};
use crate::databases::postgres::restore::RestoreError;
use crate::databases::postgres::restore::temporary_server;
use crate::failure::Failure;
use crate::record::leftovers::{self as records, LocalRecord};
use crate::report::leftovers::{self, Leftover};
use crate::report::pruning::Step;
use crate::secrets::S3Backups;
use crate::sponsors::Sponsor;
use crate::store::s3::policy::Purpose;
use crate::store::{Store, StoreError};
use crate::verification::Conclusion;

/// No record is longer.
const RECORD_BYTES: u64 = 64 << 20;

struct LocalRun<'a> {
    options: &'a PruneOptions,
    min_age: Duration,
    context: &'a RunContext,
    sessions: Sessions<'a>,
}

pub(super) async fn run(
    options: &PruneOptions,
    min_age: Duration,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let mut found = servers(options, context)?;
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    let run = LocalRun { options, min_age, context, sessions };
    let mut ended = Vec::new();
    for sponsor in &selected.sponsors {
        let broken = |failure| run.sessions.end_broken(sponsor, &failure);
        ended.push(contained(Box::pin(run.sponsor(sponsor, &mut found)), broken).await);
    }
    let sink = &context.sink;
    if options.json {
        sink.document("The leftovers as JSON", leftovers::json_lines(&found));
    } else if sink.is_workflow() {
        sink.block(&leftovers::lines(&found));
    } else {
        sink.document("", leftovers::lines(&found));
    }
    publisher.results(ended)
}

/// The servers of killed drills.
fn servers(options: &PruneOptions, context: &RunContext) -> Result<Vec<Leftover>, Failure> {
    let scratch = temporary_server::scratch(&context.scratch);
    let mut found = Vec::new();
    for dead in temporary_server::dead(&scratch) {
        let path = dead.path().display().to_string();
        let made = dead.modified().and_then(|made| Timestamp::try_from(made).ok());
        if options.apply {
            dead.remove().map_err(|error| RestoreError::TemporaryServer {
                what: "remove",
                reason: format!("{path}: {error}"),
            })?;
        }
        let age_seconds = made.and_then(|made| age(context, made));
        let reason = "its drill was killed".to_owned();
        found.push(Leftover { action: Step::Remove, path, kind: "server", age_seconds, reason });
    }
    Ok(found)
}

fn age(context: &RunContext, at: Timestamp) -> Option<u64> {
    u64::try_from(context.now().duration_since(at).as_secs()).ok()
}

impl LocalRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, found: &mut Vec<Leftover>) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        let done = session.run(session.limit.unless_stopped(Box::pin(self.records(&session, found)))).await;
        let mut result = session.result(match &done {
            Ok(Completed::Planned) => Conclusion::planned(),
            Ok(_) => Conclusion::of_listing(found.len()),
            Err(_) => Conclusion::failed(None),
        });
        if done.is_ok() {
            result.message = Some("leftovers on this machine's disk".to_owned());
        }
        session.end(result, done.err().map(|failure| session.redacted(&failure)))
    }

    async fn records(
        &self,
        session: &SponsorSession<'_>,
        found: &mut Vec<Leftover>,
    ) -> Result<Completed, Failure> {
        let store = match session.secrets().await? {
            S3Backups::Disabled(_) => None,
            S3Backups::Enabled(secrets) => {
                Some(session.open_buckets(secrets, &self.options.endpoint, Purpose::Prune)?.audit_logs)
            }
        };
        let workspace = &self.context.workspace;
        for record in records::local_records(workspace, &session.sponsor.name, session.environment()) {
            let age_seconds = age(self.context, record.entry.at);
            let (action, reason) = self.judge(store.as_ref(), &record, age_seconds).await?;
            if action == Step::Remove && self.options.apply {
                records::remove_local(workspace, &record)?;
            }
            let path = record.path.display().to_string();
            found.push(Leftover { action, path, kind: "record", age_seconds, reason });
        }
        Ok(if self.options.apply { Completed::Done } else { Completed::Planned })
    }

    async fn judge(
        &self,
        store: Option<&Store>,
        record: &LocalRecord,
        age_seconds: Option<u64>,
    ) -> Result<(Step, String), StoreError> {
        let only_copy = || Ok((Step::Keep, "its only copy".to_owned()));
        if age_seconds.is_none_or(|age| age < self.min_age.as_secs()) {
            let age = crate::verification::limits::words(self.min_age);
            return Ok((Step::Keep, format!("younger than min-age {age}")));
        }
        let Some(store) = store else { return only_copy() };
        match store.read_small(&record.entry.key, RECORD_BYTES).await {
            Ok(stored) if stored == record.document => {
                Ok((Step::Remove, format!("also in {}", store.location(&record.entry.key))))
            }
            Ok(_) | Err(StoreError::Missing { .. } | StoreError::Oversized { .. }) => only_copy(),
            Err(error) => Err(error),
        }
    }
}
