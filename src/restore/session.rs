//! How the session that loads a dump begins. Pure.
//! | Roles and databases have settings for everyday work. Some of them would change rows while they are loaded, or
//! end the session. Those are overridden here, for this transaction only.

use std::sync::LazyLock;

use crate::dump::defaults;
use crate::dump::server::Money;

/// Settings of a load, in addition to those of all our sessions.
const OF_A_LOAD: [(&str, &str); 2] = [
    // They would check functions whose tables do not exist yet, and hide rows. The dump sets both itself, but only
    // after our own SQL.
    ("check_function_bodies", "off"),
    ("row_security", "off"),
];

/// The first lines for psql. From here on it obeys its own commands only with this key. The transaction can write,
/// whatever the database's default is.
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

/// A session variable with a random prefix, so that no database or dump has one of the same name.
pub(super) fn variable(name: &str) -> String {
    static PREFIX: LazyLock<String> =
        LazyLock::new(|| format!("sponsor_backup_{}", uuid::Uuid::new_v4().simple()));
    format!("{}.{name}", *PREFIX)
}
