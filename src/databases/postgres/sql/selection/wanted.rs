//! The tables that a user names, found among those of a dump; and what they need.

use std::collections::{BTreeMap, BTreeSet};

use super::super::statement::Statement;
use super::super::words::{Word, Words};
use super::catalog::Catalog;
use super::{QualifiedName, SelectionError, identifier, shown_name};

/// Names that are at least this similar are suggested.
const NEAR: f64 = 0.85;
/// Number of suggestions.
const SUGGESTED: usize = 3;

/// A table as the user names it. As in SQL, a name without quotes is in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    schema: Option<String>,
    name: String,
}

impl TableName {
    /// Names separated by commas or whitespace: `diary.visits, audit."Odd name"`. `None` if the text is not such a list.
    #[must_use]
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        let mut words = Words::of(text).peekable();
        let mut found = Vec::new();
        while words.peek().is_some() {
            let first = name_of(words.next())?;
            let second = words.next_if_eq(&Word::Sign('.')).map(|_| name_of(words.next()));
            found.push(match second {
                Some(name) => Self { schema: Some(first), name: name? },
                None => Self { schema: None, name: first },
            });
            words.next_if_eq(&Word::Sign(','));
        }
        (!found.is_empty()).then_some(found)
    }

    /// The name of a new schema. `None` if the text is not one name.
    #[must_use]
    pub fn parse_schema(text: &str) -> Option<String> {
        let [Self { schema, name }] = <[Self; 1]>::try_from(Self::parse_list(text)?).ok()?;
        let is_reserved = name.starts_with("pg_") || name == "information_schema";
        (schema.is_none() && !is_reserved && name.len() <= 63 && name.is_ascii()).then_some(name)
    }

    /// As SQL writes it, with its schema if it was named.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", identifier(schema), identifier(&self.name)),
            None => identifier(&self.name),
        }
    }

    fn is(&self, (schema, name): &QualifiedName) -> bool {
        self.name == *name && self.schema.as_ref().is_none_or(|wanted| wanted == schema)
    }
}

fn name_of(word: Option<Word>) -> Option<String> {
    match word? {
        Word::Plain(name) => Some(name.to_lowercase()),
        Word::Quoted(name) if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// The selected tables, and the objects that they need.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Each table, and whether its rows are selected. A table without is only inherited from.
    pub(super) tables: BTreeMap<QualifiedName, bool>,
    pub(super) types: BTreeSet<QualifiedName>,
    pub(super) sequences: BTreeSet<QualifiedName>,
    /// Types of columns that the dump does not define: those of extensions. The table needs them.
    foreign_types: BTreeSet<QualifiedName>,
}

impl Chosen {
    /// Finds the tables, and everything that they need.
    ///
    /// # Errors
    /// A name is unknown or ambiguous, or does not name a table.
    pub(super) fn find(wanted: &[TableName], catalog: &Catalog) -> Result<Self, SelectionError> {
        let mut chosen = Self::default();
        for name in wanted {
            let mut waiting = vec![find(name, catalog)?];
            while let Some(table) = waiting.pop() {
                if chosen.tables.insert(table.clone(), true) != Some(true) {
                    waiting.extend(catalog.children(&table));
                }
            }
        }
        chosen.add_ancestors(catalog);
        chosen.add_needs(catalog);
        chosen.add_foreign_types(catalog);
        Ok(chosen)
    }

    /// A table that inherits has the columns of its parents only if these exist.
    fn add_ancestors(&mut self, catalog: &Catalog) {
        let mut waiting: Vec<QualifiedName> = self.tables.keys().cloned().collect();
        while let Some(table) = waiting.pop() {
            for parent in catalog.tables.get(&table).into_iter().flat_map(|table| &table.parents) {
                if !self.tables.contains_key(parent) {
                    self.tables.insert(parent.clone(), false);
                    waiting.push(parent.clone());
                }
            }
        }
    }

    fn add_needs(&mut self, catalog: &Catalog) {
        let tables = self.tables.keys().filter_map(|name| catalog.tables.get(name));
        let mut named: BTreeSet<QualifiedName> = BTreeSet::new();
        let mut waiting: Vec<QualifiedName> = tables.flat_map(|table| &table.names).cloned().collect();
        while let Some(name) = waiting.pop() {
            if let Some(names) = catalog.types.get(&name)
                && self.types.insert(name.clone())
            {
                waiting.extend(names.iter().cloned());
            }
            named.insert(name);
        }
        for (name, sequence) in &catalog.sequences {
            let is_owned = sequence.owner.as_ref().is_some_and(|owner| self.tables.contains_key(owner));
            let is_free = sequence.owner.is_none() && named.contains(name);
            if is_owned || is_free {
                self.sequences.insert(name.clone());
            }
        }
    }

    fn add_foreign_types(&mut self, catalog: &Catalog) {
        let tables = self.tables.keys().filter_map(|name| catalog.tables.get(name));
        for column in tables.flat_map(|table| &table.columns) {
            let of_type = Statement::of_text(column.of_type.as_str().into());
            self.foreign_types.extend(of_type.all_mentions().into_iter().map(|mention| mention.name));
        }
    }

    /// Everything that is created.
    pub(super) fn names(&self) -> impl Iterator<Item = &QualifiedName> {
        self.tables.keys().chain(&self.types).chain(&self.sequences)
    }

    /// Whether a statement can name it.
    pub(super) fn counts_on(&self, name: &QualifiedName) -> bool {
        self.contains(name) || self.foreign_types.contains(name)
    }

    pub(super) fn contains(&self, name: &QualifiedName) -> bool {
        self.tables.contains_key(name) || self.types.contains(name) || self.sequences.contains(name)
    }
}

fn find(wanted: &TableName, catalog: &Catalog) -> Result<QualifiedName, SelectionError> {
    let found: Vec<&QualifiedName> = catalog.tables.keys().filter(|name| wanted.is(name)).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let sequence = catalog.sequences.keys().find(|name| wanted.is(name)).map(|_| "sequence");
            let other = catalog.others.iter().find(|(name, _)| wanted.is(name)).map(|(_, kind)| *kind);
            match sequence.or(other) {
                Some(kind) => Err(SelectionError::NotATable { name: wanted.shown(), kind }),
                None => Err(SelectionError::Unknown { name: wanted.shown(), near: near(wanted, catalog) }),
            }
        }
        several => {
            let names = several.iter().map(|name| shown_name(name)).collect();
            Err(SelectionError::Ambiguous { name: wanted.shown(), names })
        }
    }
}

/// Similar names, the most similar first. A table of the same name in another schema comes before all others.
fn near(wanted: &TableName, catalog: &Catalog) -> Vec<String> {
    let similar = |table: &QualifiedName| {
        let plain = |text: &str| text.to_lowercase();
        let whole = |name: &QualifiedName| plain(&format!("{}.{}", name.0, name.1));
        let by_name = strsim::jaro_winkler(&plain(&wanted.name), &plain(&table.1));
        let Some(schema) = wanted.schema.clone() else { return by_name };
        let by_both = strsim::jaro_winkler(&whole(&(schema, wanted.name.clone())), &whole(table));
        // A likely slip in one of the two comes before the same name anywhere.
        by_both.max(by_name * 0.95)
    };
    let mut found: Vec<(f64, &QualifiedName)> =
        catalog.tables.keys().map(|name| (similar(name), name)).filter(|(near, _)| *near >= NEAR).collect();
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    found.into_iter().take(SUGGESTED).map(|(_, name)| shown_name(name)).collect()
}
