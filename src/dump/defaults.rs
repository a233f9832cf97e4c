//! Defaults that roles and databases set for everyday work, and what our sessions use instead. Pure.
//!
//! Any session can override such defaults. They are set by SQL, because poolers do not accept every startup option.

/// Settings that would end a session, reject its statements, or change the format of its answers.
pub const OURS: &[(&str, &str)] = &[
    // Reject writes, or reads next to a writer.
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    // End long sessions.
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("transaction_timeout", "0"),
    ("exit_on_error", "off"),
    // Reject reads of views or foreign tables.
    ("restrict_nonsystem_relation_kind", ""),
    // Change how values are written or read.
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "3"),
    ("array_nulls", "on"),
    ("xmlbinary", "base64"),
    ("xmloption", "content"),
    ("quote_all_identifiers", "off"),
    // If on, `x = NULL` in a view or a check becomes `x IS NULL`.
    ("transform_null_equals", "off"),
    // Change how strings with backslashes are read, or reject them.
    ("standard_conforming_strings", "on"),
    ("backslash_quote", "safe_encoding"),
    ("escape_string_warning", "off"),
    // Superusers only: messages in the language that hints match, and triggers as in everyday work.
    ("lc_messages", "C"),
    ("session_replication_role", "origin"),
];

/// A statement that sets what the server supports and the role may set, for the session or only its transaction. It
/// returns no row and no column, so psql prints nothing.
#[must_use]
pub fn setting<'a>(wanted: impl IntoIterator<Item = &'a (&'a str, &'a str)>, is_local: bool) -> String {
    let wanted: Vec<String> =
        wanted.into_iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    format!(
        "SELECT FROM (SELECT s.name, wanted.value FROM pg_catalog.pg_settings s
  JOIN (VALUES {}) wanted(name, value) ON s.name = wanted.name
  WHERE s.context = 'user' OR pg_catalog.current_setting('is_superuser') = 'on' OFFSET 0) x
WHERE pg_catalog.set_config(x.name, x.value, {is_local}) IS NULL",
        wanted.join(", ")
    )
}

#[cfg(test)]
mod tests;
