//! Rewrites a dump's statements for targets that need another form.
//!
//! A rewritten statement has as many lines as the original, because psql identifies a failed statement by its line.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;

use super::RestoreError;
use super::session::variable;
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::query::query_json;
use crate::databases::postgres::sql::{SpanKind, is_in_a_name, spans, without_comments};

/// The session variable with the statements that refresh views, for views that could not be refreshed yet.
fn waiting() -> String {
    format!("coalesce(nullif(current_setting('{}', true), ''), '{{}}')::text[]", variable("waiting"))
}

/// Notes that a view was not refreshed because it reads another server.
fn note_cut_off() -> String {
    format!("PERFORM set_config('{}', 'on', true);", variable("cut_off"))
}

/// Errors of views that read another server in a way that PostgreSQL does not track: SQLSTATE class 08, and HV00N.
/// Any function can raise them, …
const WHEN_CUT_OFF: &str = "WHEN connection_exception OR fdw_unable_to_establish_connection THEN";
/// … so they count only if the database has a way to reach another server.
const HAS_A_WAY: &str = "EXISTS (SELECT FROM pg_catalog.pg_foreign_server) OR EXISTS \
                         (SELECT FROM pg_catalog.pg_extension WHERE extname = 'dblink')";

/// Facts about a load that decide the form of its statements.
#[derive(Debug)]
pub(super) struct Rewriter {
    /// Quotes a statement within a block. Random, so that the author of a dump cannot know it.
    pub(super) key: String,
    /// Whether the target has PL/pgSQL. Without it there are no blocks.
    pub(super) has_blocks: bool,
    /// Whether views that read other servers are refreshed.
    pub(super) reaches_out: bool,
}

impl Rewriter {
    /// Returns a statement, with the comments above it, in the form to send.
    pub(super) fn of<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let statement = without_comments(text);
        let above = &text[..text.len() - statement.len()];
        let sent = if let Some(name) = makes_a_schema(statement).filter(|_| self.has_blocks) {
            // A managed platform may have created it, and might not let us create others. The load checks its contents
            // beforehand.
            let name = self.text(name);
            Cow::Owned(self.block(&[
                b"IF to_regnamespace(",
                &name,
                b") IS NULL THEN ",
                statement,
                b" END IF;",
            ]))
        } else if self.has_blocks && may_be_of_another_role(statement) {
            Cow::Owned(self.block(&[statement, b" EXCEPTION WHEN insufficient_privilege THEN NULL;"]))
        } else if self.is_refreshed_in_a_block(text) {
            Cow::Owned(self.refreshing(statement))
        } else {
            without_variables(statement)
        };
        match sent {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(sent) => Cow::Owned([above, &sent].concat()),
        }
    }

    /// Whether a statement refreshes a view and is sent so that it may wait for other views.
    pub(super) fn is_refreshed_in_a_block(&self, text: &[u8]) -> bool {
        self.has_blocks && refreshed(without_comments(text)).is_some()
    }

    /// Refreshes a view. If it reads a view without rows, it waits: pg_dump does not know what functions read.
    fn refreshing(&self, statement: &[u8]) -> Vec<u8> {
        let note = format!("PERFORM set_config('{}', array_append({}, ", variable("waiting"), waiting());
        let waits = [
            &b" EXCEPTION WHEN object_not_in_prerequisite_state THEN "[..],
            note.as_bytes(),
            &self.text(statement),
            b")::text, true);",
        ]
        .concat();
        if self.reaches_out {
            return self.block(&[statement, &waits]);
        }
        let name = refreshed(statement).unwrap_or_default();
        // Bytes, because a name can have any encoding.
        let servers = servers_of("\0::regclass::oid");
        let (before, after) = servers.split_once('\0').unwrap_or_default();
        self.block(&[
            b"IF EXISTS (",
            before.as_bytes(),
            &self.text(name),
            after.as_bytes(),
            b") THEN ",
            note_cut_off().as_bytes(),
            b" ELSE ",
            statement,
            b" END IF;",
            &waits,
            format!(" {WHEN_CUT_OFF} IF {HAS_A_WAY} THEN {} ELSE RAISE; END IF;", note_cut_off()).as_bytes(),
        ])
    }

    /// Refreshes the waiting views until no more of them succeed. Views that fail for another reason keep waiting,
    /// and fail again by name. If views were cut off from other servers, those that still find a view without rows
    /// are skipped.
    pub(super) fn refreshing_those_that_wait(&self) -> Vec<u8> {
        let (waiting, note) = (waiting(), note_cut_off());
        let (cut_off, passed_over) = if self.reaches_out {
            (String::new(), String::new())
        } else {
            (
                format!(
                    "{WHEN_CUT_OFF} IF {HAS_A_WAY} THEN {note} ELSE failing := array_append(failing, command); END IF;"
                ),
                format!(
                    "IF current_setting('{}', true) = 'on' THEN still := '{{}}'; END IF;",
                    variable("cut_off")
                ),
            )
        };
        let block = format!(
            "DECLARE waiting text[] := {waiting}; still text[] := '{{}}'; failing text[] := '{{}}'; command text; BEGIN
  WHILE cardinality(waiting) > 0 LOOP
    still := '{{}}'; failing := '{{}}';
    FOREACH command IN ARRAY waiting LOOP
      BEGIN EXECUTE command; EXCEPTION {cut_off}
        WHEN object_not_in_prerequisite_state THEN still := array_append(still, command);
        WHEN OTHERS THEN failing := array_append(failing, command);
      END;
    END LOOP;
    EXIT WHEN cardinality(still || failing) = cardinality(waiting);
    waiting := still || failing;
  END LOOP;
  {passed_over}
  PERFORM set_config('{}', (still || failing)::text, true);",
            variable("waiting")
        );
        self.framed(&[b"DO ", &self.tag(""), block.as_bytes()])
    }

    /// Refreshes one view if it still waits.
    pub(super) fn refreshing_at_last(&self, text: &[u8]) -> Vec<u8> {
        let statement = without_comments(text);
        let above = &text[..text.len() - statement.len()];
        let still = format!(" = ANY ({}) THEN ", waiting());
        let block = self.block(&[b"IF ", &self.text(statement), still.as_bytes(), statement, b" END IF;"]);
        [above, &block].concat()
    }

    fn block(&self, parts: &[&[u8]]) -> Vec<u8> {
        let inner = parts.concat();
        self.framed(&[b"DO ", &self.tag(""), b"BEGIN ", &inner])
    }

    fn framed(&self, parts: &[&[u8]]) -> Vec<u8> {
        [&parts.concat(), &b" END "[..], self.tag("").trim_ascii_end(), b";"].concat()
    }

    /// A text or a name as an SQL string.
    fn text(&self, text: &[u8]) -> Vec<u8> {
        let tag = self.tag("t");
        let tag = tag.trim_ascii_end();
        [tag, text, tag].concat()
    }

    fn tag(&self, which: &str) -> Vec<u8> {
        format!("$ours{which}_{}$ ", self.key).into_bytes()
    }
}

/// The statement with a blank after colons that psql would read as a variable: outside quotes, psql replaces
/// `:"USER"` and `:'PORT'`, as in `days[1:"USER"]`. The server ignores the blank.
fn without_variables(statement: &[u8]) -> Cow<'_, [u8]> {
    let is_cast = |at: usize| at > 0 && statement[at - 1] == b':';
    let may_be_one =
        |at: usize| !is_cast(at) && statement.get(at + 1).is_some_and(|next| begins_a_variable(*next));
    if !memchr::memchr_iter(b':', statement).any(may_be_one) {
        return Cow::Borrowed(statement);
    }
    let (mut new, mut colons) = (Vec::with_capacity(statement.len() + 8), 0_usize);
    for (kind, range) in spans(statement) {
        let text = &statement[range];
        if kind == SpanKind::Code {
            for byte in text {
                new.extend((colons == 1 && begins_a_variable(*byte)).then_some(b' '));
                colons = if *byte == b':' { colons + 1 } else { 0 };
                new.push(*byte);
            }
        } else {
            new.extend((colons == 1 && kind != SpanKind::Comment).then_some(b' '));
            colons = 0;
            new.extend_from_slice(text);
        }
    }
    Cow::Owned(new)
}

fn begins_a_variable(byte: u8) -> bool {
    byte == b'"' || byte == b'\'' || byte == b'{' || is_in_a_name(byte)
}

/// The name of the schema that a statement creates, as written there. In a dump the statement has no other clause.
fn makes_a_schema(statement: &[u8]) -> Option<&[u8]> {
    statement.strip_prefix(b"CREATE SCHEMA ")?.strip_suffix(b";")
}

/// Only the owner can comment on an extension or a schema, or drop an extension. A managed platform may own it.
fn may_be_of_another_role(statement: &[u8]) -> bool {
    let starts = [&b"COMMENT ON EXTENSION "[..], b"COMMENT ON SCHEMA ", b"DROP EXTENSION IF EXISTS "];
    starts.iter().any(|start| statement.starts_with(start))
}

/// The name of the view that a statement refreshes, in pg_dump's form.
fn refreshed(statement: &[u8]) -> Option<&[u8]> {
    let name = statement.strip_prefix(b"REFRESH MATERIALIZED VIEW ")?.strip_suffix(b";")?;
    // Other forms have more words after the name.
    let is_name = |(kind, range): (SpanKind, Range<usize>)| {
        kind == SpanKind::Name || !name[range].iter().any(u8::is_ascii_whitespace)
    };
    spans(name).into_iter().all(is_name).then_some(name)
}

/// What a view reads, as far as PostgreSQL tracks it: relations and functions, starting at `{view}`. Returns the
/// server of each foreign table, and NULL for a function of dblink.
const SOURCES: &str = "WITH RECURSIVE reads(class, oid) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, {view} UNION
  SELECT y.class, y.oid FROM reads r, LATERAL (
    SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_rewrite w
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
      WHERE w.ev_class = r.oid AND w.ev_type = '1' AND r.class = 'pg_catalog.pg_class'::pg_catalog.regclass
    UNION ALL SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
      WHERE d.classid = r.class AND d.objid = r.oid AND r.class = 'pg_catalog.pg_proc'::pg_catalog.regclass
    UNION ALL SELECT r.class, i.inhrelid FROM pg_catalog.pg_inherits i
      WHERE i.inhparent = r.oid AND r.class = 'pg_catalog.pg_class'::pg_catalog.regclass) y(class, oid)
  WHERE y.class IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass))
SELECT s.srvname FROM reads r JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = r.oid
  JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
  WHERE r.class = 'pg_catalog.pg_class'::pg_catalog.regclass
UNION SELECT NULL FROM reads r
  JOIN pg_catalog.pg_depend d ON d.classid = r.class AND d.objid = r.oid AND d.deptype = 'e'
  JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'dblink'
  WHERE r.class = 'pg_catalog.pg_proc'::pg_catalog.regclass";

/// A one-line query with a row per server that a view reads. `view` is the expression for its OID.
pub(super) fn servers_of(view: &str) -> String {
    SOURCES.replace('\n', " ").replace("{view}", view)
}

#[derive(Deserialize)]
struct Unpopulated {
    statement: String,
    name: String,
    servers: Vec<Option<String>>,
}

/// Materialized views without rows: the statement that would refresh each, and a phrase that names it.
///
/// # Errors
/// The query fails.
pub async fn without_rows(
    connection: &Connection,
    client: &Client,
) -> Result<BTreeMap<String, String>, RestoreError> {
    let sql = format!(
        "SELECT coalesce(json_agg(json_build_object(
           'statement', format('REFRESH MATERIALIZED VIEW %I.%I', n.nspname, c.relname),
           'name', format('%I.%I', n.nspname, c.relname),
           'servers', (SELECT coalesce(json_agg(srvname ORDER BY srvname), '[]') FROM ({}) s))), '[]')
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'm' AND NOT c.relispopulated",
        servers_of("c.oid")
    );
    let found: Vec<Unpopulated> = query_json(connection, client, &sql).await?;
    Ok(found.into_iter().map(|view| (view.statement.clone(), view.words())).collect())
}

impl Unpopulated {
    fn words(&self) -> String {
        let Self { name, servers, .. } = self;
        let named: Vec<&str> = servers.iter().flatten().map(String::as_str).collect();
        let why = match named.as_slice() {
            [] if servers.is_empty() => "cannot be refreshed without another server".to_owned(),
            [] => "reads another server through dblink".to_owned(),
            [one] => format!("reads the foreign server {one}"),
            several => format!("reads the foreign servers {}", several.join(", ")),
        };
        format!("materialized view {name} ({why})")
    }
}

#[cfg(test)]
mod tests;
