//! Hints for a restored database that differs from its backup. Pure.

use super::Comparison;

/// PostgreSQL looks up some operators without their schema, so the same text can mean another operator after a
/// restore.
const NO_SCHEMA: &str = "IS DISTINCT FROM, NULLIF, CASE and JOIN USING cannot name an operator's schema. On a type of another schema they use a different operator after a restore. Write the comparison with = and IS NULL in the live database, then back up again.";

impl Comparison {
    /// The hint for definitions that were restored in the backup's words and are now written differently.
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
