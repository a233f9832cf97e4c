//! What of a restored database belongs to roles that we are not: on a managed server, what its platform made. SQL, and what
//! it answers.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::RestoreError;
use crate::dump::client::Client;
use crate::dump::query::query;
use crate::dump::{Complaint, Connection, DumpError};

/// What is another role's, by kind, and the statement that makes it in the words in which statements are shown.
const QUESTION: &str = "SELECT coalesce(json_agg(json_build_object('kind', kind, 'name', name, 'made_by', made_by)), '[]') FROM (
  SELECT 'extension', format('%I', extname), 'CREATE EXTENSION IF NOT EXISTS %s', extowner FROM pg_extension
  UNION ALL SELECT 'schema', format('%I', nspname), 'CREATE SCHEMA %s', nspowner FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL SELECT 'event trigger', format('%I', evtname), 'CREATE EVENT TRIGGER %s ON ' || evtevent, evtowner
    FROM pg_event_trigger
  UNION ALL SELECT 'foreign-data wrapper', format('%I', fdwname), 'CREATE FOREIGN DATA WRAPPER %s', fdwowner
    FROM pg_foreign_data_wrapper
  UNION ALL SELECT 'server', format('%I', srvname), 'CREATE SERVER %s', srvowner FROM pg_foreign_server
  UNION ALL SELECT 'publication', format('%I', pubname), 'CREATE PUBLICATION %s', pubowner FROM pg_publication
) x(kind, name, form, owner), LATERAL format(form, name) made_by WHERE NOT pg_has_role(owner, 'USAGE')";

#[derive(Deserialize)]
struct Other {
    kind: String,
    name: String,
    made_by: String,
}

/// Statements about what is another role's, each with what it is about in words.
#[derive(Debug, Default)]
pub struct Others {
    /// Those that make it.
    pub making: BTreeMap<String, String>,
    /// Those that describe it: only its owner may.
    pub describing: BTreeMap<String, String>,
}

impl Others {
    /// Asks a restored database.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn ask(connection: &Connection, client: &Client) -> Result<Self, RestoreError> {
        let answer = query(connection, client, QUESTION).await?;
        let found: Vec<Other> = serde_json::from_str(&answer).map_err(|_| {
            let message = Complaint::ours("the server's answer is not understood");
            DumpError::Unreachable { place: connection.place(), message }
        })?;
        let mut others = Self::default();
        for Other { kind, name, made_by } in found {
            let owned = format!("the {kind} {name}, which belongs to another role");
            let object = kind.to_uppercase().replace('-', " ");
            others
                .describing
                .insert(format!("COMMENT ON {object} {name}"), format!("the comment on {owned}"));
            // A dump begins with statements that drop what it makes.
            others.making.insert(format!("DROP {object} IF EXISTS {name}"), owned.clone());
            others.making.insert(made_by, owned);
        }
        Ok(others)
    }
}
