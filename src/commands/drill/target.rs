//! Where a drill restores: a temporary server, or a scratch database on the server that the user named.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::DrillRun;
use crate::commands::restoring;
use crate::commands::stored::StoredBackup;
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::restore::facts::TargetFacts;
use crate::databases::postgres::restore::plan::{Allowed, FreeSpace, making_roles};
use crate::databases::postgres::restore::target::databases_of_ours;
use crate::databases::postgres::restore::{
    NewDatabase, Plan, RestoreError, ScratchDatabase, TemporaryServer, Tools, temporary_server,
};
use crate::databases::postgres::sql::Needs;
use crate::failure::Failure;
use crate::secrets::Secret;
use crate::verification::drill;

/// The database in a temporary server.
const RESTORED: &str = "restored";

/// A place that is removed after the drill.
pub(super) enum DrillPlace {
    TemporaryServer(TemporaryServer),
    ScratchDatabase(ScratchDatabase, Client),
}

/// A place with everything known about it before the first statement.
pub(super) struct DrillTarget {
    place: DrillPlace,
    pub(super) connection: Connection,
    pub(super) facts: TargetFacts,
    /// The disk of a temporary server.
    pub(super) room: Option<FreeSpace>,
}

impl DrillTarget {
    /// Starts a temporary server, or queries the named one without changing it. The manifest has the backup's needs,
    /// so this comes before the long download.
    pub(super) async fn build(run: &DrillRun<'_>, stored: &StoredBackup) -> Result<Self, Failure> {
        let (clients, newest) = restoring::clients(&run.clients)?;
        match &run.options.target {
            Some(url) => Self::visit(run, url, newest).await,
            None => Self::start(run, stored, (clients, newest)).await,
        }
    }

    async fn start(
        run: &DrillRun<'_>,
        stored: &StoredBackup,
        (clients, newest): (&[Client], &Client),
    ) -> Result<Self, Failure> {
        let needed = restoring::server_major(stored).max(restoring::needs_in_manifest(stored).server_major);
        let programs = TemporaryServer::programs(clients, needed)?;
        // The programs are chosen first, so that no server is started in vain.
        restoring::tools(stored, clients, needed, temporary_server::NICKNAME)?;
        let scratch = temporary_server::scratch(&run.context.scratch);
        let room = FreeSpace::of(&scratch);
        room.as_ref().map_or(Ok(()), |room| room.check(restoring::size(stored)))?;
        let server = TemporaryServer::start(programs, &scratch, restoring::locks(stored)).await?;
        if let Some(why) = server.is_open() {
            let what = format!("the temporary server can open network connections: {why}");
            run.context.sink.line(&what);
        }
        let facts = TargetFacts::ask(&server.maintenance(), newest).await?;
        let facts = facts.of_an_empty_database();
        let connection = server.connection(RESTORED);
        Ok(Self { place: DrillPlace::TemporaryServer(server), connection, facts, room })
    }

    async fn visit(run: &DrillRun<'_>, url: &Secret, newest: &Client) -> Result<Self, Failure> {
        run.context.mask([url.clone()]);
        let host = Connection::parse(url).and_then(Connection::with_one_host).map_err(RestoreError::from)?;
        run.context.mask(host.masks());
        let facts = TargetFacts::ask(&host, newest).await?;
        let host = facts.quiet(&host, false);
        restoring::show_others(run.context, &host.place(), &databases_of_ours(&host, newest).await?);
        let scratch = ScratchDatabase::new(&host);
        let connection = scratch.connection.clone();
        let facts = facts.of_an_empty_database();
        let place = DrillPlace::ScratchDatabase(scratch, newest.clone());
        Ok(Self { place, connection, facts, room: None })
    }

    /// The plan, or all obstacles.
    pub(super) fn plan(
        &self,
        run: &DrillRun<'_>,
        stored: &StoredBackup,
        needs: &Needs,
    ) -> Result<Plan, Failure> {
        let place = self.connection.place();
        let plan = Plan::new(&place, needs, restoring::server_major(stored), &self.facts);
        let mut obstacles = plan.obstacles(Allowed {
            replace: false,
            clears: false,
            skip_missing_extensions: run.options.skip_missing_extensions,
            // Roles are created only on a server of our own.
            make_roles: self.is_ours(),
        });
        if !self.facts.may_create {
            let user = self.connection.user().to_owned();
            obstacles.push(RestoreError::MayNotCreate { place, user });
        }
        RestoreError::all(obstacles).map_or(Ok(plan), |obstacle| Err(obstacle.into()))
    }

    /// The programs that load a backup here and read it back.
    pub(super) fn tools(&self, run: &DrillRun<'_>, stored: &StoredBackup) -> Result<Tools, Failure> {
        let (clients, _) = restoring::clients(&run.clients)?;
        Ok(restoring::tools(stored, clients, self.facts.major(), &self.connection.place())?)
    }

    /// Creates the database. Whether that succeeds or not, [`DrillTarget::remove`] removes it.
    pub(super) async fn make(
        &mut self,
        form: &NewDatabase<'_>,
        stop: &CancellationToken,
    ) -> Result<(), RestoreError> {
        match &mut self.place {
            DrillPlace::TemporaryServer(server) => server.make(RESTORED, form, stop).await,
            DrillPlace::ScratchDatabase(visit, client) => {
                visit.begin((form, self.facts.major()), client, stop).await
            }
        }
    }

    /// Whether the whole server is ours.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self.place, DrillPlace::TemporaryServer(_))
    }

    /// The SQL that creates roles, if that is allowed.
    pub(super) fn roles(&self, missing: &BTreeSet<String>) -> String {
        if self.is_ours() { making_roles(missing) } else { String::new() }
    }

    /// The report's part about the place.
    pub(super) fn described(&self) -> drill::Target {
        let (kind, place) = match &self.place {
            DrillPlace::TemporaryServer(_) => ("throwaway", None),
            DrillPlace::ScratchDatabase(visit, _) => ("existing", Some(visit.connection.place())),
        };
        drill::Target { kind, place, server_version: self.facts.version.clone(), removed: false }
    }

    /// Removes the place.
    pub(super) async fn remove(self) -> Result<(), RestoreError> {
        match self.place {
            DrillPlace::TemporaryServer(server) => server.stop().await,
            DrillPlace::ScratchDatabase(visit, client) => visit.end(&client).await,
        }
    }
}
