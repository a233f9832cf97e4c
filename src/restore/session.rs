//! The session in which a dump is loaded: how it begins. Pure.
//!
//! Roles and databases set what everyday work wants. Some of these settings change rows on their way in, or end the
//! session, so those that do are set here, for this transaction alone.

use std::sync::LazyLock;

use crate::dump::defaults;
use crate::dump::server::Money;

/// What a load wants besides what all our sessions have.
const OF_A_LOAD: [(&str, &str); 2] = [
    // Look into functions whose tables are not there yet, and hide rows. The dump sets both, after what we do first.
    ("check_function_bodies", "off"),
    ("row_security", "off"),
];

/// What psql is told before the dump: it obeys none of its own commands from here on but with this key, and begins a
/// transaction that may write, whatever the database is set to.
pub(super) fn begin(key: &str, money: Money) -> String {
    let money = (money == Money::Plain).then_some(&("lc_monetary", "C"));
    let settings = defaults::setting(defaults::OURS.iter().chain(&OF_A_LOAD).chain(money), true);
    format!(
        "\\restrict {key}
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL search_path = pg_catalog, pg_temp;
{settings};
"
    )
}

/// What a transaction of ours remembers, by a name that nobody else knows: databases and dumps have settings, too.
pub(super) fn variable(name: &str) -> String {
    static PREFIX: LazyLock<String> =
        LazyLock::new(|| format!("sponsor_backup_{}", uuid::Uuid::new_v4().simple()));
    format!("{}.{name}", *PREFIX)
}
