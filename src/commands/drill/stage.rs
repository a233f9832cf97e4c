//! Where a drill restores: a server of our own, or a database of our own on a server that was named.

use std::collections::BTreeSet;

use secrecy::ExposeSecret as _;

use super::Run;
use crate::commands::restoring;
use crate::commands::stored::{Proven, Stored};
use crate::dump::Connection;
use crate::dump::client::Client;
use crate::failure::Failure;
use crate::proof::drill;
use crate::restore::plan::{Allowed, making_roles};
use crate::restore::{Plan, RestoreError, Target, Throwaway, Tools, Visit, throwaway};

/// The database in a throwaway server.
const RESTORED: &str = "restored";

/// A place that is gone after the drill.
pub(super) enum Stage {
    Throwaway(Throwaway),
    Visit(Visit, Client),
}

/// A stage with all that is known of it before the first statement.
pub(super) struct Set {
    pub(super) target: Target,
    pub(super) tools: Tools,
    pub(super) plan: Plan,
}

impl Stage {
    /// Makes the place, and nothing in it.
    pub(super) async fn build(run: &Run<'_>, stored: &Stored, proven: &Proven) -> Result<Self, Failure> {
        let (clients, newest) = restoring::clients(&run.clients)?;
        let encoding = restoring::encoding(proven.scan.needs());
        let Some(url) = &run.order.target else {
            let needed = restoring::server_major(stored).max(proven.scan.needs().server_major);
            let programs = Throwaway::programs(clients, needed)?;
            // Which programs load is decided before a server is made for nothing.
            Tools::choose(clients, restoring::wanted(stored), needed, throwaway::NICKNAME)?;
            let scratch = throwaway::scratch(&run.edge.scratch);
            return Ok(Self::Throwaway(Throwaway::start(programs, encoding, &scratch).await?));
        };
        run.edge.sink.mask(url.expose_secret());
        let host = Connection::parse(url).map_err(RestoreError::from)?;
        host.masks().iter().for_each(|mask| run.edge.sink.mask(mask.expose_secret()));
        let others = Visit::left_behind(&host, newest).await?;
        if !others.is_empty() {
            let names = others.join(", ");
            run.edge.sink.line(&format!("{}: databases of other drills are there: {names}", host.place()));
        }
        let name = format!("sponsor_backup_drill_{}", uuid::Uuid::new_v4().simple());
        Ok(Self::Visit(Visit::begin(&host, &name, encoding, newest).await?, newest.clone()))
    }

    /// Makes the database, looks at it and plans.
    pub(super) async fn set(&self, run: &Run<'_>, stored: &Stored, proven: &Proven) -> Result<Set, Failure> {
        let (clients, newest) = restoring::clients(&run.clients)?;
        let needs = proven.scan.needs();
        let connection = match self {
            Self::Throwaway(server) => server.connection(RESTORED),
            Self::Visit(visit, _) => visit.connection.clone(),
        };
        let place = connection.place();
        let target = Target::look(&connection, newest).await?;
        target.create(restoring::encoding(needs), newest).await?;
        let wanted = restoring::wanted(stored);
        let tools = Tools::choose(clients, wanted, target.facts.major(), &place)?;
        let plan = Plan::new(&place, needs, restoring::server_major(stored), &target.facts);
        Ok(Set { target, tools, plan })
    }

    /// What may be done about what the place lacks: roles are made only where all is ours.
    pub(super) fn allowed(&self, skip_missing_extensions: bool) -> Allowed {
        let make_roles = matches!(self, Self::Throwaway(_));
        Allowed { replace: false, skip_missing_extensions, make_roles }
    }

    /// The SQL that makes roles, where that is allowed.
    pub(super) fn roles(&self, missing: &BTreeSet<String>) -> String {
        if matches!(self, Self::Throwaway(_)) { making_roles(missing) } else { String::new() }
    }

    /// What the report says of it.
    pub(super) fn described(&self, target: &Target) -> drill::Target {
        let (kind, place) = match self {
            Self::Throwaway(_) => ("throwaway", None),
            Self::Visit(visit, _) => ("existing", Some(visit.connection.place())),
        };
        drill::Target { kind, place, server_version: target.facts.version.clone(), removed: false }
    }

    /// Takes it away again.
    pub(super) async fn strike(self) -> Result<(), RestoreError> {
        match self {
            Self::Throwaway(server) => server.stop().await,
            Self::Visit(visit, client) => visit.end(&client).await,
        }
    }
}
