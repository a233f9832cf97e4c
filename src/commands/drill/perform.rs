//! The drill of one sponsor. Whatever happens on the stage, it is struck.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::stage::{Set, Stage};
use super::{Facts, Run};
use crate::archive::s3::policy::Purpose;
use crate::commands::choice::Chosen;
use crate::commands::limit::limit;
use crate::commands::publish::Turn;
use crate::commands::restoring::{self, Restoring};
use crate::commands::stored::{Proven, Stored};
use crate::commands::vault::{Vault, Way};
use crate::dump::client::Client;
use crate::dump::query;
use crate::dump::{Connection, DumpError};
use crate::failure::Failure;
use crate::proof::drill::{Backup, Check, Findings, LeftOut};
use crate::report::plan;
use crate::restore::{Manner, RestoreError};
use crate::secrets::Archival;
use crate::sponsors::Sponsor;

impl Run<'_> {
    pub(super) async fn drill(
        &self,
        sponsor: &Sponsor,
        facts: &mut Facts,
        at: Timestamp,
        stop: &CancellationToken,
    ) -> Result<Turn<()>, Failure> {
        let _limit = limit(stop, self.order.opening.timeout);
        let stopped = || Failure::from(RestoreError::Stopped);
        let mut chosen = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(stopped()),
            chosen = self.choose(sponsor, facts) => match chosen? {
                Ok(chosen) => chosen,
                Err(disabled) => return Ok(Turn::Disabled(disabled)),
            },
        };
        self.edge.sink.line(&format!("{}: reading {} through", sponsor.name, chosen.stored.location));
        let proven = chosen.prove(stop).await;
        let stored = chosen.stored;
        facts.findings.backup = Some(backup(&stored));
        let proven = proven?;
        facts.findings.phases.fetch = Some(proven.fetch);
        facts.findings.phases.decrypt = Some(proven.decrypt);
        let begun = Instant::now();
        let stage = tokio::select! {
            biased;
            () = stop.cancelled(), if self.order.target.is_none() => return Err(stopped()),
            stage = Stage::build(self, &stored, &proven) => stage?,
        };
        let rehearsal = Rehearsal { run: self, sponsor, stored: &stored, proven: &proven, stop, begun };
        let done = tokio::select! {
            biased;
            () = stop.cancelled() => Err(stopped()),
            // A bug must not leave a stage standing.
            done = AssertUnwindSafe(rehearsal.perform(&stage, &mut facts.findings, at)).catch_unwind() => {
                done.unwrap_or_else(|_| Err(Failure::Bug("it panicked; see the lines above".to_owned())))
            }
        };
        let struck = stage.strike().await;
        if let Some(target) = &mut facts.findings.target {
            target.removed = struck.is_ok();
        }
        match (done, struck) {
            (Ok(done), struck) => struck.map(|()| done).map_err(Failure::from),
            (Err(first), struck) => {
                if let Err(second) = struck {
                    self.edge.sink.line(&format!("{}: {second}", sponsor.name));
                }
                Err(first)
            }
        }
    }

    /// The backup that is meant, or why there is none.
    async fn choose<'a>(
        &'a self,
        sponsor: &'a Sponsor,
        facts: &mut Facts,
    ) -> Result<Result<Chosen<'a>, String>, Failure> {
        let secrets = match self.survey.secrets_of_its_own(sponsor).await? {
            Archival::Enabled(secrets) => secrets,
            Archival::Disabled(why) => return Ok(Err(why.to_string())),
        };
        let way = Way {
            scope: &self.order.scope,
            edge: self.edge,
            endpoint: &self.order.opening.endpoint,
            sponsor: &sponsor.name,
            purpose: Purpose::Drill { thaw: self.order.opening.thaw },
        };
        let vault = facts.vault.insert(Vault::open(&way, secrets));
        let environment = self.order.scope.environment;
        let whose = (sponsor, environment);
        let opening = &self.order.opening;
        let place = vault.place(whose, opening.timeout, self.edge);
        let chosen = Chosen::find(place, opening, &self.identities).await?;
        facts.findings.backup = Some(backup(&chosen.stored));
        Ok(Ok(chosen))
    }
}

/// What the report says of the backup.
fn backup(stored: &Stored) -> Backup {
    Backup {
        location: stored.location.clone(),
        snapshot_at: stored.description.started_at,
        bytes: stored.description.stored.bytes,
        sha256: stored.description.stored.sha256.clone(),
        partial: stored.description.partial.clone(),
    }
}

/// A drill whose stage stands.
struct Rehearsal<'a> {
    run: &'a Run<'a>,
    sponsor: &'a Sponsor,
    stored: &'a Stored,
    proven: &'a Proven,
    stop: &'a CancellationToken,
    begun: Instant,
}

impl Rehearsal<'_> {
    async fn perform(
        &self,
        stage: &Stage,
        findings: &mut Findings,
        at: Timestamp,
    ) -> Result<Turn<()>, Failure> {
        let Set { target, tools, plan } = stage.set(self.run, self.stored, self.proven).await?;
        findings.target = Some(stage.described(&target));
        self.show(stage, &plan, &target.facts.version, at);
        let skip = self.run.order.skip_missing_extensions;
        if let Some(obstacle) = plan.obstacles(stage.allowed(skip)).into_iter().next() {
            return Err(obstacle.into());
        }
        if self.run.order.dry_run {
            return Ok(Turn::Planned);
        }
        let restoring =
            Restoring { stored: self.stored, proven: self.proven, tools: &tools, stop: self.stop };
        let roles = stage.roles(&plan.missing_roles);
        let first = roles + restoring::before(self.proven.scan.needs());
        let on_error = restoring::on_error(skip, !plan.missing_extensions.is_empty());
        let manner = Manner { on_error, first: &first, drops: false, money: restoring::money(self.stored) };
        let loaded = restoring.load(&target.connection, manner).await?;
        findings.roles_made = plan.missing_roles.iter().cloned().collect();
        let clean = |words: &str| self.run.edge.sink.redacted(words);
        findings.left_out = loaded
            .left_out
            .iter()
            .map(|left| LeftOut { statement: left.statement.clone(), reason: clean(&left.reason) })
            .collect();
        findings.phases.load = Some(self.begun.elapsed());
        let verifying = Instant::now();
        let left_out = loaded.left_out_tables();
        let comparison = restoring.compare(&target.connection, target.facts.major(), left_out).await?;
        findings.comparison = Some(comparison);
        for statement in &self.run.checks {
            findings.checks.push(check(&target.connection, &tools.psql, statement, self.run).await);
        }
        findings.phases.verify = Some(verifying.elapsed());
        Ok(Turn::Done(()))
    }

    fn show(&self, stage: &Stage, plan: &crate::restore::Plan, version: &str, at: Timestamp) {
        let description = &self.stored.description;
        let age =
            std::time::Duration::try_from(at.duration_since(description.started_at)).unwrap_or_default();
        let roles = plan::names(&plan.missing_roles);
        let made = matches!(stage, Stage::Throwaway(_)) && !plan.missing_roles.is_empty();
        let facts = [
            ("backup", format!("{}, {} old", self.stored.location, crate::proof::limits::words(age))),
            (
                "dumped",
                format!(
                    "{} rows from PostgreSQL {}",
                    self.proven.truth.rows_total(),
                    description.server_version
                ),
            ),
            ("target", format!("{}, PostgreSQL {version}", plan.place)),
            ("missing extensions", plan::names(&plan.missing_extensions)),
            ("missing roles", if made { format!("{roles} (made for the drill)") } else { roles }),
        ];
        let title = format!("{}: drill", self.sponsor.name);
        self.run.edge.sink.block(&std::iter::once(title).chain(plan::lines(&facts)).collect::<Vec<_>>());
    }
}

/// Asks one of the sponsor's questions. It can change nothing.
async fn check(connection: &Connection, client: &Client, statement: &str, run: &Run<'_>) -> Check {
    let sql = format!("SET TRANSACTION READ ONLY;\n{statement}");
    let answer = query::sponsors(run.order.opening.timeout, connection, client, &sql).await;
    // What is in the rows is the patients': an answer that is neither true nor false is not repeated.
    let (passed, answer) = match answer {
        Ok(answer) => match answer.as_str() {
            "t" => (true, "true".to_owned()),
            "f" => (false, "false".to_owned()),
            "" => (false, "nothing".to_owned()),
            _ => (false, "something else".to_owned()),
        },
        Err(error) => {
            let code =
                if let DumpError::Unreachable { message, .. } = &error { message.code() } else { None };
            (false, code.map_or_else(|| "no answer".to_owned(), |code| format!("error {}", code.code())))
        }
    };
    Check { statement: statement.to_owned(), passed, answer }
}
