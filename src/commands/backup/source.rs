//! Whether `DATABASE_URL` still leads to the database of the previous backup.

use super::super::previous::Previous;
use super::Run;
use crate::archive::description::SourceDatabase;
use crate::dump::Connection;
use crate::dump::identity::Identity;
use crate::secrets::SecretsError;
use crate::sponsors::Sponsor;

impl Run<'_> {
    /// The database as the manifest describes it, or `None` if it cannot be identified. The server's start time does
    /// not count, because servers restart.
    ///
    /// # Errors
    /// The previous backup is of another database, and `accept-new-source` does not name the sponsor.
    pub(super) fn source(
        &self,
        sponsor: &Sponsor,
        connection: &Connection,
        identity: Option<&Identity>,
        previous: &Previous,
    ) -> Result<Option<SourceDatabase>, SecretsError> {
        let source = identity.map(|identity| described(connection, identity));
        let (name, is_accepted) = (&sponsor.name, self.order.accept_new_source.contains(&sponsor.name));
        let was = match previous {
            // The comparison of contents already warns about this.
            Previous::None | Previous::AnotherSponsors { .. } | Previous::Unknown(_) => return Ok(source),
            Previous::Backup { description, .. } => description.source.as_ref(),
        };
        match (&source, was) {
            (Some(is), Some(was)) if !is_one(is, was) => {
                let (is, was) = (words(is), words(was));
                if !is_accepted {
                    return Err(SecretsError::OtherSource { sponsor: name.clone(), is, was });
                }
                self.edge.sink.line(&format!(
                    "{name}: new source database, as accepted by `accept-new-source`: {is} (before: {was})"
                ));
            }
            (Some(_), None) => {
                let words = format!("{name}: the previous backup does not record its source database");
                self.edge.sink.line(&words);
            }
            // The survey of databases already warned about this.
            (None, _) | (Some(_), Some(_)) => {}
        }
        Ok(source)
    }
}

fn described(connection: &Connection, identity: &Identity) -> SourceDatabase {
    SourceDatabase {
        place: connection.place(),
        system_identifier: identity.system_identifier.clone(),
        database_oid: identity.database_oid,
        database: identity.database.clone(),
        server_started_at: identity.server_started_at,
        in_recovery: identity.in_recovery,
    }
}

fn is_one(is: &SourceDatabase, was: &SourceDatabase) -> bool {
    is.system_identifier == was.system_identifier
        && is.database_oid == was.database_oid
        && is.database == was.database
}

/// A database as text.
pub(super) fn words(source: &SourceDatabase) -> String {
    let SourceDatabase { place, system_identifier, database_oid, database, .. } = source;
    format!("{place} (system identifier {system_identifier}, database {database} with OID {database_oid})")
}
