//! What to do about a restored database that differs from its backup, as far as the difference tells. Pure.

use super::Comparison;

/// PostgreSQL looks up some operators without their schema, so that the same words mean another operator after a restore.
const NO_SCHEMA: &str = "IS DISTINCT FROM, NULLIF, CASE and JOIN USING cannot name an operator's schema. On a type of another schema they use a different operator after a restore. Write the comparison with = and IS NULL in the live database, then back up again.";

impl Comparison {
    /// The remedy for definitions that were restored in the backup's own words and came back in others.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        let is_definition = |statement: &&String| {
            [
                "CREATE VIEW ",
                "CREATE OR REPLACE VIEW ",
                "CREATE MATERIALIZED VIEW ",
                "CREATE POLICY ",
                "CREATE RULE ",
            ]
            .iter()
            .any(|start| statement.starts_with(start))
                || statement.contains(" CONSTRAINT ")
        };
        let changed = |statement: &String| self.unexpected.contains(statement);
        let mut definitions = self.missing.iter().filter(is_definition);
        definitions.any(changed).then_some(NO_SCHEMA)
    }
}
