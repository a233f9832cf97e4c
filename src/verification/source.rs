//! Which database a backup is of, and whether two are one. The server's start time does not count, because servers restart. Pure.

use crate::archive::backup_manifest::SourceDatabase;
use crate::databases::postgres::Connection;
use crate::databases::postgres::identity::Identity;

/// A database as the manifest describes it.
#[must_use]
pub fn to_source(connection: &Connection, identity: &Identity) -> SourceDatabase {
    SourceDatabase {
        place: connection.place(),
        system_identifier: identity.system_identifier.clone(),
        database_oid: identity.database_oid,
        database: identity.database.clone(),
        server_started_at: identity.server_started_at,
        in_recovery: identity.in_recovery,
    }
}

/// Whether they are the same database.
#[must_use]
pub fn is_one(is: &SourceDatabase, was: &SourceDatabase) -> bool {
    is.system_identifier == was.system_identifier
        && is.database_oid == was.database_oid
        && is.database == was.database
}

/// A database as text.
#[must_use]
pub fn words(source: &SourceDatabase) -> String {
    let SourceDatabase { place, system_identifier, database_oid, database, .. } = source;
    format!("{place} (system identifier {system_identifier}, database {database} with OID {database_oid})")
}
