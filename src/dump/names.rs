//! Names of PostgreSQL as SQL writes them. Pure.

/// An identifier in quotes, whatever characters it contains.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
