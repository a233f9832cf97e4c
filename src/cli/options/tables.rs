//! The options of `restore` for some tables only.

use crate::cli::inputs;
use crate::cli::table_names::SqlOutput;
use crate::cli::usage::UsageError;
use crate::cli::values::Values;
use crate::databases::postgres::restore::tables::Selection;

/// Some tables instead of the whole backup.
#[derive(Debug)]
pub struct TablesOptions {
    /// Which tables, and their schema.
    pub selection: Selection,
    /// Where their SQL is written. `None` if they go into a database.
    pub to_sql: Option<SqlOutput>,
}

/// `None` if the whole backup is restored.
pub(super) fn tables(values: &Values<'_>) -> Result<Option<TablesOptions>, UsageError> {
    let into = values.optional(inputs::INTO)?.map(|schema| schema.0);
    let to_sql = values.optional(inputs::TO_SQL)?;
    let Some(tables) = values.optional(inputs::TABLES)? else {
        let alone = [("into", into.is_some()), ("to-sql", to_sql.is_some())];
        return match alone.into_iter().find(|(_, is_set)| *is_set) {
            Some((name, _)) => Err(UsageError::new(format!("`{name}` needs `tables`"))
                .hint("Name the tables in `tables`. The whole backup has no such choice.")),
            None => Ok(None),
        };
    };
    for handle in [inputs::REPLACE, inputs::ALLOW_PARTIAL, inputs::SKIP_MISSING_EXTENSIONS] {
        let name = handle.input.name;
        if values.boolean(handle)? {
            return Err(excluded("tables", name).hint("Tables are only added: nothing is dropped or replaced. What they need and the target lacks is left out and listed."));
        }
    }
    if let Some(output) = &to_sql {
        check_output(values, output)?;
    }
    Ok(Some(TablesOptions { selection: Selection { tables: tables.0, into }, to_sql }))
}

fn check_output(values: &Values<'_>, output: &SqlOutput) -> Result<(), UsageError> {
    let unneeded = [
        ("target-database-url", values.is_input(&inputs::TARGET_DATABASE_URL)),
        ("confirm", values.is_input(&inputs::CONFIRM)),
    ];
    if let Some((name, _)) = unneeded.into_iter().find(|(_, is_set)| *is_set) {
        return Err(excluded("to-sql", name).hint("`to-sql` uses no database. Set only one of them."));
    }
    if *output == SqlOutput::Stream && values.variable("GITHUB_ACTIONS") == Some("true") {
        return Err(UsageError::new("`to-sql` is `-` in a workflow, whose log would show the rows")
            .hint("Name a file in `to-sql`."));
    }
    if *output == SqlOutput::Stream && values.boolean(inputs::OUTPUTS)? {
        return Err(
            excluded("to-sql: -", "outputs").hint("Set only one of them: both write to standard output.")
        );
    }
    Ok(())
}

fn excluded(one: &str, other: &str) -> UsageError {
    UsageError::new(format!("`{one}` and `{other}` exclude each other"))
}
