//! What roles and databases set for everyday work, and what our own sessions have instead. Pure.
//!
//! Such settings are defaults: any session may set them otherwise. Sent as SQL, since poolers do not take every option.

/// Settings that would end a session, refuse what it does, or change what its answers look like.
pub const OURS: &[(&str, &str)] = &[
    // Refuse to write, or to read beside a writer.
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    // End a session that takes long.
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("transaction_timeout", "0"),
    ("exit_on_error", "off"),
    // Refuse to read views, or tables of other servers.
    ("restrict_nonsystem_relation_kind", ""),
    // Write values otherwise, or read them so.
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "3"),
    ("array_nulls", "on"),
    ("xmlbinary", "base64"),
    ("xmloption", "content"),
    ("quote_all_identifiers", "off"),
    // On, makes `x = NULL` in a view or a check `x IS NULL`.
    ("transform_null_equals", "off"),
    // Read, or refuse, strings that hold backslashes.
    ("standard_conforming_strings", "on"),
    ("backslash_quote", "safe_encoding"),
    ("escape_string_warning", "off"),
    // For superusers: messages in the language that hints are written for, and triggers as in everyday work.
    ("lc_messages", "C"),
    ("session_replication_role", "origin"),
];

/// A statement that sets what the server knows and the role may set, for the session or for its transaction alone. It
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
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_quoted_for_the_session_or_the_transaction() {
        let sql = setting(&[("DateStyle", "ISO, MDY")], true);
        assert!(
            sql.contains("(VALUES ('DateStyle', 'ISO, MDY'))") && sql.contains("x.value, true)"),
            "{sql}"
        );
        assert!(setting(OURS, false).contains("('lock_timeout', '0')"));
        assert!(OURS.iter().all(|(name, value)| !name.contains('\'') && !value.contains('\'')));
    }
}
