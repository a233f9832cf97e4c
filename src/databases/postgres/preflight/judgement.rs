//! What the facts mean for a backup and a restore. Pure.

use std::time::Duration;

use bytesize::ByteSize;
use jiff::{RoundMode, SignedDuration, SignedDurationRound, Unit};

use super::facts::{Facts, Named};
use super::{
    CONNECTION, ENCODING, EXTENSIONS, LARGE_OBJECTS, LOCKS, POOLER, PRIVILEGES, ROW_SECURITY, SCHEMA_DUMP,
    SETTINGS, SIZE, STANDBY, SUBSCRIPTIONS, TLS, USER_MAPPINGS, VERSION,
};
use crate::databases::postgres::client::Client;
use crate::databases::postgres::connection::Tls;
use crate::databases::postgres::dump::standby::Standby;
use crate::databases::postgres::restore::facts::LockFit;
use crate::databases::postgres::{Connection, PostgresError};
use crate::finding::{Check, Finding};

const NO_BACKUP: &str = "The backup fails.";
/// Hints of a backup begin with this, but `preflight` stores nothing anyway.
const NOTHING_STORED: &str = "Nothing was stored. ";

/// The oldest version with security fixes, and with the role pg_read_all_data.
const OLDEST_SUPPORTED: u32 = 14;

/// A password that expires sooner is a warning.
const PASSWORD_WARNING: Duration = Duration::from_secs(30 * DAY);
const DAY: u64 = 24 * 3600;

/// Megabytes on disk that a dump reads in a second: through a slow network, and by one server process at its best
/// (measured: 178 MB of text per second and core).
const SLOW: u64 = 20;
const FAST: u64 = 180;

/// What a backup would fail with.
pub(super) fn failed(check: Check, error: &PostgresError) -> Finding {
    let hint = error.hint().unwrap_or_default();
    check.fail(error.to_string(), NO_BACKUP, hint.strip_prefix(NOTHING_STORED).unwrap_or(&hint))
}

pub(super) fn connected(connection: &Connection) -> Finding {
    CONNECTION.ok(format!("{} accepts the role {}", connection.place(), connection.user()))
}

pub(super) fn pooler(shares: bool) -> Finding {
    if shares {
        return POOLER.fail(
            "two sessions share their server processes, as behind a transaction pooler",
            "Session state does not survive transaction pooling, so a dump can fail or lack its settings.",
            "Use the direct connection or the session pooler in DATABASE_URL, usually on port 5432.",
        );
    }
    POOLER.ok("two sessions kept a server process each")
}

pub(super) fn tls(connection: &Connection, facts: &Facts) -> Finding {
    let version = match &facts.tls {
        Some(version) => format!("encrypted with {version}"),
        None if facts.is_gss_encrypted => "encrypted by GSSAPI".to_owned(),
        None => "not encrypted".to_owned(),
    };
    let place = connection.place();
    match connection.tls() {
        Tls::Local => TLS.ok(format!("{place} is on this machine, {version}")),
        Tls::CertificateAndHost => {
            TLS.ok(format!("{version}, certificate and host name of {place} verified"))
        }
        Tls::Certificate => TLS.ok(format!("{version}, certificate of {place} verified")),
        Tls::Unverified => TLS.warn(
            format!("the server certificate of {place} is not verified (sslmode is `require`)"),
            "Another server could answer and get the password.",
            "Add `sslmode=verify-full` and `sslrootcert` to DATABASE_URL, see docs/setup.md.",
        ),
        Tls::NotRequired if facts.is_gss_encrypted => TLS.ok(format!("{place} is {version}")),
        Tls::NotRequired => TLS.warn(
            format!("the connection to {place} is not encrypted (sslmode is `disable`)"),
            "Others in the network could read the rows.",
            "Set `sslmode=verify-full` and `sslrootcert` in DATABASE_URL, see docs/setup.md.",
        ),
    }
}

pub(super) fn version((major, version): (u32, &str), client: Result<&Client, PostgresError>) -> Finding {
    let client = match client {
        Ok(client) => client,
        Err(error) => return failed(VERSION, &error),
    };
    if major < OLDEST_SUPPORTED {
        return VERSION.warn(
            format!("the server runs PostgreSQL {version}, which gets no more security fixes"),
            "A known vulnerability stays open, and the role pg_read_all_data does not exist.",
            "Upgrade the server to a supported major version.",
        );
    }
    VERSION.ok(format!("PostgreSQL {version}, and pg_dump {} for it", client.version))
}

pub(super) fn encoding(encoding: &str, checked: Result<(), PostgresError>) -> Finding {
    match checked {
        Ok(()) => ENCODING.ok(format!("the database and its dump use {encoding}")),
        Err(error) => failed(ENCODING, &error),
    }
}

/// One finding per kind of missing privilege.
pub(super) fn privileges(major: u32, facts: &Facts) -> Vec<Finding> {
    let role = &facts.role;
    let kinds = [
        (&facts.closed_schemas, "USAGE", "schema"),
        (&facts.closed_tables, "SELECT", "table"),
        (&facts.closed_sequences, "SELECT", "sequence"),
    ];
    let found: Vec<Finding> = kinds
        .into_iter()
        .filter(|(named, ..)| named.count > 0)
        .map(|(named, privilege, kind)| {
            let what =
                format!("role {role} lacks {privilege} on {}: {}", counted(named.count, kind), listed(named));
            PRIVILEGES.fail(what, NO_BACKUP, granting(major, facts))
        })
        .collect();
    if !found.is_empty() {
        return found;
    }
    let all = format!("{} and {}", counted(facts.tables, "table"), counted(facts.sequences, "sequence"));
    vec![PRIVILEGES.ok(format!("role {role} can read {all}"))]
}

/// The statements that let the role read everything.
fn granting(major: u32, Facts { role, to_grant, .. }: &Facts) -> String {
    if major >= OLDEST_SUPPORTED {
        return format!("Run `GRANT pg_read_all_data TO {role};`.");
    }
    let schemas = to_grant.first.join(", ");
    let more = to_grant.count.saturating_sub(to_grant.first.len() as u64);
    let others =
        if more > 0 { format!(" Do the same for {}.", counted(more, "other schema")) } else { String::new() };
    format!(
        "Run `GRANT USAGE ON SCHEMA {schemas} TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA {schemas} TO {role}; \
         GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schemas} TO {role};`.{others}"
    )
}

pub(super) fn row_security(facts: &Facts) -> Finding {
    let Facts { role, filtered, owners, forced, guarded, .. } = facts;
    if filtered.count == 0 {
        return ROW_SECURITY.ok(match guarded {
            0 => "no table has row-level security".to_owned(),
            _ => {
                format!("role {role} sees all rows of {} with row-level security", counted(*guarded, "table"))
            }
        });
    }
    let grants: Vec<String> = owners.first.iter().map(|owner| format!("GRANT {owner} TO {role};")).collect();
    let is_enough = *forced == 0 && owners.count == owners.first.len() as u64;
    let or = if is_enough { format!(" Or run `{}`.", grants.join(" ")) } else { String::new() };
    ROW_SECURITY.fail(
        format!(
            "row-level security applies to role {role} in {}: {}",
            counted(filtered.count, "table"),
            listed(filtered)
        ),
        "The backup fails, because the dump would lack the hidden rows.",
        format!("Run `ALTER ROLE {role} BYPASSRLS;` as a superuser.{or}"),
    )
}

pub(super) fn large_objects(facts: &Facts) -> Finding {
    let Facts { role, large_objects, closed_large_objects, .. } = facts;
    if *closed_large_objects == 0 {
        return LARGE_OBJECTS.ok(format!("role {role} can read {}", counted(*large_objects, "large object")));
    }
    LARGE_OBJECTS.fail(
        format!("role {role} cannot read {}", counted(*closed_large_objects, "large object")),
        NO_BACKUP,
        format!("Run `GRANT owner TO {role};` with the role that owns them (see pg_largeobject_metadata). pg_read_all_data does not cover them."),
    )
}

pub(super) fn user_mappings(checked: Result<(), PostgresError>) -> Finding {
    match checked {
        Ok(()) => USER_MAPPINGS.ok("no options of user mappings are hidden from the role"),
        Err(error) => failed(USER_MAPPINGS, &error),
    }
}

pub(super) fn subscriptions(facts: &Facts) -> Finding {
    let Facts { role, is_superuser, subscriptions, .. } = facts;
    if *subscriptions == 0 || *is_superuser {
        return SUBSCRIPTIONS
            .ok(format!("{} for role {role} to dump", counted(*subscriptions, "subscription")));
    }
    SUBSCRIPTIONS.fail(
        format!("{} that only a superuser can dump", counted(*subscriptions, "subscription")),
        "The backup fails, because the dump would lack them.",
        "Back up as a superuser, or drop the subscriptions.",
    )
}

/// On a standby, pg_dump leaves out the values of unlogged sequences, as it does with the rows of unlogged tables.
pub(super) fn unlogged_sequences(facts: &Facts) -> Option<Finding> {
    let Facts { unlogged_sequences: named, .. } = facts;
    (named.count > 0).then(|| {
        let sequences = counted(named.count, "unlogged sequence");
        STANDBY.warn(
            format!(
                "the backup lacks the values of {sequences}, which a standby never has: {}",
                listed(named)
            ),
            "After a restore, these sequences begin again.",
            "Name the primary in DATABASE_URL.",
        )
    })
}

pub(super) fn standby(checked: Result<Standby, PostgresError>) -> Vec<Finding> {
    match checked {
        Err(error) => vec![failed(STANDBY, &error)],
        Ok(standby) => {
            let warned = standby.warnings(&standby.unlogged).into_iter().map(|what| {
                let why =
                    "The backup lacks what a standby has not replayed, and replay can cancel a long dump.";
                let fix = "Name the primary in DATABASE_URL, or set hot_standby_feedback on the standby.";
                STANDBY.warn(what, why, fix)
            });
            warned.collect()
        }
    }
}

pub(super) fn settings(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    // A password that has expired already would not have let us in.
    let left = facts.password_seconds.filter(|seconds| *seconds > 0.0);
    let left = left.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    if let Some(left) = left.filter(|left| *left < PASSWORD_WARNING) {
        found.push(SETTINGS.warn(
            format!(
                "the password of role {} expires in {}",
                facts.role,
                counted(left.as_secs() / DAY, "day")
            ),
            "Backups fail from then on.",
            format!(
                "Set a new password, and run `ALTER ROLE {} VALID UNTIL 'infinity';` or a later date.",
                facts.role
            ),
        ));
    }
    let values = facts.settings.iter().map(|(name, value)| match value.parse().map(Duration::from_millis) {
        Ok(time) => format!("{name} is {:#}", SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)),
        Err(_) => format!("{name} is {value}"),
    });
    let values: Vec<String> = values.collect();
    found.push(SETTINGS.ok(if values.is_empty() {
        format!("no timeout applies to role {}, and its sessions can write", facts.role)
    } else {
        format!("{} (a backup's sessions use their own)", values.join(", "))
    }));
    found
}

pub(super) fn extensions(facts: &Facts, left: Result<Vec<String>, PostgresError>) -> Vec<Finding> {
    let names: Vec<String> =
        facts.extensions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let needed = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let mut found = vec![EXTENSIONS.ok(format!("extensions that a restore needs: {needed}"))];
    match left {
        Ok(left) => found.extend(left.into_iter().map(|what| {
            let fix = "Have the extension mark the table with pg_extension_config_dump(), or back up these rows in another way.";
            EXTENSIONS.warn(what, "A restore does not bring these rows back.", fix)
        })),
        Err(error) => found.push(EXTENSIONS.unknown(&error, error.hint().unwrap_or_default())),
    }
    found
}

pub(super) fn locks(facts: &Facts) -> Finding {
    let needed = facts.tables.saturating_add(facts.sequences);
    let setting = facts.locks.per_transaction();
    let what =
        format!("a dump takes {}, and max_locks_per_transaction is {setting}", counted(needed, "lock"));
    let fix = |wanted| {
        format!(
            "Set max_locks_per_transaction to {wanted} or more on the server and restart it (ALTER SYSTEM, or the provider's parameter group)."
        )
    };
    match facts.locks.fit(needed) {
        LockFit::Guaranteed => LOCKS.ok(what),
        LockFit::Perhaps { wanted } => {
            LOCKS.warn(what, "The server does not guarantee as many locks.", fix(wanted))
        }
        LockFit::TooMany { wanted } => {
            LOCKS.fail(what, "The lock table does not hold as many locks, so the backup fails.", fix(wanted))
        }
    }
}

pub(super) fn size(bytes: u64) -> Finding {
    let time = |speed: u64| words(Duration::from_secs(bytes.div_ceil(speed * 1_000_000)));
    let (least, most) = (time(FAST), time(SLOW));
    let range = if least == most { format!("about {least}") } else { format!("{least} to {most}") };
    SIZE.ok(format!(
        "{} on disk with indexes, so a dump probably takes {range} (estimated at {SLOW} to {FAST} MB/s)",
        ByteSize(bytes)
    ))
}

pub(super) fn schema_dump(rehearsed: Result<(), PostgresError>) -> Finding {
    match rehearsed {
        Ok(()) => SCHEMA_DUMP.ok("pg_dump locked all tables and wrote their definitions, without rows"),
        Err(error) if error.is_lock_wait() => SCHEMA_DUMP.unknown(&error, error.hint().unwrap_or_default()),
        Err(error) => failed(SCHEMA_DUMP, &error),
    }
}

/// `a.b, c.d, and 3 more`.
fn listed(named: &Named) -> String {
    let more = named.count.saturating_sub(named.first.len() as u64);
    let more = (more > 0).then(|| format!("and {more} more"));
    named.first.iter().cloned().chain(more).collect::<Vec<_>>().join(", ")
}

fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `1m 30s`, rounded up to what matters.
fn words(time: Duration) -> String {
    let unit = match time.as_secs() {
        0..600 => Unit::Second,
        600..36_000 => Unit::Minute,
        _ => Unit::Hour,
    };
    let exact = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    let how = SignedDurationRound::new().smallest(unit).mode(RoundMode::Ceil);
    format!("{:#}", exact.round(how).unwrap_or(exact))
}

#[cfg(test)]
mod tests;
