//! The restore itself. All checks come before the first statement, and all statements are one transaction.

use super::RestoreRun;
use crate::cli::UsageError;
use crate::commands::restoring::{self, RestoreSession};
use crate::commands::selected_backup::SelectedBackup;
use crate::commands::session::{Completed, SponsorSession, fenced, undo_in_time};
use crate::commands::stored::StoredBackup;
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::restore::plan::Allowed;
use crate::databases::postgres::restore::{
    LoadOptions, Loaded, Plan, RestoreError, Target, TargetState, Tools, clearing, objects_in_words, session,
};
use crate::databases::postgres::sql::Needs;
use crate::failure::Failure;
use crate::report::lines;
use crate::report::restore::Restored;
use crate::secrets::{Disabled, S3Backups};
use crate::sponsors::Sponsor;
use crate::store::s3::policy::Purpose;
use crate::verification::{counted, database};

/// A target that was queried, and the plan for it.
struct PreparedTarget {
    target: Target,
    tools: Tools,
    plan: Plan,
}

impl RestoreRun<'_> {
    pub(super) async fn restore(
        &self,
        session: &SponsorSession<'_>,
        restored: &mut Restored,
    ) -> Result<Completed, Failure> {
        let (sponsor, limit) = (session.sponsor, &session.limit);
        let mut chosen = match Box::pin(limit.unless_stopped(self.choose(session))).await? {
            Ok(chosen) => chosen,
            Err(disabled) => return Ok(Completed::Disabled(disabled)),
        };
        note(restored, &chosen.stored);
        // The download may take hours, so known obstacles are reported before it.
        let told = restoring::needs_in_manifest(&chosen.stored);
        let PreparedTarget { plan: first, target, .. } =
            limit.unless_stopped(self.prepare_target(sponsor, &chosen.stored, (&told, None))).await?;
        if self.options.jobs.get() > 1 && target.exists() {
            return Err(into_existing(&self.target).into());
        }
        let location = chosen.stored.location.clone();
        self.context.sink.line(&format!("{}: verifying {location}", sponsor.name));
        let verified = chosen.verify(limit.stop()).await;
        restored.passed = chosen.passed();
        let stored = chosen.stored;
        note(restored, &stored);
        let verified = verified?;
        let needs = (verified.scan.needs(), Some(&first).filter(|_| stored.location == location));
        let PreparedTarget { mut target, tools, plan } =
            limit.unless_stopped(self.prepare_target(sponsor, &stored, needs)).await?;
        if self.options.common.dry_run {
            return Ok(Completed::Planned);
        }
        let restoring =
            RestoreSession { stored: &stored, verified: &verified, tools: &tools, stop: limit.stop() };
        // Each step reacts to a stop by itself, and must not be dropped before it has undone its work.
        let done = fenced(self.perform(&restoring, &mut target, &plan, restored)).await;
        if done.is_err() {
            self.drop_target(&mut target, &tools, restored).await;
        }
        done
    }

    /// Drops a database that a failed restore has created.
    pub(super) async fn drop_target(&self, target: &mut Target, tools: &Tools, restored: &mut Restored) {
        if restored.target != TargetState::Unchanged || !target.is_begun() {
            return;
        }
        let why = match undo_in_time(self.context, target.drop_again(&tools.psql)).await {
            Some(Ok(())) => return,
            Some(Err(error)) => error.to_string(),
            None => "no answer within seconds of the signal".to_owned(),
        };
        restored.target = TargetState::Created;
        let what = target.leftover().unwrap_or_default();
        let left = RestoreError::LeftBehind { what, why }.to_string();
        restored.consequences.push(self.context.sink.redacted(&left));
    }

    /// The selected backup, after it is certain that the target may be restored into. Or why there is none.
    pub(super) async fn choose<'s>(
        &'s self,
        session: &'s SponsorSession<'_>,
    ) -> Result<Result<SelectedBackup<'s>, Disabled>, Failure> {
        let secrets = match session.secrets().await? {
            S3Backups::Enabled(secrets) => secrets,
            S3Backups::Disabled(why) => return Ok(Err(why.clone())),
        };
        let reading = &self.options.reading;
        let purpose = Purpose::Restore { thaw: reading.thaw };
        let opened = session.open_buckets(secrets, &reading.endpoint, purpose)?;
        let buckets = self.buckets.get_or_init(|| opened);
        let others = self.neighbours(session.sponsor).await?;
        let history = session.history(buckets, reading.timeout);
        let chosen = SelectedBackup::find(history, reading, Some(&self.identities)).await?;
        self.guard(session.sponsor, (secrets, &buckets.backups), &others).await?;
        Ok(Ok(chosen))
    }

    /// Queries the target and makes the plan. Prints the plan if it is new, and reports all obstacles at once.
    async fn prepare_target(
        &self,
        sponsor: &Sponsor,
        stored: &StoredBackup,
        (needs, shown): (&Needs, Option<&Plan>),
    ) -> Result<PreparedTarget, Failure> {
        let (clients, newest) = restoring::clients(&self.clients)?;
        let target = Target::look(&self.target, newest).await?;
        let place = self.target.place();
        restoring::show_others(self.context, &place, &target.databases_of_ours(newest).await?);
        let plan = Plan::new(&place, needs, restoring::server_major(stored), &target.facts);
        let losing_rows = self.losing_rows(stored, &target, newest).await?;
        if shown.is_none_or(|shown| !shown.reads_like(&plan)) {
            let before = self.facts_of_before(sponsor, stored, |_| true).await?;
            self.show((sponsor, stored), (&target, &losing_rows), &plan, before);
        }
        let allowed = Allowed {
            replace: self.options.replace,
            clears: self.options.replace && stored.description.partial.is_none(),
            skip_missing_extensions: self.options.skip_missing_extensions,
            make_roles: false,
        };
        let mut obstacles = plan.obstacles(allowed);
        obstacles.extend(self.obstacles_of_replacing(stored, &target, losing_rows));
        let tools = self.tools(stored, (&target, clients), obstacles)?;
        Ok(PreparedTarget { target, tools, plan })
    }

    /// The programs for this target, or all obstacles at once.
    pub(super) fn tools(
        &self,
        stored: &StoredBackup,
        (target, clients): (&Target, &[Client]),
        mut obstacles: Vec<RestoreError>,
    ) -> Result<Tools, RestoreError> {
        let place = self.target.place();
        if target.may_not_be_created() {
            let user = self.target.user().to_owned();
            obstacles.push(RestoreError::MayNotCreate { place: place.clone(), user });
        }
        let tools = restoring::tools(stored, clients, target.facts.major(), &place);
        obstacles.extend(tools.as_ref().err().cloned());
        RestoreError::all(obstacles).map_or(tools, Err)
    }

    /// What prevents dropping the target's objects.
    fn obstacles_of_replacing(
        &self,
        stored: &StoredBackup,
        target: &Target,
        losing_rows: Vec<String>,
    ) -> Option<RestoreError> {
        if !self.replaces(target) {
            return None;
        }
        let place = self.target.place();
        match &stored.description.partial {
            Some(_) if self.options.allow_partial => None,
            Some(partial) => Some(RestoreError::Partial { place, what: partial.words(), losing_rows }),
            None if target.facts.ground.staying.is_empty() => None,
            None => Some(RestoreError::NotOurs { place, names: target.facts.ground.staying.clone() }),
        }
    }

    fn replaces(&self, target: &Target) -> bool {
        self.options.replace && target.exists()
    }

    async fn losing_rows(
        &self,
        stored: &StoredBackup,
        target: &Target,
        client: &Client,
    ) -> Result<Vec<String>, RestoreError> {
        let description = &stored.description;
        let Some(left_out) = description.partial.as_ref().filter(|_| self.replaces(target)) else {
            return Ok(Vec::new());
        };
        let tables = description.contents.iter().flat_map(|told| &told.tables);
        let held = tables.map(|table| (table.schema.clone(), table.name.clone())).collect();
        clearing::losing_rows((&target.connection, client), &left_out.exclude_table_data, &held).await
    }

    /// SQL before and after the backup's own statements, and whether these drop what they create.
    fn frame(&self, needs: &Needs, is_of_some: bool, target: &Target) -> (String, String, bool) {
        let replaces = self.replaces(target);
        // A backup of some schemas replaces only those: its own statements drop them.
        let (clears, drops) = (replaces && !is_of_some, replaces && is_of_some);
        let is_silenced = target.facts.ground.may_silence_reactions();
        let mut first = if is_silenced { session::silencing() } else { String::new() };
        let mut last = String::new();
        if clears {
            first += &clearing::clearing(target.facts.major());
        }
        if drops {
            first += &clearing::noting();
            last += &clearing::checking();
        } else {
            first += restoring::before(needs, &target.facts, clears);
        }
        if is_silenced {
            last += &session::waking();
        }
        (first, last, drops)
    }

    async fn perform(
        &self,
        restoring: &RestoreSession<'_>,
        target: &mut Target,
        plan: &Plan,
        restored: &mut Restored,
    ) -> Result<Completed, Failure> {
        let needs = restoring.verified.scan.needs();
        let loaded = if self.options.jobs.get() == 1 {
            self.load(restoring, target, plan, restored).await?
        } else {
            self.load_in_parallel(restoring, target).await?
        };
        restored.target = if target.exists() { TargetState::Replaced } else { TargetState::Created };
        restored.is_loaded = true;
        restored.left_out.clone_from(&loaded.left_out);
        for left in &mut restored.left_out {
            left.reason = self.context.sink.redacted(&left.reason);
        }
        let quiet = target.facts.quiet(&target.connection, needs.reacts_to_logins);
        let comparison = restoring.compare(&quiet, target.facts.major(), &loaded, true).await?;
        restored.comparison = Some(comparison);
        Ok(Completed::Done)
    }

    /// Loads in one transaction.
    async fn load(
        &self,
        restoring: &RestoreSession<'_>,
        target: &mut Target,
        plan: &Plan,
        restored: &mut Restored,
    ) -> Result<Loaded, Failure> {
        let is_of_some = restoring.stored.description.partial.is_some();
        let (first, last, drops) = self.frame(restoring.verified.scan.needs(), is_of_some, target);
        let locale = restoring.locale();
        let form = restoring.form(locale.as_ref());
        target.create(&form, &restoring.tools.psql, restoring.stop).await?;
        let skip = self.options.skip_missing_extensions;
        let manner = LoadOptions {
            on_error: restoring::on_error(skip, !plan.missing_extensions.is_empty()),
            first: &first,
            settings: &restoring.settings(&target.facts, !target.exists()),
            last: &last,
            drops,
            money: restoring::money(restoring.stored),
            has_blocks: target.facts.ground.has_blocks,
            reaches_out: true,
        };
        match restoring.load(&target.connection, manner).await {
            Err(Failure::Restore(unsure @ RestoreError::Unsure { .. })) => {
                restored.target = TargetState::Unknown;
                Err(if restoring.stop.is_cancelled() { RestoreError::Stopped } else { unsure }.into())
            }
            loaded => loaded,
        }
    }

    /// Loads over several connections. The database gets its name only if all of it was loaded.
    async fn load_in_parallel(
        &self,
        restoring: &RestoreSession<'_>,
        target: &mut Target,
    ) -> Result<Loaded, Failure> {
        let locale = restoring.locale();
        let (form, client) = (restoring.form(locale.as_ref()), &restoring.tools.psql);
        let unnamed = target.create_unnamed(&form, client, restoring.stop).await?;
        let first = restoring::before(restoring.verified.scan.needs(), &target.facts, false).to_owned();
        let options = restoring.parallel_options(self.options.jobs, first, &target.facts, (true, true));
        let loaded = restoring.load_in_parallel(&unnamed, options).await?;
        target.publish(client, restoring.stop).await?;
        Ok(loaded)
    }

    fn target_holds(&self, target: &Target, plan: &Plan) -> String {
        match (target.exists(), plan.objects, self.options.replace) {
            (false, ..) => "nothing (it does not exist yet)".to_owned(),
            (true, 0, false) => "nothing".to_owned(),
            (true, count, false) => objects_in_words(count),
            (true, count, true) => format!("{}, to be replaced", objects_in_words(count)),
        }
    }

    /// Whom the restored objects will belong to.
    fn owners(&self, stored: &StoredBackup) -> String {
        let description = &stored.description;
        if !description.includes_privileges {
            return format!("not in this backup: restored objects belong to the role {}", self.target.user());
        }
        let roles = description.restore.as_ref().map(|needs| needs.roles.join(", ")).unwrap_or_default();
        let roles = if roles.is_empty() { roles } else { format!(", of the roles {roles}") };
        format!("in this backup: restored objects belong to the owners that it names{roles}")
    }

    /// Shows the plan.
    fn show(
        &self,
        (sponsor, stored): (&Sponsor, &StoredBackup),
        (target, losing_rows): (&Target, &[String]),
        plan: &Plan,
        before: Vec<(&'static str, String)>,
    ) {
        let description = &stored.description;
        let rows = description.contents.as_ref().map(|told| format!("{} ", counted(told.rows_total, "row")));
        let rows = rows.unwrap_or_default();
        let mut facts = vec![
            ("backup", format!("{} of {}", stored.location, description.started_at)),
            ("dumped", format!("{rows}from PostgreSQL {}", description.server_version)),
            ("target", format!("{}, PostgreSQL {}", plan.place, target.facts.version)),
            ("target holds", self.target_holds(target, plan)),
            ("missing extensions", lines::join_names(&plan.missing_extensions)),
            ("missing roles", lines::join_names(&plan.missing_roles)),
        ];
        facts.extend(description.database.iter().map(|told| ("database", database::words(told))));
        facts.push(("owners and grants", self.owners(stored)));
        facts.extend(event_triggers(target).map(|words| ("event triggers", words)));
        if let Some(partial) = &description.partial {
            facts.push(("partial backup", partial.words()));
        }
        facts.extend(before);
        if !losing_rows.is_empty() {
            facts.push(("rows that would be lost", losing_rows.join(", ")));
        }
        let verb = if self.options.common.dry_run { "would be restored" } else { "restore" };
        let title = format!("{}: {verb}", sponsor.name);
        self.context.sink.block(&lines::plan(title, &facts));
    }
}

fn into_existing(target: &Connection) -> UsageError {
    let place = target.place();
    UsageError::new(format!("`jobs` needs a database that the restore creates, but {place} exists"))
        .hint("Name a database that does not exist, or unset `jobs`.")
}

fn event_triggers(target: &Target) -> Option<String> {
    let reactions = target.facts.ground.reactions_that_stay();
    let noun = if reactions == 1 { "event trigger" } else { "event triggers" };
    let words = format!("{reactions} {noun} of the target may fire. Only a superuser can disable them.");
    (reactions > 0).then_some(words)
}

/// Notes the backup for the report.
pub(super) fn note(restored: &mut Restored, stored: &StoredBackup) {
    let description = &stored.description;
    let (bytes, sha256) = (description.stored.bytes, description.stored.sha256.clone());
    restored.backup = Some((stored.location.clone(), bytes, sha256));
    restored.partial.clone_from(&description.partial);
}
