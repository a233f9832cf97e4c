//! `restore`: verifies one sponsor's backup, plans, loads it into the named database and compares.

mod extract;
mod live_guard;
mod predecessor;
mod record;
mod sponsor;
mod sql_file;
mod tables;
mod to_sql;

use std::sync::OnceLock;

use super::buckets::SponsorBuckets;
use super::publish::{Ended, Publisher};
use super::secrets_source::SecretsSource;
use super::session::{Completed, Sessions};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, restoring, sponsor_selection, stored};
use crate::archive::Identities;
use crate::cli::UsageError;
use crate::cli::options::RestoreOptions;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::restore::{RestoreError, TargetState};
use crate::databases::postgres::{Connection, PostgresError};
use crate::failure::{Doing, Failure, TimedOut};
use crate::report::restore::Restored;
use crate::report::{SponsorResult, restore as text};
use crate::sponsors::Sponsor;
use crate::verification::{Comparison, Conclusion, VerificationError, conclusion};

/// Everything that one restore needs.
struct RestoreRun<'a> {
    options: &'a RestoreOptions,
    context: &'a RunContext,
    secrets: SecretsSource<'a>,
    clients: Result<Vec<Client>, PostgresError>,
    sessions: Sessions<'a>,
    identities: Identities,
    target: Connection,
    /// All sponsors of the manifest.
    known: Vec<String>,
    /// The sponsor's stores, once they are open.
    buckets: OnceLock<SponsorBuckets>,
}

pub(super) async fn run(
    options: RestoreOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let identities = stored::identities(&options.reading, context).await?;
    let Some(url) = options.target.clone() else {
        return to_sql::run(&options, identities, context, publisher).await;
    };
    if options.tables.as_ref().is_some_and(|tables| tables.to_sql.is_some()) {
        return to_sql::run(&options, identities, context, publisher).await;
    }
    context.mask([url.clone()]);
    let target = Connection::parse(&url).and_then(Connection::with_one_host).map_err(RestoreError::from)?;
    context.mask(target.masks());
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let [sponsor] = selected.sponsors.as_slice() else {
        let problem = format!("`restore` takes one sponsor, but {} are selected", selected.sponsors.len());
        return Err(UsageError::new(problem).hint("Name one in `sponsors`.").into());
    };
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let timeout = options.reading.timeout;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, Some(timeout), context).await;
    let run = RestoreRun {
        sessions: Sessions { common: &options.common, context, guard, publisher },
        secrets,
        clients: sponsor_selection::clients(context).await?,
        options: &options,
        context,
        identities,
        target,
        known: selected.known.clone(),
        buckets: OnceLock::new(),
    };
    let (ended, restored) = Box::pin(run.sponsor(sponsor)).await;
    if let Some(sql) = restored.bring_back.as_ref().filter(|_| context.sink.prints_results()) {
        context.sink.result(sql);
    }
    publisher.results_with(vec![ended], Vec::new(), &text::chapter(&restored))
}

impl RestoreRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor) -> (Ended, Restored) {
        let limit = TimedOut::new(self.options.reading.timeout, Doing::Restore);
        let session = self.sessions.begin(sponsor, Some(limit));
        let mut restored = Restored { place: self.target.place(), ..Restored::default() };
        let done = match &self.options.tables {
            Some(tables) => session.run(Box::pin(self.restore_tables(&session, tables, &mut restored))).await,
            None => session.run(Box::pin(self.restore(&session, &mut restored))).await,
        };
        let done = done.map_err(|failure| match restored.target {
            TargetState::Unchanged => failure,
            _ => failure.after_a_change(),
        });
        let facts = conclusion::Restored { comparison: restored.comparison.as_ref(), falls_short: false };
        let found = Conclusion::of_restore(facts);
        let done = match done {
            Ok(Completed::Done) if !found.is_success() => Err(self.falls_short(&restored)),
            done => done,
        };
        let mut result = session.result(match &done {
            Ok(Completed::Done) => found,
            Ok(Completed::Planned) => Conclusion::planned(),
            Ok(Completed::Disabled(_)) => Conclusion::disabled(),
            Err(_) => found.but_failed(),
        });
        result.warnings =
            restored.passed.iter().cloned().chain(facts.warnings(restored.partial.as_ref())).collect();
        result.warnings.extend(std::mem::take(&mut restored.consequences));
        fill(&mut result, &restored);
        if done.is_err() {
            // The log must explain the target to anyone who finds it later.
            result.labels.push(("target", text::state(&restored)));
        }
        let ended =
            record::end(&session, (self.options, self.buckets.get()), (done, result), &restored, text::line)
                .await;
        (ended, restored)
    }

    /// The failure of a restore whose result is incomplete or differs from the backup.
    fn falls_short(&self, restored: &Restored) -> Failure {
        let findings =
            restored.comparison.as_ref().map(|comparison| comparison.findings()).unwrap_or_default();
        let (findings, hint) = if findings.is_empty() {
            let what = restoring::incomplete(restored.left_out.len());
            (
                vec![what],
                "The summary lists what was left out. Restore into a server that has the missing extensions.",
            )
        } else {
            (findings, "The restore completed, but the result differs from the backup. See the list above.")
        };
        let remedy = restored.comparison.as_ref().and_then(Comparison::remedy).unwrap_or_default();
        let hint = format!("{hint} {remedy}").trim_end().to_owned();
        VerificationError { place: restored.place.clone(), findings, hint }.into()
    }
}

fn fill(result: &mut SponsorResult, restored: &Restored) {
    result.target = Some(restored.target);
    if let Some((location, bytes, sha256)) = &restored.backup {
        result.backup_location = Some(location.clone());
        result.backup_size = Some(*bytes);
        result.backup_sha256 = Some(sha256.clone());
    }
}
