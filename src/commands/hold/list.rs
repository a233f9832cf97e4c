//! `hold list`: the backups that hold records name and nothing lifted, and what the store shows of their holds.

use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::archive::catalogue::BackupKey;
use crate::cli::options::HoldListOptions;
use crate::commands::publish::{Ended, Publisher};
use crate::commands::secrets_source::SecretsSource;
use crate::commands::session::{Sessions, SponsorSession, contained};
use crate::commands::tenancy_guard::TenancyGuard;
use crate::commands::{RunContext, sponsor_selection};
use crate::failure::Failure;
use crate::record::hold::ToldHold;
use crate::record::hold_history::HoldRecords;
use crate::report::holds::{self, HeldBackup, HoldList, HoldStatus};
use crate::secrets::{Disabled, S3Backups};
use crate::sponsors::Sponsor;
use crate::store::s3::policy::Purpose;
use crate::store::{Store, StoreError};
use crate::verification::Conclusion;

/// Backups that are looked at in parallel.
const IN_FLIGHT: usize = 16;

struct HoldListRun<'a> {
    options: &'a HoldListOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
}

pub(in crate::commands) async fn run(
    options: HoldListOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    let run = HoldListRun { options: &options, context, sessions };
    let (mut ended, mut lists) = (Vec::new(), Vec::new());
    for sponsor in &selected.sponsors {
        let broken = |failure| run.sessions.end_broken(sponsor, &failure);
        ended.push(contained(Box::pin(run.sponsor(sponsor, &mut lists)), broken).await);
    }
    if options.json {
        context.sink.document("The holds as JSON", holds::json_lines(&lists));
    }
    publisher.results(ended)
}

impl HoldListRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, lists: &mut Vec<HoldList>) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        match session.run(session.limit.unless_stopped(Box::pin(self.list(&session)))).await {
            Ok(Ok(list)) => {
                let mut result = session.result(Conclusion::of_listing(list.rows.len()));
                result.message = Some(list.words());
                result.warnings.extend(list.problems());
                self.show(&list);
                lists.push(list);
                (result, None)
            }
            Ok(Err(disabled)) => session.end_disabled(&disabled),
            Err(failure) => session.end_failed(&failure),
        }
    }

    async fn list(&self, session: &SponsorSession<'_>) -> Result<Result<HoldList, Disabled>, Failure> {
        let secrets = match session.secrets().await? {
            S3Backups::Disabled(why) => return Ok(Err(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let buckets = session.open_buckets(secrets, &self.options.endpoint, Purpose::Read { thaw: false })?;
        let (environment, sponsor) = (self.options.common.environment, &session.sponsor.name);
        let records = HoldRecords { audit_logs: &buckets.audit_logs, environment, sponsor };
        let told = records.held(&records.keys().await?, session.started).await?;
        let row = |(key, told): (String, ToldHold)| {
            let store = &buckets.backups;
            async move {
                let Some(backup) = BackupKey::parse(environment, &key) else { return Ok(None) };
                let (status, problem) = Box::pin(status(store, &key)).await?;
                let clean = |text: String| self.context.sink.redacted(&text);
                Ok::<_, StoreError>(Some(HeldBackup {
                    sponsor: sponsor.clone(),
                    environment: environment.name(),
                    location: store.location(&key),
                    timestamp: backup.at,
                    held: status.is_held(),
                    status,
                    since: told.hold_timestamp,
                    by: told.actor.map(clean),
                    reason: clean(told.reason),
                    github_run_id: told.github_run_id.map(clean),
                    problem: problem.map(clean),
                }))
            }
        };
        let rows: Vec<Option<HeldBackup>> =
            futures_util::stream::iter(told).map(row).buffered(IN_FLIGHT).try_collect().await?;
        let mut rows: Vec<HeldBackup> = rows.into_iter().flatten().collect();
        rows.sort_by(|one, other| (other.timestamp, &one.location).cmp(&(one.timestamp, &other.location)));
        Ok(Ok(HoldList { sponsor: sponsor.clone(), place: buckets.backups.location(""), rows }))
    }

    fn show(&self, list: &HoldList) {
        self.context.sink.table(&list.title(), || list.lines(), self.options.json);
    }
}

/// What the store shows of the hold of a backup, and what is wrong with it. In a folder the record is the hold.
async fn status(store: &Store, key: &str) -> Result<(HoldStatus, Option<String>), StoreError> {
    let (mut held, mut free, mut unseen) = (Vec::new(), Vec::new(), Vec::new());
    for piece in super::objects::PIECES {
        match store.examine(&piece.key(key)).await {
            Ok(_) if !store.capabilities().locks => held.push(piece.name()),
            Ok(info) => match info.legal_hold {
                Some(true) => held.push(piece.name()),
                Some(false) => free.push(piece.name()),
                None if store.shows_legal_holds(&piece.key(key)).await? => free.push(piece.name()),
                None => unseen.push(piece.name()),
            },
            Err(StoreError::Missing { .. }) => {
                return Ok((HoldStatus::Missing, Some(format!("its {} does not exist", piece.name()))));
            }
            Err(error) if error.affects_every_request() => return Err(error),
            Err(error) => return Ok((HoldStatus::Unknown, Some(error.to_string()))),
        }
    }
    Ok(match (held.is_empty(), free.is_empty(), unseen.is_empty()) {
        (false, true, true) => (HoldStatus::Held, None),
        (_, _, false) => {
            (HoldStatus::Unknown, Some("S3 does not show holds without s3:GetObjectLegalHold".to_owned()))
        }
        (true, _, true) => {
            (HoldStatus::Lifted, Some("it is not under a hold, although no record lifted it".to_owned()))
        }
        (false, false, true) => {
            (HoldStatus::Partly, Some(format!("not under a hold: its {}", free.join(" and its "))))
        }
    })
}
