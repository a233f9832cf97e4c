//! Drills one sponsor. The target (a temporary server or a scratch database) is always removed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::target::DrillTarget;
use super::{DrillRun, DrillState};
use crate::commands::restoring::{self, RestoreSession};
use crate::commands::selected_backup::SelectedBackup;
use crate::commands::session::{Completed, SponsorSession, fenced, undo_in_time};
use crate::commands::stored::StoredBackup;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::restore::{LeftOut, LoadOptions, Loaded, Plan, RestoreError, TargetState};
use crate::databases::postgres::{Connection, PostgresError, query};
use crate::failure::Failure;
use crate::report::lines;
use crate::secrets::{Disabled, S3Backups};
use crate::store::s3::policy::Purpose;
use crate::verification::drill::{Backup, Check, DrillFindings};
use crate::verification::{counted, database};

impl DrillRun<'_> {
    pub(super) async fn drill(
        &self,
        session: &SponsorSession<'_>,
        state: &mut DrillState,
    ) -> Result<Completed, Failure> {
        let limit = &session.limit;
        let mut chosen = match Box::pin(limit.unless_stopped(self.choose(session, state))).await? {
            Ok(chosen) => chosen,
            Err(disabled) => return Ok(Completed::Disabled(disabled)),
        };
        let begun = Instant::now();
        let mut target = limit.unless_stopped(DrillTarget::build(self, &chosen.stored)).await?;
        let steps = DrillSteps { run: self, session, built: begun.elapsed() };
        // A panic must not leave the target behind.
        let done = fenced(Box::pin(steps.perform(&mut chosen, &mut target, &mut state.findings))).await;
        let removed = self.remove(target).await;
        if removed.is_err() {
            state.target = TargetState::Created;
        }
        if let Some(target) = &mut state.findings.target {
            target.removed = removed.is_ok();
        }
        match (done, removed) {
            (Ok(done), removed) => removed.map(|()| done).map_err(Failure::from),
            (Err(first), removed) => {
                if let Err(second) = removed {
                    state.consequences.push(self.context.sink.redacted(&second.to_string()));
                }
                Err(first)
            }
        }
    }

    async fn remove(&self, target: DrillTarget) -> Result<(), RestoreError> {
        let (what, is_ours) = (target.connection.place(), target.is_ours());
        undo_in_time(self.context, target.remove()).await.unwrap_or_else(|| {
            let why = "no answer within seconds of the signal".to_owned();
            Err(match is_ours {
                // The next drill removes it.
                true => RestoreError::TemporaryServer { what: "remove", reason: why },
                false => RestoreError::LeftBehind { what, why },
            })
        })
    }

    /// The selected backup, or why there is none.
    async fn choose<'s>(
        &'s self,
        session: &'s SponsorSession<'_>,
        state: &mut DrillState,
    ) -> Result<Result<SelectedBackup<'s>, Disabled>, Failure> {
        let secrets = match session.secrets().await? {
            S3Backups::Enabled(secrets) => secrets,
            S3Backups::Disabled(why) => return Ok(Err(why.clone())),
        };
        let reading = &self.options.reading;
        let purpose = Purpose::Drill { thaw: reading.thaw };
        let buckets = state.buckets.insert(session.open_buckets(secrets, &reading.endpoint, purpose)?);
        let history = session.history(buckets, reading.timeout);
        let chosen = SelectedBackup::find(history, reading, Some(&self.identities)).await?;
        state.findings.backup = Some(backup(&chosen.stored));
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

/// A drill with its target.
struct DrillSteps<'a> {
    run: &'a DrillRun<'a>,
    session: &'a SponsorSession<'a>,
    /// Time it took to build the target.
    built: Duration,
}

impl DrillSteps<'_> {
    async fn perform(
        &self,
        chosen: &mut SelectedBackup<'_>,
        target: &mut DrillTarget,
        findings: &mut DrillFindings,
    ) -> Result<Completed, Failure> {
        let (run, stop) = (self.run, self.session.limit.stop());
        // The download may take hours, so known obstacles are reported before it.
        let looked_at = target.described();
        let told = target.plan(run, &chosen.stored, &restoring::needs_in_manifest(&chosen.stored));
        if let Err(obstacle) = told.and_then(|_| target.tools(run, &chosen.stored)) {
            findings.target = Some(looked_at);
            return Err(obstacle);
        }
        run.context
            .sink
            .line(&format!("{}: verifying {}", self.session.sponsor.name, chosen.stored.location));
        let verified = chosen.verify(stop).await;
        findings.passed = chosen.passed();
        let stored = &chosen.stored;
        findings.backup = Some(backup(stored));
        let verified = verified?;
        findings.phases.fetch = Some(verified.fetch);
        findings.phases.decrypt = Some(verified.decrypt);
        findings.target = Some(looked_at);
        let begun = Instant::now();
        let plan = target.plan(run, stored, verified.scan.needs())?;
        let tools = target.tools(run, stored)?;
        self.show(target, stored, &plan);
        if run.options.common.dry_run {
            return Ok(Completed::Planned);
        }
        // It reacts to a stop by itself, and must not be dropped before the state of the database is known.
        let restoring = RestoreSession { stored, verified: &verified, tools: &tools, stop };
        let locale = restoring.locale();
        target.make(&restoring.form(locale.as_ref()), stop).await?;
        let restored = self.restore(target, &restoring, &plan, (findings, begun));
        self.session.limit.unless_stopped(restored).await
    }

    async fn restore(
        &self,
        target: &DrillTarget,
        restoring: &RestoreSession<'_>,
        plan: &Plan,
        (findings, begun): (&mut DrillFindings, Instant),
    ) -> Result<Completed, Failure> {
        let DrillTarget { connection, facts, .. } = target;
        let roles = self.roles(target, restoring, plan);
        let needs = restoring.verified.scan.needs();
        let first = target.roles(&roles) + restoring::before(needs, facts, false);
        let jobs = self.run.options.jobs;
        let loaded = if jobs.get() == 1 {
            let skip = self.run.options.skip_missing_extensions;
            let manner = LoadOptions {
                on_error: restoring::on_error(skip, !plan.missing_extensions.is_empty()),
                first: &first,
                // On an existing server, other roles could read the values, and the comment is our marker.
                settings: &restoring.settings(facts, target.is_ours()),
                last: "",
                drops: false,
                money: restoring::money(restoring.stored),
                has_blocks: facts.ground.has_blocks,
                reaches_out: false,
            };
            restoring.load(connection, manner).await?
        } else {
            let options = restoring.parallel_options(jobs, first, facts, (target.is_ours(), false));
            restoring.load_in_parallel(connection, options).await?
        };
        findings.roles_made = roles.into_iter().collect();
        findings.left_out = self.left_out(&loaded);
        findings.phases.load = Some(self.built + begun.elapsed());
        let verifying = Instant::now();
        let connection = &facts.quiet(connection, needs.reacts_to_logins);
        let comparison = restoring.compare(connection, facts.major(), &loaded, target.is_ours()).await?;
        for what in comparison.set_aside() {
            self.run.context.sink.line(&format!("{}: not compared: {what}", self.session.sponsor.name));
        }
        findings.comparison = Some(comparison);
        for statement in &self.run.checks {
            findings.checks.push(check(connection, &restoring.tools.psql, statement, self.run).await);
        }
        findings.phases.verify = Some(verifying.elapsed());
        Ok(Completed::Done)
    }

    /// The roles to create: those that the backup's objects and settings name, if the whole server is ours.
    fn roles(&self, target: &DrillTarget, restoring: &RestoreSession<'_>, plan: &Plan) -> BTreeSet<String> {
        let mut roles = plan.missing_roles.clone();
        let is_new = |role: &&String| target.is_ours() && !target.facts.roles.contains(*role);
        roles.extend(restoring.carried().roles().filter(is_new).cloned());
        roles
    }

    /// What was left out, without secrets that the server quoted.
    fn left_out(&self, loaded: &Loaded) -> Vec<LeftOut> {
        let clean = |words: &str| self.run.context.sink.redacted(words);
        let left = loaded.left_out.iter();
        left.map(|left| LeftOut { reason: clean(&left.reason), ..left.clone() }).collect()
    }

    fn show(&self, target: &DrillTarget, stored: &StoredBackup, plan: &Plan) {
        let description = &stored.description;
        let age = std::time::Duration::try_from(self.session.started.duration_since(description.started_at))
            .unwrap_or_default();
        let roles = lines::join_names(&plan.missing_roles);
        let rows = description.contents.as_ref().map(|told| format!("{} ", counted(told.rows_total, "row")));
        let rows = rows.unwrap_or_default();
        let made = target.is_ours() && !plan.missing_roles.is_empty();
        let mut facts = vec![
            ("backup", format!("{}, {} old", stored.location, crate::verification::limits::words(age))),
            ("dumped", format!("{rows}from PostgreSQL {}", description.server_version)),
            ("target", format!("{}, PostgreSQL {}", plan.place, target.facts.version)),
            ("missing extensions", lines::join_names(&plan.missing_extensions)),
            ("missing roles", if made { format!("{roles} (created for the drill)") } else { roles }),
        ];
        facts.extend(description.database.iter().map(|told| ("database", database::words(told))));
        if let Some(room) = &target.room {
            facts.push(("disk", room.words(restoring::size(stored))));
        }
        let title = format!("{}: drill", self.session.sponsor.name);
        self.run.context.sink.block(&lines::plan(title, &facts));
    }
}

/// Runs one of the sponsor's checks in a read-only transaction.
async fn check(connection: &Connection, client: &Client, statement: &str, run: &DrillRun<'_>) -> Check {
    let sql = format!("SET TRANSACTION READ ONLY;\n{statement}");
    let answer = query::run_check(run.options.reading.timeout, connection, client, &sql).await;
    // Rows contain patients' data, so an answer other than true or false is not shown.
    let (passed, answer) = match answer {
        Ok(answer) => match answer.as_str() {
            "t" => (true, "true".to_owned()),
            "f" => (false, "false".to_owned()),
            "" => (false, "nothing".to_owned()),
            _ => (false, "something else".to_owned()),
        },
        Err(PostgresError::AnswerTooLong { .. }) => (false, "something else".to_owned()),
        Err(error) => {
            let code =
                if let PostgresError::QueryFailed { message, .. } = &error { message.code() } else { None };
            (false, code.map_or_else(|| "no answer".to_owned(), |code| format!("error {}", code.code())))
        }
    };
    Check { statement: run.context.sink.redacted(statement), passed, answer }
}
