//! Rewrites a dump's statements for targets that need another form. Pure.
//! | A rewritten statement has as many lines as the original, because psql identifies a failed statement by its line.

use std::borrow::Cow;

use super::reading;
use super::session::variable;
use crate::dump::scan::{without_comments, without_variables};

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
pub(super) struct Form {
    /// Quotes a statement within a block. Random, so that the author of a dump cannot know it.
    pub(super) key: String,
    /// Whether the target has PL/pgSQL. Without it there are no blocks.
    pub(super) has_blocks: bool,
    /// Whether views that read other servers are refreshed.
    pub(super) reaches_out: bool,
}

impl Form {
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
        let servers = reading::servers_of("\0::regclass::oid");
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
    let mut is_quoted = false;
    let is_in_the_name = |byte: &u8| {
        is_quoted ^= *byte == b'"';
        is_quoted || !byte.is_ascii_whitespace()
    };
    name.iter().all(is_in_the_name).then_some(name)
}

#[cfg(test)]
mod tests;
