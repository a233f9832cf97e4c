//! How the session that loads a dump begins, and how it keeps event triggers from reacting to the load. Pure.
//!
//! Roles and databases have settings for everyday work. Some of them would change rows while they are loaded, or
//! end the session. Those are overridden here, for this transaction only.

use std::sync::LazyLock;

use crate::databases::postgres::invocation;
use crate::databases::postgres::server::Money;

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
    let settings =
        invocation::settings_sql(invocation::SESSION_SETTINGS.iter().chain(&OF_A_LOAD).chain(money), true);
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

/// Disables the target's enabled event triggers, and remembers them for this transaction. Only a superuser can. The
/// dump's own are created last, and [`super::facts::TargetFacts::quiet`] keeps login triggers from our other
/// sessions.
#[must_use]
pub fn silencing() -> String {
    "DO $quiet$ DECLARE command text; BEGIN
  PERFORM set_config('{reactions}', (SELECT coalesce(json_agg(json_build_object(
    'oid', oid, 'state', CASE evtenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END)),
    '[]')::text FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D'), true);
  FOR command IN SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname) FROM pg_catalog.pg_event_trigger
    WHERE evtenabled <> 'D' ORDER BY oid
  LOOP EXECUTE command; END LOOP;
END $quiet$;
"
    .replace("{reactions}", &variable("reactions"))
}

/// Restores the state of those that still exist.
#[must_use]
pub fn waking() -> String {
    "
DO $quiet$ DECLARE command text; BEGIN
  FOR command IN SELECT format('ALTER EVENT TRIGGER %I %s', e.evtname, r->>'state') FROM pg_catalog.pg_event_trigger e
    JOIN json_array_elements(current_setting('{reactions}')::json) r ON (r->>'oid')::oid = e.oid
  LOOP EXECUTE command; END LOOP;
END $quiet$;
"
    .replace("{reactions}", &variable("reactions"))
}
