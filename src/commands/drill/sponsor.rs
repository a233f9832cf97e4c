//! Drills one sponsor. The stage (a temporary server or a scratch database) is always removed.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::target::DrillTarget;
use super::{DrillRun, DrillState};
use crate::archive::s3::policy::Purpose;
use crate::commands::buckets::{BucketAccess, SponsorBuckets};
use crate::commands::limit::{TimeLimit, undo_in_time};
use crate::commands::publish::Completed;
use crate::commands::restoring::{self, RestoreSession};
use crate::commands::selected::SelectedBackup;
use crate::commands::stored::{StoredBackup, VerifiedContents};
use crate::databases::postgres::client::Client;
use crate::databases::postgres::restore::{LeftOut, LoadOptions, Plan, RestoreError, TargetState};
use crate::databases::postgres::{Connection, DumpError, query};
use crate::failure::Failure;
use crate::report::lines;
use crate::secrets::S3Backups;
use crate::sponsors::Sponsor;
use crate::verification::drill::{Backup, Check, DrillFindings};
use crate::verification::{counted, database};

impl DrillRun<'_> {
    pub(super) async fn drill(
        &self,
        sponsor: &Sponsor,
        facts: &mut DrillState,
        at: Timestamp,
        clock: &TimeLimit<'_>,
    ) -> Result<Completed<()>, Failure> {
        let mut chosen = match Box::pin(clock.unless_stopped(self.choose(sponsor, facts))).await? {
            Ok(chosen) => chosen,
            Err(disabled) => return Ok(Completed::Disabled(disabled)),
        };
        let begun = Instant::now();
        let mut stage = clock.unless_stopped(DrillTarget::build(self, &chosen.stored)).await?;
        let rehearsal = DrillSteps { run: self, sponsor, clock, built: begun.elapsed() };
        // A panic must not leave the stage behind.
        let done = rehearsal.perform(&mut chosen, &mut stage, &mut facts.findings, at);
        let done = Box::pin(AssertUnwindSafe(done).catch_unwind());
        let done =
            done.await.unwrap_or_else(|_| Err(Failure::Bug("panicked (see the lines above)".to_owned())));
        let (what, is_ours) = (stage.connection.place(), stage.is_ours());
        let struck = undo_in_time(self.edge, stage.remove()).await.unwrap_or_else(|| {
            let why = "no answer within seconds of the signal".to_owned();
            Err(match is_ours {
                // The next drill removes it.
                true => RestoreError::TemporaryServer { what: "remove", reason: why },
                false => RestoreError::LeftBehind { what, why },
            })
        });
        if struck.is_err() {
            facts.target = TargetState::Created;
        }
        if let Some(target) = &mut facts.findings.target {
            target.removed = struck.is_ok();
        }
        match (done, struck) {
            (Ok(done), struck) => struck.map(|()| done).map_err(Failure::from),
            (Err(first), struck) => {
                if let Err(second) = struck {
                    facts.consequences.push(self.edge.sink.redacted(&second.to_string()));
                }
                Err(first)
            }
        }
    }

    /// The selected backup, or why there is none.
    async fn choose<'a>(
        &'a self,
        sponsor: &'a Sponsor,
        facts: &mut DrillState,
    ) -> Result<Result<SelectedBackup<'a>, String>, Failure> {
        let secrets = match self.survey.secrets_of_its_own(sponsor).await? {
            S3Backups::Enabled(secrets) => secrets,
            S3Backups::Disabled(why) => return Ok(Err(why.to_string())),
        };
        let way = BucketAccess {
            scope: &self.order.scope,
            edge: self.edge,
            endpoint: &self.order.opening.endpoint,
            sponsor: &sponsor.name,
            purpose: Purpose::Drill { thaw: self.order.opening.thaw },
        };
        let vault = facts.vault.insert(SponsorBuckets::open(&way, secrets));
        let environment = self.order.scope.environment;
        let whose = (sponsor, environment);
        let opening = &self.order.opening;
        let place = vault.place(whose, opening.timeout, self.edge);
        let chosen = SelectedBackup::find(place, opening, &self.identities).await?;
        facts.findings.backup = Some(backup(&chosen.stored));
        Ok(Ok(chosen))
    }
}

/// The report's part about the backup.
fn backup(stored: &StoredBackup) -> Backup {
    Backup {
        location: stored.location.clone(),
        snapshot_at: stored.description.started_at,
        bytes: stored.description.stored.bytes,
        sha256: stored.description.stored.sha256.clone(),
        partial: stored.description.partial.clone(),
    }
}

/// A drill with its stage.
struct DrillSteps<'a> {
    run: &'a DrillRun<'a>,
    sponsor: &'a Sponsor,
    clock: &'a TimeLimit<'a>,
    /// Time it took to build the stage.
    built: Duration,
}

impl DrillSteps<'_> {
    async fn perform(
        &self,
        chosen: &mut SelectedBackup<'_>,
        stage: &mut DrillTarget,
        findings: &mut DrillFindings,
        at: Timestamp,
    ) -> Result<Completed<()>, Failure> {
        let (run, stop) = (self.run, self.clock.stop());
        // The download may take hours, so known obstacles are reported before it.
        let looked_at = stage.described();
        let told = stage.plan(run, &chosen.stored, &restoring::needs_in_manifest(&chosen.stored));
        if let Err(obstacle) = told.and_then(|_| stage.tools(run, &chosen.stored)) {
            findings.target = Some(looked_at);
            return Err(obstacle);
        }
        run.edge.sink.line(&format!("{}: verifying {}", self.sponsor.name, chosen.stored.location));
        let proven = chosen.prove(stop).await;
        findings.passed = chosen.passed();
        let stored = &chosen.stored;
        findings.backup = Some(backup(stored));
        let proven = proven?;
        findings.phases.fetch = Some(proven.fetch);
        findings.phases.decrypt = Some(proven.decrypt);
        findings.target = Some(looked_at);
        let begun = Instant::now();
        let needs = proven.scan.needs();
        let plan = stage.plan(run, stored, needs)?;
        let tools = stage.tools(run, stored)?;
        self.show(stage, (stored, &proven), &plan, at);
        if run.order.dry_run {
            return Ok(Completed::Planned);
        }
        // It reacts to a stop by itself, and must not be dropped before the state of the database is known.
        let restoring = RestoreSession { stored, proven: &proven, tools: &tools, stop };
        let locale = restoring.locale();
        stage.make(&restoring.form(locale.as_ref()), stop).await?;
        let restored = self.restore(stage, &restoring, &plan, (findings, begun));
        self.clock.unless_stopped(restored).await
    }

    async fn restore(
        &self,
        stage: &DrillTarget,
        restoring: &RestoreSession<'_>,
        plan: &Plan,
        (findings, begun): (&mut DrillFindings, Instant),
    ) -> Result<Completed<()>, Failure> {
        let DrillTarget { connection, facts, .. } = stage;
        let mut roles = plan.missing_roles.clone();
        let carried = restoring.carried();
        roles.extend(carried.roles().filter(|role| stage.is_ours() && !facts.roles.contains(*role)).cloned());
        let needs = restoring.proven.scan.needs();
        let manner = LoadOptions {
            on_error: restoring::on_error(
                self.run.order.skip_missing_extensions,
                !plan.missing_extensions.is_empty(),
            ),
            first: &(stage.roles(&roles) + restoring::before(needs, facts, false)),
            // On an existing server, other roles could read the values, and the comment is our marker.
            settings: &restoring.settings(facts, stage.is_ours()),
            last: "",
            drops: false,
            money: restoring::money(restoring.stored),
            has_blocks: facts.ground.has_blocks,
            reaches_out: false,
        };
        let loaded = restoring.load(connection, manner).await?;
        findings.roles_made = roles.into_iter().collect();
        let clean = |words: &str| self.run.edge.sink.redacted(words);
        findings.left_out = loaded
            .left_out
            .iter()
            .map(|left| LeftOut { reason: clean(&left.reason), ..left.clone() })
            .collect();
        findings.phases.load = Some(self.built + begun.elapsed());
        let verifying = Instant::now();
        let connection = &facts.quiet(connection, needs.reacts_to_logins);
        let comparison = restoring.compare(connection, facts.major(), &loaded, stage.is_ours()).await?;
        for what in comparison.set_aside() {
            self.run.edge.sink.line(&format!("{}: not compared: {what}", self.sponsor.name));
        }
        findings.comparison = Some(comparison);
        for statement in &self.run.checks {
            findings.checks.push(check(connection, &restoring.tools.psql, statement, self.run).await);
        }
        findings.phases.verify = Some(verifying.elapsed());
        Ok(Completed::Done(()))
    }

    fn show(
        &self,
        stage: &DrillTarget,
        (stored, proven): (&StoredBackup, &VerifiedContents),
        plan: &Plan,
        at: Timestamp,
    ) {
        let description = &stored.description;
        let age =
            std::time::Duration::try_from(at.duration_since(description.started_at)).unwrap_or_default();
        let roles = lines::join_names(&plan.missing_roles);
        let made = stage.is_ours() && !plan.missing_roles.is_empty();
        let mut facts = vec![
            ("backup", format!("{}, {} old", stored.location, crate::verification::limits::words(age))),
            (
                "dumped",
                format!(
                    "{} from PostgreSQL {}",
                    counted(proven.contents.rows_total(), "row"),
                    description.server_version
                ),
            ),
            ("target", format!("{}, PostgreSQL {}", plan.place, stage.facts.version)),
            ("missing extensions", lines::join_names(&plan.missing_extensions)),
            ("missing roles", if made { format!("{roles} (created for the drill)") } else { roles }),
        ];
        facts.extend(description.database.iter().map(|told| ("database", database::words(told))));
        if let Some(room) = &stage.room {
            facts.push(("disk", room.words(restoring::size(stored))));
        }
        let title = format!("{}: drill", self.sponsor.name);
        self.run.edge.sink.block(&lines::plan(title, &facts));
    }
}

/// Runs one of the sponsor's checks in a read-only transaction.
async fn check(connection: &Connection, client: &Client, statement: &str, run: &DrillRun<'_>) -> Check {
    let sql = format!("SET TRANSACTION READ ONLY;\n{statement}");
    let answer = query::sponsors(run.order.opening.timeout, connection, client, &sql).await;
    // Rows contain patients' data, so an answer other than true or false is not shown.
    let (passed, answer) = match answer {
        Ok(answer) => match answer.as_str() {
            "t" => (true, "true".to_owned()),
            "f" => (false, "false".to_owned()),
            "" => (false, "nothing".to_owned()),
            _ => (false, "something else".to_owned()),
        },
        Err(DumpError::AnswerTooLong { .. }) => (false, "something else".to_owned()),
        Err(error) => {
            let code =
                if let DumpError::Unreachable { message, .. } = &error { message.code() } else { None };
            (false, code.map_or_else(|| "no answer".to_owned(), |code| format!("error {}", code.code())))
        }
    };
    Check { statement: statement.to_owned(), passed, answer }
}
