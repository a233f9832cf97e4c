//! The tables that a statement locks, of those statements that may run at the same time as others: they build an index or check a
//! constraint. Pure.

use std::collections::BTreeSet;

use super::blocks::TableName;
use super::words::{Word, Words, decoded, qualified_name};

/// What such a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Builds an index, also that of a primary key or of a unique or exclusion constraint.
    Index,
    /// Checks a foreign key. It needs the index of the table that it references.
    ForeignKey,
}

/// The tables that a statement locks (PostgreSQL documentation, "Table-Level Locks").
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locks {
    /// No other statement may lock them.
    pub exclusive: BTreeSet<TableName>,
    /// Other statements may lock them like this, too.
    pub shared: BTreeSet<TableName>,
}

impl Locks {
    /// Whether both can be held at once.
    #[must_use]
    pub fn is_compatible(&self, other: &Self) -> bool {
        let all = |locks: &Self| locks.exclusive.union(&locks.shared).cloned().collect::<BTreeSet<_>>();
        self.exclusive.is_disjoint(&all(other)) && other.exclusive.is_disjoint(&self.shared)
    }

    /// All of both.
    pub fn add(&mut self, other: Self) {
        self.exclusive.extend(other.exclusive);
        self.shared.extend(other.shared);
    }

    /// The tables.
    pub fn tables(&self) -> impl Iterator<Item = &TableName> {
        self.exclusive.iter().chain(&self.shared)
    }
}

/// What a statement, without comments above it, does and locks. `None` for every other statement.
#[must_use]
pub fn locks_of(statement: &[u8]) -> Option<(Step, Locks)> {
    if statement.starts_with(b"CREATE INDEX ") || statement.starts_with(b"CREATE UNIQUE INDEX ") {
        return index(&decoded(statement));
    }
    if statement.starts_with(b"ALTER TABLE ") { constraint(&decoded(statement)) } else { None }
}

/// `CREATE INDEX name ON ONLY schema.table …`
fn index(statement: &str) -> Option<(Step, Locks)> {
    let mut words = Words::of(statement).peekable();
    words.find(|word| word.is("INDEX"))?;
    words.next()?.name()?;
    words.next_if(|word| word.is("ON"))?;
    words.next_if(|word| word.is("ONLY"));
    let table = qualified_name(&mut words)?;
    Some((Step::Index, Locks { shared: BTreeSet::from([table]), ..Locks::default() }))
}

/// `ALTER TABLE ONLY schema.table ADD CONSTRAINT name PRIMARY KEY …`
fn constraint(statement: &str) -> Option<(Step, Locks)> {
    let mut words = Words::of(statement).peekable();
    words.nth(1)?;
    words.next_if(|word| word.is("ONLY"));
    let table = qualified_name(&mut words)?;
    words.next_if(|word| word.is("ADD"))?;
    words.next_if(|word| word.is("CONSTRAINT"))?;
    words.next()?.name()?;
    let kind = words.next()?;
    let mut exclusive = BTreeSet::from([table]);
    let step = if ["PRIMARY", "UNIQUE", "EXCLUDE"].iter().any(|keyword| kind.is(keyword)) {
        Step::Index
    } else if kind.is("FOREIGN") {
        words.find(|word| matches!(word, Word::Plain(_)) && word.is("REFERENCES"))?;
        exclusive.insert(qualified_name(&mut words)?);
        Step::ForeignKey
    } else {
        return None;
    };
    Some((step, Locks { exclusive, ..Locks::default() }))
}

#[cfg(test)]
mod tests;
