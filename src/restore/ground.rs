//! What a database holds that is not the dump's: what belongs to other roles, and what would react to a load.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::clearing;

/// So many of what stays are named.
const NAMED: usize = 20;

/// What is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Ground {
    /// What `replace` could not drop, since it belongs to another role: the first of it, each in words.
    pub staying: Vec<String>,
    /// Whether the schema `public` is not there, or can be dropped with all that is in it.
    clears_public: bool,
    /// Whether the schema `public` is not there, or is ours and empty.
    public_is_empty: bool,
    /// Event triggers that are enabled.
    reactions: u64,
    /// Whether one of them may react to logins.
    reacts_to_logins: bool,
    /// Its schemas, and whether each is ours.
    schemas: BTreeMap<String, bool>,
    /// Whether we may make others.
    may_make_schemas: bool,
    /// Whether there is PL/pgSQL.
    pub has_blocks: bool,
    /// Whether we are a superuser, by whichever of our roles.
    is_superuser: bool,
}

impl Ground {
    /// An expression whose value is read as one of these.
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

    /// The same of a database that is made from the template.
    pub(super) fn of_an_empty_database(self, major: u32) -> Self {
        // Before PostgreSQL 15 `public` is the first superuser's.
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

    /// Whether a load may make `public` itself, in place of one that is there; `clears` says whether all else is dropped.
    #[must_use]
    pub fn drops_public(&self, clears: bool) -> bool {
        if clears { self.clears_public } else { self.public_is_empty }
    }

    /// Those of these schemas that would have to be made, and may not be; `clears` says whether ours are dropped before.
    #[must_use]
    pub fn unmakable<'s>(&self, wanted: &'s BTreeSet<String>, clears: bool) -> Vec<&'s String> {
        let is_there = |name: &&String| self.schemas.get(*name).is_some_and(|is_ours| !(clears && *is_ours));
        let missing = wanted.iter().filter(|name| !is_there(name));
        if self.may_make_schemas { Vec::new() } else { missing.collect() }
    }

    /// Whether there are event triggers that would react to a load, and we may disable them.
    #[must_use]
    pub fn may_silence_reactions(&self) -> bool {
        self.reactions > 0 && self.is_superuser && self.has_blocks
    }

    /// Event triggers that are going to react to a load, since only a superuser may disable them.
    #[must_use]
    pub fn reactions_that_stay(&self) -> u64 {
        if self.is_superuser { 0 } else { self.reactions }
    }

    /// Whether a session of ours may and must be kept from login triggers; `restored` says whether a dump brought some.
    pub(super) fn may_silence_logins(&self, restored: bool) -> bool {
        self.is_superuser && (self.reacts_to_logins || restored)
    }
}
