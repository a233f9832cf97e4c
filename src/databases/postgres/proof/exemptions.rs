//! Sets aside differences that the restore did not cause, and parts that it skipped on purpose, and names them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Comparison;
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::query::query_json;
use crate::databases::postgres::restore::rewrite::without_rows;
use crate::databases::postgres::restore::{Loaded, RestoreError};

/// Statements that may differ, in the form in which they are shown, each with a phrase for its object.
#[derive(Debug, Default)]
pub struct Exemptions {
    /// Comments of other roles' objects. Only the owner can set them, so both sides may have others.
    pub comments: BTreeMap<String, String>,
    /// Statements that create existing objects of other roles. The backup may lack them.
    pub besides: BTreeMap<String, String>,
    /// Statements that create parts of the server. A dump of the restored database lacks them.
    pub built_in: BTreeMap<String, String>,
    /// Statements that refresh views that read other servers. The restored database may lack them.
    pub unrefreshed: BTreeMap<String, String>,
}

/// What was set aside in a comparison.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exempted {
    /// What is therefore not compared, each as a phrase.
    pub(crate) words: Vec<String>,
    /// Number of views without rows.
    pub(crate) unrefreshed: u64,
    /// Whether the statements are otherwise equal.
    pub(crate) is_all: bool,
}

impl Comparison {
    /// The same comparison without the differences that are set aside.
    #[must_use]
    pub fn setting_aside(mut self, aside: &Exemptions) -> Self {
        let mut words = BTreeSet::new();
        let mut is_any = false;
        let mut take = |list: &mut Vec<String>, allowed: &BTreeMap<String, String>, not: &[String]| {
            list.retain(|statement| match allowed.get(statement).filter(|_| !not.contains(statement)) {
                Some(what) => {
                    is_any = true;
                    words.insert(what.clone());
                    false
                }
                None => true,
            });
        };
        take(&mut self.unexpected, &aside.besides, &self.missing);
        take(&mut self.missing, &aside.comments, &[]);
        take(&mut self.unexpected, &aside.comments, &[]);
        take(&mut self.missing, &aside.built_in, &[]);
        take(&mut self.missing, &aside.unrefreshed, &[]);
        let is_all = is_any
            && self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.objects == super::objects::Differences::default();
        // An object that is set aside is listed once, without its comment.
        let besides = words.clone();
        words.retain(|what| what.strip_prefix("the comment on ").is_none_or(|of| !besides.contains(of)));
        // These views have no rows, whether their statements were compared or not.
        words.extend(aside.unrefreshed.values().cloned());
        self.aside = Exempted {
            words: words.into_iter().collect(),
            unrefreshed: aside.unrefreshed.len() as u64,
            is_all,
        };
        self
    }
}

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

impl Exemptions {
    /// What may differ after this load into a database: objects of other roles, and views that were not refreshed.
    ///
    /// # Errors
    /// A query fails.
    pub async fn ask(
        connection: &Connection,
        client: &Client,
        loaded: &Loaded,
    ) -> Result<Self, RestoreError> {
        let mut exemptions = Self::default();
        for other in query_json::<Vec<Other>>(connection, client, QUESTION).await? {
            exemptions.add(other);
        }
        exemptions.unrefreshed = without_rows(connection, client).await?;
        // A view without rows is a difference if the load did not try to refresh it, or if it failed.
        let is_left_out =
            |statement: &String| loaded.left_out.iter().any(|left| left.statement == *statement);
        exemptions
            .unrefreshed
            .retain(|statement, _| loaded.refreshes.contains(statement) && !is_left_out(statement));
        Ok(exemptions)
    }

    fn add(&mut self, Other { kind, name, made_by, is_built_in }: Other) {
        let object = kind.to_uppercase().replace('-', " ");
        let described_by = format!("COMMENT ON {object} {name}");
        // With `--clean`, a dump begins with statements that drop what it creates.
        let made_by = [format!("DROP {object} IF EXISTS {name}"), made_by];
        if is_built_in {
            let words = format!("the {kind} {name} (part of the server)");
            let all = made_by.into_iter().chain([described_by]);
            self.built_in.extend(all.map(|statement| (statement, words.clone())));
        } else {
            let owned = format!("the {kind} {name} (owned by another role)");
            self.comments.insert(described_by, format!("the comment on {owned}"));
            self.besides.extend(made_by.map(|statement| (statement, owned.clone())));
        }
    }
}

#[cfg(test)]
mod tests;
