//! `restore`: verifies one sponsor's backup, plans, loads it into the named database and compares.

mod guard;
mod sponsor;

use std::time::Instant;

use super::limit::TimeLimit;
use super::publish::{Completed, Ended, Publisher, RedactedFailure};
use super::scope::{self, SecretsSource};
use super::survey::TenancyGuard;
use super::{RunContext, restoring, stored};
use crate::archive::Identities;
use crate::cli::UsageError;
use crate::cli::order::RestoreOptions;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::restore::{RestoreError, TargetState};
use crate::databases::postgres::{Connection, DumpError};
use crate::failure::{Doing, Failure, TimedOut};
use crate::report::SponsorResult;
use crate::report::restore::{self, Restored};
use crate::sponsors::Sponsor;
use crate::verification::{Comparison, Conclusion, VerificationError, conclusion};

/// Everything that one restore needs.
struct RestoreRun<'a> {
    order: &'a RestoreOptions,
    edge: &'a RunContext,
    secrets: SecretsSource<'a>,
    clients: Result<Vec<Client>, DumpError>,
    survey: TenancyGuard,
    identities: Identities,
    target: Connection,
    /// All sponsors of the manifest.
    known: Vec<String>,
}

pub(super) async fn run(
    order: RestoreOptions,
    edge: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let identities = stored::identities(&order.opening, edge).await?;
    edge.sink.mask(secrecy::ExposeSecret::expose_secret(&order.target));
    let target =
        Connection::parse(&order.target).and_then(Connection::with_one_host).map_err(RestoreError::from)?;
    target.masks().iter().for_each(|mask| edge.sink.mask(secrecy::ExposeSecret::expose_secret(mask)));
    let selected = scope::select_some(&order.scope, edge).await?;
    let [sponsor] = selected.sponsors.as_slice() else {
        let problem = format!("`restore` takes one sponsor, but {} are selected", selected.sponsors.len());
        return Err(UsageError::new(problem).hint("Name one in `sponsors`.").into());
    };
    let secrets = SecretsSource::open(&order.scope, edge, &selected.sponsors).await?;
    let run = RestoreRun {
        survey: TenancyGuard::of_secrets(&secrets, &selected, Some(order.opening.timeout), edge).await,
        secrets,
        clients: scope::clients(edge).await?,
        order: &order,
        edge,
        identities,
        target,
        known: selected.known.clone(),
    };
    let (ended, restored) = Box::pin(run.sponsor(sponsor, publisher)).await;
    publisher.results_with(vec![ended], Vec::new(), &restore::chapter(&restored))
}

impl RestoreRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, publisher: &Publisher<'_>) -> (Ended, Restored) {
        let begun = Instant::now();
        let over = TimedOut::new(self.order.opening.timeout, Doing::Restore);
        let clock = TimeLimit::start(self.edge, over, self.survey.took(sponsor));
        let mut restored = Restored { place: self.target.place(), ..Restored::default() };
        let done = Box::pin(self.restore(sponsor, &mut restored, &clock)).await;
        let done = done.map_err(|failure| clock.cause(failure)).map_err(|failure| match restored.target {
            TargetState::Unchanged => failure,
            _ => failure.after_a_change(),
        });
        let facts = conclusion::Restored { comparison: restored.comparison.as_ref(), falls_short: false };
        let found = Conclusion::of_restore(facts);
        let done = match done {
            Ok(Completed::Done(())) if !found.is_success() => Err(self.falls_short(&restored)),
            done => done,
        };
        let conclusion = match &done {
            Ok(Completed::Done(())) => found,
            Ok(Completed::Planned) => Conclusion::planned(),
            Ok(Completed::Disabled(_)) => Conclusion::disabled(),
            Err(_) => found.but_failed(),
        };
        let mut result = SponsorResult::new(&sponsor.name, conclusion, begun.elapsed().as_secs_f64());
        result.target = Some(restored.target);
        result.warnings =
            restored.passed.iter().cloned().chain(facts.warnings(restored.partial.as_ref())).collect();
        if let Some((location, bytes, sha256)) = &restored.backup {
            result.backup_location = Some(location.clone());
            result.backup_size = Some(*bytes);
            result.backup_sha256 = Some(sha256.clone());
        }
        result.warnings.extend(std::mem::take(&mut restored.consequences));
        let code = match done {
            Ok(Completed::Done(())) => {
                result.message = Some(restore::line(&restored));
                None
            }
            Ok(Completed::Planned) => None,
            Ok(Completed::Disabled(why)) => {
                result.message = Some(why);
                None
            }
            Err(failure) => Some(RedactedFailure::of(&failure, self.edge).fail(&mut result)),
        };
        if code.is_some() {
            // The log must explain the target to anyone who finds it later.
            result.labels.push(("target", restore::state(&restored)));
        }
        publisher.sponsor(&result);
        ((result, code), restored)
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
