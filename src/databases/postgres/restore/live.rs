//! Whose live database a target is, or may be. A database is known by its identity, whatever address leads to it. Of a
//! database that must not be connected to, only the address is known, and a different address proves nothing: a tunnel
//! or a pooler has another one.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Owner, RestoreError, Target};
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::identity::{self, Identity, Likeness, ReachedAt};

/// Time limit for resolving a name. After that, only the name is compared.
const RESOLUTION_TIMEOUT: Duration = Duration::from_secs(5);

/// How the target relates to the live databases.
#[derive(Debug, Default)]
pub struct LiveMatches {
    /// Owners of the live database that the target is.
    pub is: Vec<String>,
    /// Owners of live databases that the target may be, and why that is unknown.
    pub may_be: Vec<String>,
    /// Of these, the ones that the target's own identity does not rule out: it is the same, or cannot be read.
    pub resembles: Vec<String>,
    /// Why a different address proves nothing, if only addresses could be compared.
    pub by_address: Option<String>,
}

/// The identity of a live database, as far as it could be learned.
#[derive(Debug)]
pub enum LiveIdentity {
    /// The database itself answered.
    Asked(Identity),
    /// Its newest backup records it.
    OfBackup(Identity),
    /// It is unknown, and why.
    Unknown(String),
}

/// The target with all its known addresses.
#[derive(Debug)]
pub struct KnownTarget {
    /// Its identity, if it could be read.
    pub identity: Option<Identity>,
    /// The address that the user named, and the one that the server reports.
    pub addresses: Vec<TargetAddress>,
}

/// An address of the target.
#[derive(Debug)]
pub struct TargetAddress {
    connection: Connection,
    /// IP addresses of its host names.
    resolved: BTreeSet<String>,
}

/// What the user asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The sponsor whose backup is restored.
    pub sponsor: &'a str,
    /// Whether the target's objects are to be dropped.
    pub replaces: bool,
    /// Whether only tables are added.
    pub adds: bool,
    /// The confirmation, as typed.
    pub confirm: Option<&'a str>,
    /// Whether a terminal can ask for it.
    pub on_terminal: bool,
}

impl LiveMatches {
    /// Compares the target with a live database.
    pub fn compare(&mut self, owner: String, target: Option<&Identity>, live: LiveIdentity) {
        let (live, doubt, unknown) = match live {
            LiveIdentity::Asked(identity) => (
                Some(identity),
                "the target has its identity, and may be a standby or a copy",
                "its identity is unknown".to_owned(),
            ),
            LiveIdentity::OfBackup(identity) => (
                Some(identity),
                "its newest backup comes from a database with this identity",
                "its identity is unknown".to_owned(),
            ),
            LiveIdentity::Unknown(why) => (None, "", why),
        };
        match Likeness::of(target, live.as_ref()) {
            Likeness::Same => self.is.push(owner),
            Likeness::SameButRestartedOrCopied => self.doubt(format!("{owner}: {doubt}")),
            Likeness::Different => {}
            Likeness::Unknown if target.is_none() => {
                self.doubt(format!("{owner}: the target's identity cannot be read"));
            }
            Likeness::Unknown => self.may_be.push(format!("{owner}: {unknown}")),
        }
    }

    fn doubt(&mut self, words: String) {
        self.resembles.push(words.clone());
        self.may_be.push(words);
    }

    /// Whether the restore may go on, as a phrase for the log. An empty target needs a confirmation unless its identity is
    /// that of no known live database. A target with objects that would be dropped, or get others next to them, needs
    /// one unless it is certainly not live. Any other restore refuses such a target anyway.
    ///
    /// # Errors
    /// A confirmation is needed, and is missing or wrong.
    pub fn judge(
        &self,
        target: &Target,
        identity: Option<&Identity>,
        wanted: Wanted<'_>,
    ) -> Result<String, RestoreError> {
        let place = target.connection.place();
        let (named, drops) = (format!("the target {place}"), target.facts.objects > 0);
        let has_doubts = !self.may_be.is_empty() || self.by_address.is_some();
        let owner = if !self.is.is_empty() {
            Owner::Known(self.is.clone())
        } else if drops && (wanted.replaces || wanted.adds) && has_doubts {
            Owner::Possible(self.may_be.iter().cloned().chain(self.by_address.clone()).collect())
        } else if !drops && !self.resembles.is_empty() {
            Owner::Possible(self.resembles.clone())
        } else if drops {
            return Ok(format!("{named} is not known to be a live database"));
        } else {
            return Ok(format!("{named} is empty and not known to be a live database"));
        };
        let database = identity.map_or(target.connection.database(), |identity| &identity.database);
        let confirm = format!("{}/{database}", wanted.sponsor);
        if wanted.confirm == Some(confirm.as_str()) {
            return Ok(format!("{}, as confirmed", owner.words(&named)));
        }
        let (wrote, replaces) = (wanted.confirm.map(str::to_owned), wanted.replaces);
        // Tables are only added.
        let drops = drops && !wanted.adds;
        let on_terminal = wanted.on_terminal;
        Err(RestoreError::Live { place, owner, confirm, wrote, drops, replaces, on_terminal })
    }
}

impl KnownTarget {
    /// Asks the target for its identity, and resolves its addresses.
    pub async fn ask(target: &Target, client: &Client) -> Self {
        let named = target.connection.clone();
        let identity = identity::ask(&named, client).await.ok().and_then(Result::ok);
        let itself = identity.as_ref().map(|Identity { database, reached_at, .. }| {
            let ReachedAt { address, port } = reached_at;
            named.as_reached_at(address.as_deref(), *port, database)
        });
        let mut addresses = Vec::new();
        for connection in std::iter::once(named).chain(itself) {
            addresses.push(TargetAddress::resolve(connection).await);
        }
        Self { identity, addresses }
    }
}

impl TargetAddress {
    /// Resolves an address.
    pub async fn resolve(connection: Connection) -> Self {
        let resolved = resolve(&connection).await;
        Self { connection, resolved }
    }
}

/// Whether one of the addresses leads to a live database.
pub async fn leads_to(addresses: &[TargetAddress], live: &Connection) -> bool {
    let theirs = resolve(live).await;
    addresses.iter().any(|one| one.connection.is_same_database(live, &one.resolved, &theirs))
}

/// The IP addresses of a connection's hosts, as far as this machine can resolve them. Two names may be one host.
async fn resolve(connection: &Connection) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for host in connection.hosts() {
        let lookup = tokio::net::lookup_host((host.as_str(), 0));
        if let Ok(Ok(addresses)) = tokio::time::timeout(RESOLUTION_TIMEOUT, lookup).await {
            found.extend(addresses.map(|address| address.ip().to_canonical().to_string()));
        }
    }
    found
}
