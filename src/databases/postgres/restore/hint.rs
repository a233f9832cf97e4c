//! Hints for failed statements of a dump, by error code and kind. Pure.
//!
//! The server's words are not read: they can be in any language, and a sponsor's function can raise any text.

use crate::databases::postgres::sqlstate::SqlState;

/// Kind of the failed statement, as far as the hint depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Recomputes the rows of a materialized view.
    Refresh,
    /// Creates a view of either kind.
    View,
    /// Loads the rows of a table.
    Rows,
    /// Creates an index or a constraint, whose expressions are computed for every row.
    Rule,
    /// Any other statement.
    Other,
}

impl Kind {
    /// Parses the excerpt of a statement, which is in our own words.
    fn of(statement: &str) -> Self {
        let is = |start: &str| statement.starts_with(start);
        if is("REFRESH MATERIALIZED VIEW ") {
            Self::Refresh
        } else if is("CREATE VIEW ") || is("CREATE OR REPLACE VIEW ") || is("CREATE MATERIALIZED VIEW ") {
            Self::View
        } else if is("COPY ") || is("INSERT INTO ") {
            Self::Rows
        } else if is("CREATE INDEX ")
            || is("CREATE UNIQUE INDEX ")
            || is("ALTER TABLE ") && statement.contains(" CONSTRAINT ")
            || is("ALTER DOMAIN ") && statement.contains(" CONSTRAINT ")
        {
            Self::Rule
        } else {
            Self::Other
        }
    }
}

/// For a full disk, of a temporary server or of another one.
pub(super) const FULL: &str =
    "The disk is full. Free space on it or, for a drill, set TMPDIR to a folder on a larger disk.";

/// The hint for a statement, given as its excerpt. Empty if the error is not about a statement.
pub(super) fn of(statement: &str, code: SqlState) -> Option<String> {
    let kind = Kind::of(statement);
    let object = object(statement);
    let code = code.code();
    if let Some(remedy) = of_the_rows(code, kind, object).or_else(|| of_another_server(code, kind, object)) {
        return Some(remedy);
    }
    if let Some(remedy) = of_what_is_missing(code, kind, object) {
        return Some(remedy);
    }
    let remedy = match (code, kind) {
        ("53100", _) => FULL,
        ("42501", _) => {
            "Restore as the owner of the database, or as a role that can create what the dump contains. On Supabase, RDS and Neon: docs/platforms.md."
        }
        ("2BP01", _) => "Drop what depends on it first. `replace` does this when you restore a full backup.",
        ("53200", _) => {
            "The server ran out of memory, usually for locks: a restore is one transaction and locks each object. Raise max_locks_per_transaction on that server and restart it."
        }
        ("25006", _) => {
            "The target is read-only: it is a standby, or the role or database sets default_transaction_read_only. Restore into the primary, and reset that setting."
        }
        ("54000", Kind::Rule) => {
            return Some(format!(
                "A value is too large for {object}. In the live database, index an expression such as md5(column), or use a hash index, then back up again."
            ));
        }
        ("54000", _) => {
            return Some(format!(
                "A value in {object} exceeds a limit of PostgreSQL on that server. Split it or store it as a large object in the live database, then back up again."
            ));
        }
        ("55000", Kind::Refresh) => {
            return Some(format!(
                "The order of refreshes is unknown to pg_dump, because {object} reads another materialized view through a function. In the live database, name that view in the definition of {object} itself, then back up again."
            ));
        }
        _ => return None,
    };
    Some(remedy.to_owned())
}

/// Rows of the dump that break one of its own constraints.
fn of_the_rows(code: &str, kind: Kind, object: &str) -> Option<String> {
    let is_duplicate = match code {
        "23505" | "23P01" => true,
        "23502" | "23503" | "23514" | "23000" => false,
        _ => return None,
    };
    if kind == Kind::Refresh {
        return Some(format!(
            "The recomputed rows of {object} break this rule. Run REFRESH MATERIALIZED VIEW {object} in the live database and repair what it reports, then back up again."
        ));
    }
    let breaks = "The live database itself breaks this rule, so no dump of it can be loaded.";
    let remedy = if is_duplicate {
        "Remove the duplicates there, run REINDEX, then back up again."
    } else {
        "Repair the rows there, then back up again."
    };
    Some(format!("{breaks} {remedy}"))
}

/// A foreign server that the target queries.
fn of_another_server(code: &str, kind: Kind, object: &str) -> Option<String> {
    let is_one = code.starts_with("08") || code.starts_with("HV");
    (is_one && kind != Kind::Other).then(|| {
        format!(
            "The foreign server that {object} reads does not answer the target. Let the target reach that server with the address and user mapping in the dump, or correct both in the live database and back up again."
        )
    })
}

/// Names that are not found.
fn of_what_is_missing(code: &str, kind: Kind, object: &str) -> Option<String> {
    let remedy = match (code, kind) {
        ("42704", Kind::Refresh | Kind::Rows | Kind::Rule) => format!(
            "The target lacks a setting that {object} (or a function it calls) reads, or a name lacks its schema. Define the setting on the target (ALTER DATABASE name SET …), or add the schema in the live database and back up again."
        ),
        ("42P01" | "42703" | "42883" | "3F000", Kind::Refresh | Kind::Rows | Kind::Rule) => format!(
            "A dump is loaded with an empty search_path, so names without a schema are not found. In the live database, write each name with its schema (such as public.name) in the definition of {object} and in the functions it calls, then back up again."
        ),
        ("42883", Kind::View) => format!(
            "A function or operator in {object} is not found without its schema, or another major version of PostgreSQL dropped it. In the live database, write functions with their schema. Replace IS DISTINCT FROM and NULLIF on types of another schema by = and IS NULL. Back up again."
        ),
        ("42P01" | "42703" | "42704", Kind::View) => format!(
            "Something that {object} reads is neither in the dump nor on this server. If the backup left out schemas, use one that includes them. If it is a system view, restore into the major version that was dumped, or change {object} in the live database and back up again."
        ),
        ("42P01" | "42703" | "42883" | "42704" | "3F000" | "3D000", _) => {
            "What this statement names is neither in the dump nor on the server. If the backup left out schemas, use one that includes the missing schema. Otherwise create or install what is missing first."
                .to_owned()
        }
        ("0A000" | "58P01", _) => {
            "Install the extension or library named above on that server, or use a server that has it.".to_owned()
        }
        _ => return None,
    };
    Some(remedy)
}

/// The name that a statement is about: its last words after the kind, without the parent object.
fn object(statement: &str) -> &str {
    let is_a_keyword = |word: &str| word.bytes().all(|byte| byte.is_ascii_uppercase());
    let mut rest = statement;
    while let Some((word, later)) = rest.split_once(' ') {
        if !is_a_keyword(word) {
            break;
        }
        rest = later;
    }
    let end = [" ON ", " ADD ", " ALTER "].iter().filter_map(|word| rest.find(word)).min();
    match &rest[..end.unwrap_or(rest.len())] {
        "" => "the object",
        name => name,
    }
}

#[cfg(test)]
mod tests;
