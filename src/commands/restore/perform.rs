//! The restore itself. Everything that can be known is known before a statement runs, and all statements are one
//! transaction.

use tokio_util::sync::CancellationToken;

use super::Run;
use crate::archive::s3::policy::Purpose;
use crate::commands::choice::Chosen;
use crate::commands::limit::limit;
use crate::commands::publish::Turn;
use crate::commands::restoring::{self, Restoring};
use crate::commands::stored::{Proven, Stored};
use crate::commands::vault::{Vault, Way};
use crate::failure::Failure;
use crate::report::plan;
use crate::report::restored::Restored;
use crate::restore::plan::Allowed;
use crate::restore::{Manner, Plan, RestoreError, Target, TargetState, Tools, target};
use crate::secrets::Archival;
use crate::sponsors::Sponsor;

impl Run<'_> {
    pub(super) async fn restore(
        &self,
        sponsor: &Sponsor,
        restored: &mut Restored,
        stop: &CancellationToken,
    ) -> Result<Turn<()>, Failure> {
        let _limit = limit(stop, self.order.opening.timeout);
        let stopped = || Failure::from(RestoreError::Stopped);
        let mut chosen = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(stopped()),
            chosen = self.choose(sponsor) => match chosen? {
                Ok(chosen) => chosen,
                Err(disabled) => return Ok(Turn::Disabled(disabled)),
            },
        };
        self.edge.sink.line(&format!("{}: reading {} through", sponsor.name, chosen.stored.location));
        let proven = chosen.prove(stop).await;
        let stored = chosen.stored;
        let description = &stored.description;
        let (bytes, sha256) = (description.stored.bytes, description.stored.sha256.clone());
        restored.backup = Some((stored.location.clone(), bytes, sha256));
        restored.partial = description.partial.clone();
        let proven = proven?;
        let (target, tools, plan) = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(stopped()),
            planned = self.plan(sponsor, &stored, &proven) => planned?,
        };
        if self.order.dry_run {
            return Ok(Turn::Planned);
        }
        let needs = proven.scan.needs();
        let created = target.create(restoring::encoding(needs), &tools.psql).await?;
        let restoring = Restoring { stored: &stored, proven: &proven, tools: &tools, stop };
        // Each of its steps hears of a stop, and none may be left before it has taken back what it did.
        let done = self.perform(&restoring, &target, &plan, restored).await;
        let takes_back = done.is_err() && created && restored.target == TargetState::Unchanged;
        if takes_back && let Err(second) = target.drop_again(&tools.psql).await {
            self.edge.sink.line(&format!("{}: {second}", sponsor.name));
        }
        done
    }

    /// The backup that is meant, once it is sure that the target may be restored into; or why there is none.
    async fn choose<'a>(&'a self, sponsor: &'a Sponsor) -> Result<Result<Chosen<'a>, String>, Failure> {
        let secrets = match self.survey.secrets_of_its_own(sponsor).await? {
            Archival::Enabled(secrets) => secrets,
            Archival::Disabled(why) => return Ok(Err(why.to_string())),
        };
        let neighbours = self.neighbours(sponsor).await?;
        let (opening, environment) = (&self.order.opening, self.order.scope.environment);
        let way = Way {
            scope: &self.order.scope,
            edge: self.edge,
            endpoint: &opening.endpoint,
            sponsor: &sponsor.name,
            purpose: Purpose::Restore { thaw: opening.thaw },
        };
        let vault = Vault::open(&way, secrets);
        let whose = (sponsor, environment);
        let place = vault.place(whose, opening.timeout, self.edge);
        let chosen = Chosen::find(place, opening, &self.identities).await?;
        self.guard(sponsor, (secrets, &vault.backups), &neighbours).await?;
        Ok(Ok(chosen))
    }

    async fn plan(
        &self,
        sponsor: &Sponsor,
        stored: &Stored,
        proven: &Proven,
    ) -> Result<(Target, Tools, Plan), Failure> {
        let (clients, newest) = restoring::clients(&self.clients)?;
        let target = Target::look(&self.target, newest).await?;
        let place = self.target.place();
        let (needs, server) = (proven.scan.needs(), restoring::server_major(stored));
        let plan = Plan::new(&place, needs, server, &target.facts);
        self.show(sponsor, (stored, proven), &target, &plan);
        let allowed = Allowed {
            replace: self.order.replace,
            skip_missing_extensions: self.order.skip_missing_extensions,
            make_roles: false,
        };
        if let Some(obstacle) = plan.obstacles(allowed).into_iter().next() {
            return Err(obstacle.into());
        }
        if !target.exists() && !target.facts.may_create {
            let user = self.target.user().to_owned();
            return Err(RestoreError::MayNotCreate { place, user }.into());
        }
        let wanted = restoring::wanted(stored);
        let tools = Tools::choose(clients, wanted, target.facts.major(), &place)?;
        Ok((target, tools, plan))
    }

    async fn perform(
        &self,
        restoring: &Restoring<'_>,
        target: &Target,
        plan: &Plan,
        restored: &mut Restored,
    ) -> Result<Turn<()>, Failure> {
        let needs = restoring.proven.scan.needs();
        // A backup of some schemas replaces those alone: its own statements drop what it holds.
        let is_of_some = restoring.stored.description.partial.is_some();
        let replaces = self.order.replace && target.exists();
        let first = if replaces && !is_of_some {
            target::clearing(target.facts.major()) + restoring::before(needs)
        } else if replaces {
            String::new()
        } else {
            restoring::before(needs).to_owned()
        };
        let skip = self.order.skip_missing_extensions;
        let on_error = restoring::on_error(skip, !plan.missing_extensions.is_empty());
        let money = restoring::money(restoring.stored);
        let manner = Manner { on_error, first: &first, drops: replaces && is_of_some, money };
        let loaded = restoring.load(&target.connection, manner).await.inspect_err(|failure| {
            if matches!(failure, Failure::Restore(RestoreError::Unsure { .. })) {
                restored.target = TargetState::Unknown;
            }
        })?;
        restored.target = if target.exists() { TargetState::Replaced } else { TargetState::Created };
        restored.left_out.clone_from(&loaded.left_out);
        for left in &mut restored.left_out {
            left.reason = self.edge.sink.redacted(&left.reason);
        }
        let left_out = loaded.left_out_tables();
        let comparison = restoring.compare(&target.connection, target.facts.major(), left_out).await?;
        restored.comparison = Some(comparison);
        Ok(Turn::Done(()))
    }

    fn show(&self, sponsor: &Sponsor, (stored, proven): (&Stored, &Proven), target: &Target, plan: &Plan) {
        let holds = match (target.exists(), plan.objects, self.order.replace) {
            (false, ..) => "nothing: it does not exist and would be created".to_owned(),
            (true, 0, false) => "nothing".to_owned(),
            (true, count, false) => format!("{count} tables, views, sequences, functions and large objects"),
            (true, count, true) => {
                format!("{count} tables, views, sequences, functions and large objects, which are replaced")
            }
        };
        let description = &stored.description;
        let rows = proven.truth.rows_total();
        let facts = [
            ("backup", format!("{} of {}", stored.location, description.started_at)),
            ("dumped", format!("{rows} rows from PostgreSQL {}", description.server_version)),
            ("target", format!("{}, PostgreSQL {}", plan.place, target.facts.version)),
            ("target holds", holds),
            ("missing extensions", plan::names(&plan.missing_extensions)),
            ("missing roles", plan::names(&plan.missing_roles)),
        ];
        let title =
            format!("{}: {}", sponsor.name, if self.order.dry_run { "would be restored" } else { "restore" });
        self.edge.sink.block(&std::iter::once(title).chain(plan::lines(&facts)).collect::<Vec<_>>());
    }
}
