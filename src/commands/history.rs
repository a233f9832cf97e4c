//! `history`: the time line of each selected sponsor's backups, from its records and its store alone. Changes nothing.

mod check;

use super::backup_attempts::DEFAULT_TIMEOUT;
use super::backup_rows::BackupRows;
use super::publish::{Ended, Publisher};
use super::record_reads::RecordReads;
use super::secrets_source::SecretsSource;
use super::session::{Sessions, SponsorSession, contained};
use super::tenancy_guard::TenancyGuard;
use super::timeline_reads::TimelineReads;
use super::{RunContext, sponsor_selection};
use crate::cli::options::HistoryOptions;
use crate::failure::Failure;
use crate::record::timeline::Wanted;
use crate::report::history::{self, CheckedRecords, SponsorHistory};
use crate::secrets::Disabled;
use crate::sponsors::Sponsor;
use crate::verification::{Conclusion, VerificationError};

/// Shared by all sponsors of a run.
struct HistoryRun<'a> {
    options: &'a HistoryOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    reads: TimelineReads<'a>,
}

pub(super) async fn run(
    options: HistoryOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let run = HistoryRun {
        sessions: Sessions { common: &options.common, context, guard, publisher },
        reads: TimelineReads {
            context,
            rows: BackupRows::new(context, None),
            records: RecordReads::new(),
            wanted: Wanted {
                since: options.since.map(|since| since.begin(context.now())),
                until: options.until.map(|until| until.end(context.now())),
                version: options.version.clone(),
                run: options.run.clone(),
                event: options.event,
                outcome: options.outcome,
            },
            limit: options.limit,
            with_records: false,
        },
        options: &options,
        context,
    };
    let (mut ended, mut all) = (Vec::new(), Vec::new());
    for sponsor in &selected.sponsors {
        let broken = |failure| run.sessions.end_broken(sponsor, &failure);
        ended.push(contained(Box::pin(run.sponsor(sponsor, &mut all)), broken).await);
    }
    if options.json {
        run.show_json(&all);
    }
    let chapters: String = all.iter().map(SponsorHistory::chapter).collect();
    publisher.results_with(ended, Vec::new(), &chapters)
}

impl HistoryRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, all: &mut Vec<SponsorHistory>) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        let found = match session.run(session.limit.unless_stopped(Box::pin(self.find(&session)))).await {
            Ok(Ok(found)) => found,
            Ok(Err(disabled)) => return session.end_disabled(&disabled),
            Err(failure) => return session.end_failed(&failure),
        };
        self.show(&found);
        let judged = judge(&found);
        let mut result = session.result(match &judged {
            Ok(()) => Conclusion::of_listing(found.events.len()),
            Err(_) => Conclusion::failed(None),
        });
        result.message = Some(found.words());
        all.push(found);
        match judged {
            // The table is all that the log needs.
            Ok(()) => (result, None),
            Err(failure) => session.end(result, Some(session.redacted(&failure))),
        }
    }

    async fn find(&self, session: &SponsorSession<'_>) -> Result<Result<SponsorHistory, Disabled>, Failure> {
        let place = match session.history_to_read(&self.options.endpoint, DEFAULT_TIMEOUT).await? {
            Ok(place) => place,
            Err(disabled) => return Ok(Err(disabled)),
        };
        let mut found = SponsorHistory {
            sponsor: session.sponsor.name.clone(),
            environment: place.environment.name().to_owned(),
            ..SponsorHistory::default()
        };
        if self.options.check {
            found.check = Some(self.check(&place).await?);
        } else {
            self.reads.fill(&place, &mut found).await?;
        }
        Ok(Ok(found))
    }

    fn show(&self, found: &SponsorHistory) {
        self.context.sink.table(&found.title(), || found.lines(), self.options.json);
    }

    fn show_json(&self, all: &[SponsorHistory]) {
        let environment = self.options.common.environment.name();
        let json = history::json(all, environment, self.context.now());
        self.context.sink.document("The history as JSON", json.lines().map(str::to_owned));
    }
}

/// A check that found something, or that could not compare everything, is a failure.
fn judge(found: &SponsorHistory) -> Result<(), Failure> {
    let findings = found.check.as_ref().map(CheckedRecords::findings).unwrap_or_default();
    if findings.is_empty() {
        return Ok(());
    }
    let place = format!("backups of {} and their records disagree", found.environment);
    let hint = found.check.as_ref().map(CheckedRecords::hint).unwrap_or_default();
    Err(VerificationError { place, findings, hint }.into())
}
