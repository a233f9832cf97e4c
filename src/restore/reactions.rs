//! Disables the target's event triggers during a restore. The dump's own are created last, and
//! [`super::target::Facts::quiet`] keeps login triggers from our other sessions.

use super::session::variable;

/// Disables the enabled ones, and remembers them for this transaction. Only a superuser can.
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
