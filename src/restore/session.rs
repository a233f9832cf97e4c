//! The session in which a dump is loaded: how it begins. Pure.
//!
//! Roles and databases set what everyday work wants. Some of these settings change rows on their way in, or end the
//! session, so those that do are set here, for this transaction alone.

use crate::dump::server::Money;

/// The settings, in any order, with what else they would do. A server that does not know one passes it over.
const SETTINGS: &[(&str, &str)] = &[
    // End a session that takes long.
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("transaction_timeout", "0"),
    // Off, takes NULL in an array for the text "NULL".
    ("array_nulls", "on"),
    // Read `-1 2:00` and `01/02/2020` otherwise.
    ("IntervalStyle", "postgres"),
    ("DateStyle", "ISO, MDY"),
    ("TimeZone", "UTC"),
    // Change what functions of the database make of rows, in generated columns and checks.
    ("bytea_output", "hex"),
    ("extra_float_digits", "3"),
    ("xmlbinary", "base64"),
    ("xmloption", "content"),
    // On, makes `x = NULL` in a view or a check `x IS NULL`.
    ("transform_null_equals", "off"),
    // Read, or refuse, strings that hold backslashes.
    ("standard_conforming_strings", "on"),
    ("backslash_quote", "safe_encoding"),
    ("escape_string_warning", "off"),
    // Look into functions whose tables are not there yet, and hide rows. The dump sets both, after what we do first.
    ("check_function_bodies", "off"),
    ("row_security", "off"),
];

/// What psql knows by itself: where a dump writes `[1:"USER"]`, it would put in the user's name.
const VARIABLES: [&str; 10] = [
    "DBNAME",
    "USER",
    "HOST",
    "PORT",
    "ENCODING",
    "VERSION",
    "VERSION_NAME",
    "VERSION_NUM",
    "SERVER_VERSION_NAME",
    "SERVER_VERSION_NUM",
];

/// What psql is told before the dump: it forgets its variables, obeys none of its own commands from here on but with this
/// key, and begins a transaction that may write, whatever the database is set to.
pub(super) fn begin(key: &str, money: Money) -> String {
    let unset: String = VARIABLES.iter().map(|name| format!("\\unset {name}\n")).collect();
    let money = (money == Money::Plain).then_some(("lc_monetary", "C"));
    let values: Vec<String> =
        SETTINGS.iter().copied().chain(money).map(|(name, value)| format!("('{name}', '{value}')")).collect();
    format!(
        "{unset}\\restrict {key}
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT set_config(s.name, wanted.value, true) FROM pg_settings s
JOIN (VALUES {}) wanted(name, value) ON s.name = wanted.name;
",
        values.join(", ")
    )
}
