//! What a target offers and contains before the load: objects of other roles, event triggers that would react to it,
//! and its lock table.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{RestoreError, clearing};
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::query::query_json;

/// Everything in one answer. Parts of an extension come and go with it, so they do not count.
const QUESTION: &str = "SELECT json_build_object(
  'version_number', current_setting('server_version_num')::int,
  'version', current_setting('server_version'),
  'objects', {objects},
  'ground', {ground},
  'extensions', (SELECT coalesce(json_agg(name), '[]') FROM pg_catalog.pg_available_extensions),
  'roles', (SELECT json_agg(rolname) FROM pg_catalog.pg_roles),
  'may_create', (SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user),
  'sees_all_rows', (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user),
  'encoding', pg_catalog.getdatabaseencoding(),
  'locks', {locks})";

/// Locks that dropping the database's contents takes.
const TO_CLEAR: &str = "(SELECT count(*) + 2 * count(*) FILTER (WHERE c.reltype <> 0) + 2 * count(*) FILTER (WHERE c.reltoastrelid <> 0)
        + coalesce(sum((SELECT count(*) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid)), 0)
        + (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))";

/// Facts about a server and a database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TargetFacts {
    version_number: u32,
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Number of objects that users created and that are not part of an extension: tables, views, functions, types,
    /// large objects and others.
    pub objects: u64,
    /// Objects of other roles, and event triggers.
    #[serde(default)]
    pub ground: TargetContents,
    /// Extensions available on the server.
    pub extensions: BTreeSet<String>,
    /// Roles of the server.
    pub roles: BTreeSet<String>,
    /// Whether the role can create databases.
    pub may_create: bool,
    /// Whether row-level security hides no row from the role.
    pub sees_all_rows: bool,
    /// The database's encoding.
    pub encoding: String,
    /// The server's lock table.
    pub locks: LockTable,
}

impl TargetFacts {
    /// Queries a server and the connected database.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or sends an unexpected answer.
    pub async fn ask(connection: &Connection, client: &Client) -> Result<Self, RestoreError> {
        let question = QUESTION
            .replace("{objects}", &clearing::counting())
            .replace("{ground}", &TargetContents::question())
            .replace("{locks}", &LockTable::question(TO_CLEAR));
        Ok(query_json(connection, client, &question).await?)
    }

    /// The same facts for a new, empty database on the server.
    #[must_use]
    pub fn of_an_empty_database(self) -> Self {
        let major = self.major();
        let ground = self.ground.of_an_empty_database(major);
        Self { objects: 0, locks: self.locks.of_an_empty_database(), ground, ..self }
    }

    /// The connection with login triggers disabled, if there are any and the role can disable them. `restored` means
    /// that the dump contains some.
    #[must_use]
    pub fn quiet(&self, connection: &Connection, restored: bool) -> Connection {
        // Older servers do not know the setting, and some poolers reject it.
        let is_wanted = self.major() >= 17 && self.ground.may_silence_logins(restored);
        let settings = is_wanted.then(|| "event_triggers=off".to_owned());
        connection.clone().with_settings(settings.as_slice())
    }

    /// Major version.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.version_number / 10_000
    }
}

/// Number of staying objects listed by name.
const NAMED: usize = 20;

/// What a target contains apart from the dump, as far as it matters to a load.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TargetContents {
    /// Objects of other roles that `replace` cannot drop: the first of them, each as a phrase.
    pub staying: Vec<String>,
    /// Whether the schema `public` is absent, or can be dropped with its contents.
    clears_public: bool,
    /// Whether the schema `public` is absent, or ours and empty.
    public_is_empty: bool,
    /// Number of enabled event triggers.
    reactions: u64,
    /// Whether an event trigger reacts to logins.
    reacts_to_logins: bool,
    /// Schemas, each with whether it is ours.
    schemas: BTreeMap<String, bool>,
    /// Whether we can create schemas.
    may_make_schemas: bool,
    /// Whether PL/pgSQL is installed.
    pub has_blocks: bool,
    /// Whether both the login role and the current role are superusers.
    is_superuser: bool,
}

impl TargetContents {
    /// SQL expression whose value deserializes into `TargetContents`.
    pub(super) fn question() -> String {
        format!(
            "json_build_object(
    'staying', (SELECT coalesce(json_agg(s ORDER BY s), '[]') FROM (SELECT * FROM ({}) y(s) LIMIT {NAMED}) z),
    'clears_public', coalesce({}, true),
    'public_is_empty', coalesce({}, true),
    'reactions', (SELECT count(*) FROM pg_event_trigger WHERE evtenabled <> 'D'),
    'reacts_to_logins', (SELECT coalesce((to_jsonb(d) ->> 'dathasloginevt')::bool, false) FROM pg_database d
      WHERE d.datname = current_database()),
    'schemas', (SELECT json_object_agg(nspname, pg_has_role(nspowner, 'USAGE')) FROM pg_namespace),
    'may_make_schemas', has_database_privilege(current_database(), 'CREATE'),
    'has_blocks', EXISTS (SELECT FROM pg_language WHERE lanname = 'plpgsql'),
    'is_superuser', (SELECT bool_and(rolsuper) FROM pg_roles WHERE rolname IN (current_user, session_user)))",
            clearing::staying(),
            clearing::clears_public(),
            clearing::PUBLIC_IS_EMPTY
        )
    }

    /// The same facts for a new database created from the template.
    pub(super) fn of_an_empty_database(self, major: u32) -> Self {
        // Before PostgreSQL 15 the first superuser owns `public`.
        let drops_public = self.is_superuser || major >= 15;
        Self {
            staying: Vec::new(),
            clears_public: drops_public,
            public_is_empty: drops_public,
            reactions: 0,
            schemas: BTreeMap::new(),
            may_make_schemas: true,
            has_blocks: true,
            ..self
        }
    }

    /// Whether a load can drop and create `public`. `clears` means that everything else is dropped first.
    #[must_use]
    pub fn drops_public(&self, clears: bool) -> bool {
        if clears { self.clears_public } else { self.public_is_empty }
    }

    /// The wanted schemas that do not exist and cannot be created. `clears` means that our schemas are dropped first.
    #[must_use]
    pub fn unmakable<'s>(&self, wanted: &'s BTreeSet<String>, clears: bool) -> Vec<&'s String> {
        let is_there = |name: &&String| self.schemas.get(*name).is_some_and(|is_ours| !(clears && *is_ours));
        let missing = wanted.iter().filter(|name| !is_there(name));
        if self.may_make_schemas { Vec::new() } else { missing.collect() }
    }

    /// Whether enabled event triggers would react to the load, and we can disable them.
    #[must_use]
    pub fn may_silence_reactions(&self) -> bool {
        self.reactions > 0 && self.is_superuser && self.has_blocks
    }

    /// Number of event triggers that will react to the load, because only a superuser can disable them.
    #[must_use]
    pub fn reactions_that_stay(&self) -> u64 {
        if self.is_superuser { 0 } else { self.reactions }
    }

    /// Whether our sessions can and must be kept from login triggers. `restored` means that the dump contains some.
    pub(super) fn may_silence_logins(&self, restored: bool) -> bool {
        self.is_superuser && (self.reacts_to_logins || restored)
    }
}

/// Upper bound of what a server takes, as a multiple of what it guarantees.
const AT_MOST: u64 = 2;
/// Shared memory per lock: 248 bytes (PostgreSQL, `LOCK` and `PROCLOCK` with their hash entries), …
const LOCK_BYTES: u64 = 248;
/// … rounded up by at most this much on huge pages of the usual size.
const HUGE_PAGE: u64 = 2 << 20;
/// Slots of PostgreSQL's own processes: one up to version 17, two in 18.
const OF_THE_SERVER: u64 = 2;

/// A server's lock table. A restore is one transaction, and holds a lock on each object until its end.
///
/// PostgreSQL guarantees max_locks_per_transaction × slots (backends and prepared transactions). It also lends the
/// rest of its shared memory: versions 15 to 18 take 1.3 to 1.9 times as many locks as guaranteed, by release and
/// size. Twice as many never fit. A restore that needs more is refused, any other is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct LockTable {
    /// max_locks_per_transaction.
    per_transaction: u64,
    /// max_connections, max_prepared_transactions, and the settings that count workers and senders.
    slots: u64,
    /// Whether its memory is in huge pages; before version 17 only if it must be.
    is_in_huge_pages: bool,
    /// Locks needed to drop the database's contents.
    to_clear: u64,
}

/// Whether a transaction's locks fit into a server's lock table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockFit {
    /// As many as the server guarantees.
    Guaranteed,
    /// Only if the server lends memory.
    Perhaps {
        /// The max_locks_per_transaction that guarantees them.
        wanted: u64,
    },
    /// Never.
    TooMany {
        /// The max_locks_per_transaction that guarantees them.
        wanted: u64,
    },
}

impl LockTable {
    /// SQL expression whose value deserializes into a `LockTable`, with the expression for `to_clear`.
    pub(in crate::databases::postgres) fn question(to_clear: &str) -> String {
        format!(
            "json_build_object(
      'per_transaction', current_setting('max_locks_per_transaction')::int,
      'slots', (SELECT sum(setting::int) FILTER (WHERE name !~ '^auto') + max(setting::int) FILTER (WHERE name ~ '^auto')
        FROM pg_catalog.pg_settings WHERE name IN ('max_connections', 'max_prepared_transactions', 'max_worker_processes',
          'max_wal_senders', 'autovacuum_max_workers', 'autovacuum_worker_slots')),
      'is_in_huge_pages', coalesce(current_setting('huge_pages_status', true), current_setting('huge_pages')) = 'on',
      'to_clear', {to_clear})"
        )
    }

    /// Whether this many locks fit.
    #[must_use]
    pub fn fit(&self, needed: u64) -> LockFit {
        let slots = self.slots.saturating_add(OF_THE_SERVER).max(1);
        let rounded = if self.is_in_huge_pages { HUGE_PAGE / LOCK_BYTES } else { 0 };
        let guaranteed = self.per_transaction.saturating_mul(slots);
        let room = guaranteed.saturating_mul(AT_MOST).saturating_add(rounded);
        let wanted = needed.div_ceil(slots);
        if needed > room {
            LockFit::TooMany { wanted }
        } else if needed > guaranteed {
            LockFit::Perhaps { wanted }
        } else {
            LockFit::Guaranteed
        }
    }

    /// max_locks_per_transaction.
    #[must_use]
    pub fn per_transaction(&self) -> u64 {
        self.per_transaction
    }

    /// The same for a new, empty database on the server.
    #[must_use]
    pub fn of_an_empty_database(self) -> Self {
        Self { to_clear: 0, ..self }
    }

    /// The obstacle to a restore that takes at least `locks` locks, plus those for clearing the database if it
    /// `clears`.
    #[must_use]
    pub fn obstacle(&self, place: &str, locks: u64, clears: bool) -> Option<RestoreError> {
        let needed = locks.saturating_add(if clears { self.to_clear } else { 0 });
        let LockFit::TooMany { wanted } = self.fit(needed) else { return None };
        let (place, setting) = (place.to_owned(), self.per_transaction);
        Some(RestoreError::TooManyLocks { place, setting, wanted })
    }
}

/// The max_locks_per_transaction for a temporary server with this many slots. A restore also takes uncounted locks,
/// so there is room for three times as many.
#[must_use]
pub fn setting_for(locks: u64, slots: u64) -> u64 {
    locks.saturating_mul(3).div_ceil(slots.max(1))
}

#[cfg(test)]
mod tests;
