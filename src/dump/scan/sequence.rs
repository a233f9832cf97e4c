//! The statement that sets a sequence's value, as every pg_dump version writes it. Pure.

use super::copy::identifier;
use super::lexical::decoded;

const SETS: &str = "SELECT pg_catalog.setval('";

/// The position of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Its last value, or its first value.
    pub value: i64,
    /// Whether the sequence has returned this value already.
    pub is_called: bool,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.value)?;
        if self.is_called { Ok(()) } else { f.write_str(" (not used yet)") }
    }
}

/// Schema, name and position of the sequence that a statement sets. `None` for any other statement.
pub(super) fn set(statement: &[u8]) -> Option<((String, String), Position)> {
    if !statement.starts_with(SETS.as_bytes()) {
        return None;
    }
    let text = decoded(statement);
    let rest = text.strip_prefix(SETS)?.strip_suffix(");")?;
    let (rest, called) = rest.rsplit_once(", ")?;
    let (name, value) = rest.rsplit_once("', ")?;
    // The qualified name is a string literal, so its quotes are doubled.
    let name = name.replace("''", "'");
    let (schema, rest) = identifier(&name)?;
    let (name, rest) = identifier(rest.strip_prefix('.')?)?;
    let is_called = match called {
        "true" => true,
        "false" => false,
        _ => return None,
    };
    rest.is_empty().then_some(((schema, name), Position { value: value.parse().ok()?, is_called }))
}

#[cfg(test)]
mod tests;
