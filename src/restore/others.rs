//! Objects of a restored database that belong to other roles: on a managed server, what its platform created. SQL and
//! its answer.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::RestoreError;
use crate::dump::client::Client;
use crate::dump::query::query;
use crate::dump::{Complaint, Connection, DumpError};

/// Objects of other roles by kind, each with the statement that creates it, in the form in which statements are
/// shown.
const QUESTION: &str = "SELECT coalesce(json_agg(json_build_object(
  'kind', kind, 'name', name, 'made_by', made_by, 'is_built_in', is_built_in)), '[]') FROM (
  SELECT 'extension', format('%I', extname), 'CREATE EXTENSION IF NOT EXISTS %s', extowner, oid < 16384 FROM pg_extension
  UNION ALL SELECT 'schema', format('%I', nspname), 'CREATE SCHEMA %s', nspowner, false FROM pg_namespace
    WHERE nspname !~ '^pg_'
  UNION ALL SELECT 'event trigger', format('%I', evtname), 'CREATE EVENT TRIGGER %s ON ' || evtevent, evtowner, false
    FROM pg_event_trigger
  UNION ALL SELECT 'foreign-data wrapper', format('%I', fdwname), 'CREATE FOREIGN DATA WRAPPER %s', fdwowner, false
    FROM pg_foreign_data_wrapper
  UNION ALL SELECT 'server', format('%I', srvname), 'CREATE SERVER %s', srvowner, false FROM pg_foreign_server
  UNION ALL SELECT 'publication', format('%I', pubname), 'CREATE PUBLICATION %s', pubowner, false FROM pg_publication
) x(kind, name, form, owner, is_built_in), LATERAL format(form, name) made_by
  WHERE is_built_in OR NOT pg_has_role(owner, 'USAGE')";

#[derive(Deserialize)]
struct Other {
    kind: String,
    name: String,
    made_by: String,
    /// Whether it is part of the server. pg_dump skips it.
    is_built_in: bool,
}

/// Statements about other roles' objects, each with a phrase that names the object.
#[derive(Debug, Default)]
pub struct Others {
    /// Statements that create them.
    pub making: BTreeMap<String, String>,
    /// Statements that comment on them, which only their owner can run.
    pub describing: BTreeMap<String, String>,
    /// Statements about parts of the server, which a dump of the restored database never contains.
    pub built_in: BTreeMap<String, String>,
}

impl Others {
    /// Queries a restored database.
    ///
    /// # Errors
    /// The query fails.
    pub async fn ask(connection: &Connection, client: &Client) -> Result<Self, RestoreError> {
        let answer = query(connection, client, QUESTION).await?;
        let found: Vec<Other> = serde_json::from_str(&answer).map_err(|_| {
            let message = Complaint::ours("unexpected answer from the server");
            DumpError::Unreachable { place: connection.place(), message }
        })?;
        let mut others = Self::default();
        for Other { kind, name, made_by, is_built_in } in found {
            let object = kind.to_uppercase().replace('-', " ");
            let described_by = format!("COMMENT ON {object} {name}");
            // With `--clean`, a dump begins with statements that drop what it creates.
            let made_by = [format!("DROP {object} IF EXISTS {name}"), made_by];
            if is_built_in {
                let words = format!("the {kind} {name} (part of the server)");
                let all = made_by.into_iter().chain([described_by]);
                others.built_in.extend(all.map(|statement| (statement, words.clone())));
            } else {
                let owned = format!("the {kind} {name} (owned by another role)");
                others.describing.insert(described_by, format!("the comment on {owned}"));
                others.making.extend(made_by.map(|statement| (statement, owned.clone())));
            }
        }
        Ok(others)
    }
}
