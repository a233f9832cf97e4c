//! The restore itself. All checks come before the first statement, and all statements are one transaction.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use super::RestoreRun;
use crate::archive::s3::policy::Purpose;
use crate::commands::buckets::{BucketAccess, SponsorBuckets};
use crate::commands::limit::{TimeLimit, undo_in_time};
use crate::commands::publish::Completed;
use crate::commands::restoring::{self, RestoreSession};
use crate::commands::selected::SelectedBackup;
use crate::commands::stored::StoredBackup;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::restore::plan::Allowed;
use crate::databases::postgres::restore::{
    LoadOptions, Plan, RestoreError, Target, TargetState, Tools, clearing, objects_in_words, session,
};
use crate::databases::postgres::sql::Needs;
use crate::failure::Failure;
use crate::report::lines;
use crate::report::restore::Restored;
use crate::secrets::S3Backups;
use crate::sponsors::Sponsor;
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
        sponsor: &Sponsor,
        restored: &mut Restored,
        clock: &TimeLimit<'_>,
    ) -> Result<Completed<()>, Failure> {
        let mut chosen = match Box::pin(clock.unless_stopped(self.choose(sponsor))).await? {
            Ok(chosen) => chosen,
            Err(disabled) => return Ok(Completed::Disabled(disabled)),
        };
        note(restored, &chosen.stored);
        // The download may take hours, so known obstacles are reported before it.
        let told = restoring::needs_in_manifest(&chosen.stored);
        let PreparedTarget { plan: first, .. } =
            clock.unless_stopped(self.set(sponsor, &chosen.stored, (&told, None))).await?;
        let location = chosen.stored.location.clone();
        self.edge.sink.line(&format!("{}: verifying {location}", sponsor.name));
        let proven = chosen.prove(clock.stop()).await;
        restored.passed = chosen.passed();
        let stored = chosen.stored;
        note(restored, &stored);
        let proven = proven?;
        let needs = (proven.scan.needs(), Some(&first).filter(|_| stored.location == location));
        let PreparedTarget { mut target, tools, plan } =
            clock.unless_stopped(self.set(sponsor, &stored, needs)).await?;
        if self.order.dry_run {
            return Ok(Completed::Planned);
        }
        let restoring =
            RestoreSession { stored: &stored, proven: &proven, tools: &tools, stop: clock.stop() };
        // Each step reacts to a stop by itself, and must not be dropped before it has undone its work.
        let done = AssertUnwindSafe(self.perform(&restoring, &mut target, &plan, restored)).catch_unwind();
        let done =
            done.await.unwrap_or_else(|_| Err(Failure::Bug("panicked (see the lines above)".to_owned())));
        if done.is_err() && restored.target == TargetState::Unchanged && target.is_begun() {
            let dropped = undo_in_time(self.edge, target.drop_again(&tools.psql)).await;
            let why = match dropped {
                Some(Ok(())) => return done,
                Some(Err(error)) => error.to_string(),
                None => "no answer within seconds of the signal".to_owned(),
            };
            restored.target = TargetState::Created;
            let what = target.leftover().unwrap_or_default();
            let left = RestoreError::LeftBehind { what, why }.to_string();
            restored.consequences.push(self.edge.sink.redacted(&left));
        }
        done
    }

    /// The selected backup, after it is certain that the target may be restored into. Or why there is none.
    async fn choose<'a>(
        &'a self,
        sponsor: &'a Sponsor,
    ) -> Result<Result<SelectedBackup<'a>, String>, Failure> {
        let secrets = match self.survey.secrets_of_its_own(sponsor).await? {
            S3Backups::Enabled(secrets) => secrets,
            S3Backups::Disabled(why) => return Ok(Err(why.to_string())),
        };
        let neighbours = self.neighbours(sponsor).await?;
        let (opening, environment) = (&self.order.opening, self.order.scope.environment);
        let way = BucketAccess {
            scope: &self.order.scope,
            edge: self.edge,
            endpoint: &opening.endpoint,
            sponsor: &sponsor.name,
            purpose: Purpose::Restore { thaw: opening.thaw },
        };
        let vault = SponsorBuckets::open(&way, secrets);
        let whose = (sponsor, environment);
        let place = vault.place(whose, opening.timeout, self.edge);
        let chosen = SelectedBackup::find(place, opening, &self.identities).await?;
        self.guard(sponsor, (secrets, &vault.backups), &neighbours).await?;
        Ok(Ok(chosen))
    }

    /// Queries the target and makes the plan. Prints the plan if it is new, and reports all obstacles at once.
    async fn set(
        &self,
        sponsor: &Sponsor,
        stored: &StoredBackup,
        (needs, shown): (&Needs, Option<&Plan>),
    ) -> Result<PreparedTarget, Failure> {
        let (clients, newest) = restoring::clients(&self.clients)?;
        let target = Target::look(&self.target, newest).await?;
        let place = self.target.place();
        let plan = Plan::new(&place, needs, restoring::server_major(stored), &target.facts);
        let losing_rows = self.losing_rows(stored, &target, newest).await?;
        if shown.is_none_or(|shown| !shown.reads_like(&plan)) {
            self.show(sponsor, stored, (&target, &losing_rows), &plan);
        }
        let allowed = Allowed {
            replace: self.order.replace,
            clears: self.order.replace && stored.description.partial.is_none(),
            skip_missing_extensions: self.order.skip_missing_extensions,
            make_roles: false,
        };
        let mut obstacles = plan.obstacles(allowed);
        let partial = stored.description.partial.as_ref();
        if let Some(partial) = partial.filter(|_| self.replaces(&target) && !self.order.allow_partial) {
            let what = partial.words();
            obstacles.push(RestoreError::Partial { place: place.clone(), what, losing_rows });
        }
        if self.replaces(&target) && partial.is_none() && !target.facts.ground.staying.is_empty() {
            let names = target.facts.ground.staying.clone();
            obstacles.push(RestoreError::NotOurs { place: place.clone(), names });
        }
        if target.may_not_be_created() {
            let user = self.target.user().to_owned();
            obstacles.push(RestoreError::MayNotCreate { place: place.clone(), user });
        }
        let tools = restoring::tools(stored, clients, target.facts.major(), &place);
        obstacles.extend(tools.as_ref().err().cloned());
        match (RestoreError::all(obstacles), tools) {
            (None, Ok(tools)) => Ok(PreparedTarget { target, tools, plan }),
            (Some(obstacle), _) | (None, Err(obstacle)) => Err(obstacle.into()),
        }
    }

    fn replaces(&self, target: &Target) -> bool {
        self.order.replace && target.exists()
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

    async fn perform(
        &self,
        restoring: &RestoreSession<'_>,
        target: &mut Target,
        plan: &Plan,
        restored: &mut Restored,
    ) -> Result<Completed<()>, Failure> {
        let needs = restoring.proven.scan.needs();
        // A backup of some schemas replaces only those: its own statements drop them.
        let is_of_some = restoring.stored.description.partial.is_some();
        let replaces = self.replaces(target);
        let (clears, drops) = (replaces && !is_of_some, replaces && is_of_some);
        let is_silenced = target.facts.ground.may_silence_reactions();
        let first = [
            if is_silenced { session::silencing() } else { String::new() },
            if clears { clearing::clearing(target.facts.major()) } else { String::new() },
            if drops {
                clearing::noting()
            } else {
                restoring::before(needs, &target.facts, clears).to_owned()
            },
        ]
        .concat();
        let checking = if drops { clearing::checking() } else { String::new() };
        let last = checking + &if is_silenced { session::waking() } else { String::new() };
        let locale = restoring.locale();
        let form = restoring.form(locale.as_ref());
        target.create(&form, &restoring.tools.psql, restoring.stop).await?;
        let skip = self.order.skip_missing_extensions;
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
        let loaded = match restoring.load(&target.connection, manner).await {
            Err(Failure::Restore(unsure @ RestoreError::Unsure { .. })) => {
                restored.target = TargetState::Unknown;
                return Err(if restoring.stop.is_cancelled() { RestoreError::Stopped } else { unsure }.into());
            }
            loaded => loaded?,
        };
        restored.target = if target.exists() { TargetState::Replaced } else { TargetState::Created };
        restored.is_loaded = true;
        restored.left_out.clone_from(&loaded.left_out);
        for left in &mut restored.left_out {
            left.reason = self.edge.sink.redacted(&left.reason);
        }
        let quiet = target.facts.quiet(&target.connection, needs.reacts_to_logins);
        let comparison = restoring.compare(&quiet, target.facts.major(), &loaded, true).await?;
        restored.comparison = Some(comparison);
        Ok(Completed::Done(()))
    }

    fn show(
        &self,
        sponsor: &Sponsor,
        stored: &StoredBackup,
        (target, losing_rows): (&Target, &[String]),
        plan: &Plan,
    ) {
        let holds = match (target.exists(), plan.objects, self.order.replace) {
            (false, ..) => "nothing (it does not exist yet)".to_owned(),
            (true, 0, false) => "nothing".to_owned(),
            (true, count, false) => objects_in_words(count),
            (true, count, true) => format!("{}, to be replaced", objects_in_words(count)),
        };
        let description = &stored.description;
        let rows = description.contents.as_ref().map(|told| format!("{} ", counted(told.rows_total, "row")));
        let rows = rows.unwrap_or_default();
        let mut facts = vec![
            ("backup", format!("{} of {}", stored.location, description.started_at)),
            ("dumped", format!("{rows}from PostgreSQL {}", description.server_version)),
            ("target", format!("{}, PostgreSQL {}", plan.place, target.facts.version)),
            ("target holds", holds),
            ("missing extensions", lines::join_names(&plan.missing_extensions)),
            ("missing roles", lines::join_names(&plan.missing_roles)),
        ];
        facts.extend(description.database.iter().map(|told| ("database", database::words(told))));
        if !description.includes_privileges {
            let words =
                format!("not in this backup: restored objects belong to the role {}", self.target.user());
            facts.push(("owners and grants", words));
        }
        let reactions = target.facts.ground.reactions_that_stay();
        if reactions > 0 {
            let noun = if reactions == 1 { "event trigger" } else { "event triggers" };
            let words =
                format!("{reactions} {noun} of the target may fire. Only a superuser can disable them.");
            facts.push(("event triggers", words));
        }
        if let Some(partial) = &description.partial {
            facts.push(("partial backup", partial.words()));
        }
        if !losing_rows.is_empty() {
            facts.push(("rows that would be lost", losing_rows.join(", ")));
        }
        let title =
            format!("{}: {}", sponsor.name, if self.order.dry_run { "would be restored" } else { "restore" });
        self.edge.sink.block(&lines::plan(title, &facts));
    }
}

/// Notes the backup for the report.
fn note(restored: &mut Restored, stored: &StoredBackup) {
    let description = &stored.description;
    let (bytes, sha256) = (description.stored.bytes, description.stored.sha256.clone());
    restored.backup = Some((stored.location.clone(), bytes, sha256));
    restored.partial.clone_from(&description.partial);
}
