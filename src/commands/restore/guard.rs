//! Decides whose live database the target is, or may be. A database is known by its identity, whatever address leads
//! to it.
//! | Live are the databases of all sponsors in all environments. Of the selected sponsor, each database or its newest
//! backup gives its identity. Databases of other sponsors are never connected to, so only their addresses are
//! compared. A different address proves nothing, because a tunnel or a pooler has another one.

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::RestoreRun;
use crate::archive::backup_manifest::SourceDatabase;
use crate::archive::{ArchiveError, Store};
use crate::commands::previous::PreviousSearch;
use crate::commands::restoring;
use crate::commands::survey::{OtherDatabase, OtherDatabases, some_of};
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::identity::{self, Identity, Likeness, ReachedAt};
use crate::databases::postgres::restore::{Owner, RestoreError, Target};
use crate::failure::Failure;
use crate::secrets::SponsorSecrets;
use crate::sponsors::{Environment, Sponsor};

/// Time limit for resolving a name. After that, only the name is compared.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the target relates to the live databases.
#[derive(Debug, Default)]
pub(super) struct LiveMatches {
    /// Owners of the live database that the target is.
    is: Vec<String>,
    /// Owners of live databases that the target may be, and why that is unknown.
    may_be: Vec<String>,
    /// Sponsors whose addresses differ, which proves nothing.
    by_address: Vec<String>,
}

/// The target with all its known addresses.
struct Known<'a> {
    target: &'a Target,
    identity: Option<Identity>,
    /// The address that the user named, and the one that the server reports.
    ways: Vec<TargetAddress>,
}

/// An address of the target.
struct TargetAddress {
    connection: Connection,
    /// IP addresses of its host names.
    addresses: BTreeSet<String>,
}

impl RestoreRun<'_> {
    /// The addresses of other sponsors' databases. Refuses a target at such an address before any connection. The
    /// database need not exist: once created, it would be the other sponsor's.
    pub(super) async fn neighbours(&self, sponsor: &Sponsor) -> Result<OtherDatabases, Failure> {
        let others: Vec<&str> =
            self.known.iter().map(String::as_str).filter(|name| *name != sponsor.name).collect();
        let neighbours = OtherDatabases::of_all(&self.secrets, &others, self.edge).await;
        let way = TargetAddress::of(self.target.clone()).await;
        for neighbour in &neighbours.found {
            self.not_of_another(sponsor, neighbour, &[&way]).await?;
        }
        Ok(neighbours)
    }

    /// Decides whose live database the target is and whether the user confirmed it. Prints the result.
    pub(super) async fn guard(
        &self,
        sponsor: &Sponsor,
        (secrets, store): (&SponsorSecrets, &Store),
        neighbours: &OtherDatabases,
    ) -> Result<(), Failure> {
        let (_, client) = restoring::clients(&self.clients)?;
        let target = Target::look(&self.target, client).await?;
        let say = |what: &str| self.edge.sink.line(&format!("{}: {what}", sponsor.name));
        if !target.exists() {
            say(&format!("{} does not exist yet", self.named()));
            return Ok(());
        }
        let known = Known::of(&target, client).await;
        let mut kinship = LiveMatches::default();
        for neighbour in &neighbours.found {
            let ways: Vec<&TargetAddress> = known.ways.iter().collect();
            kinship.is.extend(self.not_of_another(sponsor, neighbour, &ways).await?);
        }
        kinship.by_address = self.known.iter().filter(|name| **name != sponsor.name).cloned().collect();
        for environment in Environment::ALL {
            let connection = self.live(sponsor, secrets, environment).await;
            self.compare(sponsor, (environment, connection, store), (&known, client), &mut kinship).await;
        }
        say(&self.judge(sponsor, &known, &kinship)?);
        Ok(())
    }

    /// Refuses a target at the address of another sponsor's database. If that sponsor is a partner, returns the
    /// owner.
    async fn not_of_another(
        &self,
        sponsor: &Sponsor,
        neighbour: &OtherDatabase,
        ways: &[&TargetAddress],
    ) -> Result<Option<String>, Failure> {
        if !leads_to(ways.iter().copied(), &neighbour.connection).await {
            return Ok(None);
        }
        let owner = owner(&neighbour.sponsor, neighbour.environment);
        if sponsor.partners.contains(&neighbour.sponsor) {
            return Ok(Some(owner));
        }
        let (place, database) = (self.target.place(), self.target.database().to_owned());
        Err(RestoreError::LiveOfAnother { place, database, owner }.into())
    }

    /// The sponsor's own database in an environment, if its URL is available here.
    async fn live(
        &self,
        sponsor: &Sponsor,
        secrets: &SponsorSecrets,
        environment: Environment,
    ) -> Option<Connection> {
        if environment == self.order.scope.environment {
            return Connection::parse(&secrets.database_url).ok();
        }
        let url = self.secrets.database_url(&sponsor.name, environment, true).await.ok()?;
        let connection = Connection::parse(&url).ok()?;
        connection.masks().iter().for_each(|mask| self.edge.sink.mask(mask.expose_secret()));
        Some(connection)
    }

    /// Compares the target with one of the sponsor's own live databases.
    async fn compare(
        &self,
        sponsor: &Sponsor,
        (environment, connection, store): (Environment, Option<Connection>, &Store),
        (known, client): (&Known<'_>, &Client),
        kinship: &mut LiveMatches,
    ) {
        let owner = owner(&sponsor.name, environment);
        let (mut live, mut unknown) = (None, "its identity is unknown".to_owned());
        if let Some(connection) = &connection {
            if leads_to(known.ways.iter(), connection).await {
                return kinship.is.push(owner);
            }
            live = identity::ask(connection, client).await.ok().and_then(Result::ok);
        }
        let asked = live.is_some();
        if live.is_none() {
            // If the live database cannot be asked, its newest backup has its identity.
            let previous = PreviousSearch::find(store, (sponsor, environment), self.edge.now(), None).await;
            live = previous.as_ref().ok().and_then(PreviousSearch::source).map(told);
            unknown = unidentified(&previous, environment);
        }
        match Likeness::of(known.identity.as_ref(), live.as_ref()) {
            Likeness::Same => kinship.is.push(owner),
            Likeness::SameButRestartedOrCopied if asked => {
                kinship
                    .may_be
                    .push(format!("{owner}: the target has its identity, and may be a standby or a copy"));
            }
            Likeness::SameButRestartedOrCopied => {
                kinship
                    .may_be
                    .push(format!("{owner}: its newest backup comes from a database with this identity"));
            }
            Likeness::Different => {}
            Likeness::Unknown if known.identity.is_none() => {
                kinship.may_be.push(format!("{owner}: the target's identity cannot be read"));
            }
            Likeness::Unknown => kinship.may_be.push(format!("{owner}: {unknown}")),
        }
    }

    /// An empty target needs a confirmation only if it is certainly live. A target whose tables would be dropped
    /// needs one unless it is certainly not live. Without `replace` such a target is refused anyway.
    fn judge(&self, sponsor: &Sponsor, known: &Known<'_>, kinship: &LiveMatches) -> Result<String, Failure> {
        let holds = known.target.facts.objects > 0;
        let owner = match kinship {
            LiveMatches { is, .. } if !is.is_empty() => Owner::Known(is.clone()),
            LiveMatches { may_be, by_address, .. }
                if holds && self.order.replace && !(may_be.is_empty() && by_address.is_empty()) =>
            {
                Owner::Possible(kinship.doubts())
            }
            _ if holds => return Ok(format!("{} is not known to be a live database", self.named())),
            _ => return Ok(format!("{} is empty and not known to be a live database", self.named())),
        };
        let name = known.identity.as_ref().map_or(self.target.database(), |identity| &identity.database);
        let confirm = format!("{}/{name}", sponsor.name);
        if self.order.confirm.as_ref() == Some(&confirm) {
            return Ok(format!("{}, as confirmed", owner.words(&self.named())));
        }
        let on_terminal = !self.edge.sink.is_workflow();
        let (wrote, place) = (self.order.confirm.clone(), self.target.place());
        let (drops, replaces) = (holds, self.order.replace);
        Err(RestoreError::Live { place, owner, confirm, wrote, drops, replaces, on_terminal }.into())
    }

    fn named(&self) -> String {
        format!("the target {}", self.target.place())
    }
}

impl LiveMatches {
    fn doubts(&self) -> Vec<String> {
        let by_address = (!self.by_address.is_empty()).then(|| {
            format!(
                "{}: only the addresses of other sponsors' databases are compared",
                some_of(&self.by_address)
            )
        });
        self.may_be.iter().cloned().chain(by_address).collect()
    }
}

impl<'a> Known<'a> {
    async fn of(target: &'a Target, client: &Client) -> Self {
        let named = target.connection.clone();
        let identity = identity::ask(&named, client).await.ok().and_then(Result::ok);
        let itself = identity.as_ref().map(
            |Identity { database, reached_at: ReachedAt { address, port }, .. }| {
                named.as_reached_at(address.as_deref(), *port, database)
            },
        );
        let mut ways = Vec::new();
        for way in std::iter::once(named).chain(itself) {
            ways.push(TargetAddress::of(way).await);
        }
        Self { target, identity, ways }
    }
}

impl TargetAddress {
    async fn of(connection: Connection) -> Self {
        let addresses = addresses(&connection).await;
        Self { connection, addresses }
    }
}

async fn leads_to(mut ways: impl Iterator<Item = &TargetAddress>, live: &Connection) -> bool {
    let theirs = addresses(live).await;
    ways.any(|way| way.connection.is_same_database(live, &way.addresses, &theirs))
}

fn owner(sponsor: &str, environment: Environment) -> String {
    format!("{sponsor} ({environment})")
}

/// Why a live database that cannot be asked has no identity: what its newest backup lacks.
fn unidentified(previous: &Result<PreviousSearch, ArchiveError>, environment: Environment) -> String {
    match previous {
        Ok(PreviousSearch::None) => format!("no {environment} backup to compare with"),
        Ok(PreviousSearch::Backup { .. }) => {
            format!("its newest {environment} backup does not record which database it is of")
        }
        Ok(PreviousSearch::AnotherSponsors { owner }) => {
            format!("the newest {environment} backup in its bucket is of {owner}")
        }
        Ok(PreviousSearch::Unknown(_)) | Err(_) => format!("its {environment} backups cannot be read"),
    }
}

/// The identity recorded in a backup.
fn told(source: &SourceDatabase) -> Identity {
    Identity {
        system_identifier: source.system_identifier.clone(),
        database_oid: source.database_oid,
        database: source.database.clone(),
        server_started_at: source.server_started_at,
        in_recovery: source.in_recovery,
        reached_at: ReachedAt { address: None, port: 0 },
    }
}

/// The IP addresses of a connection's hosts, as far as this machine can resolve them. Two names may be one host.
async fn addresses(connection: &Connection) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for host in connection.hosts() {
        if let Ok(Ok(addresses)) =
            tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), 0))).await
        {
            found.extend(addresses.map(|address| address.ip().to_canonical().to_string()));
        }
    }
    found
}
