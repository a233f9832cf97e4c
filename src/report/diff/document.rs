//! The comparison of two backups as a document for programs. Pure.
//!
//! Its form is fixed by `schemas/diff.v1.json`.

use serde_json::{Value, json};

use super::{ComparedSide, DiffReport, EXTENSIONS, NameChanges, ROLES, each_table};
use crate::archive::backup_manifest::{Amounts, Object};
use crate::verification::backup_diff::{DiffLimits, ObjectChanges};
use crate::verification::contents_changes::{ContentsChanges, TableRows};

/// Version of the document's form.
const FORMAT_VERSION: u32 = 1;

impl DiffReport<'_> {
    /// One document.
    #[must_use]
    pub fn json(&self) -> String {
        let (before, after) = (self.before.manifest, self.after.manifest);
        let stored = Amounts { before: before.stored.bytes, after: after.stored.bytes };
        let names = |list| {
            NameChanges::of(before, after, list)
                .map(|NameChanges { removed, added }| json!({"removed": removed, "added": added}))
        };
        let DiffLimits { max_row_drop, max_table_drop, expect_schema_unchanged } = *self.limits;
        let document = json!({
            "format_version": FORMAT_VERSION,
            "sponsor": after.sponsor,
            "environment": after.environment,
            "outcome": if self.findings.is_empty() { "success" } else { "failure" },
            "before": side_json(&self.before),
            "after": side_json(&self.after),
            "same_scope": self.diff.is_of_one_scope,
            "rows": self.diff.rows.map(amounts_json),
            "dump_bytes": amounts_json(self.diff.dump_bytes),
            "stored_bytes": amounts_json(stored),
            "tables": self.table_amounts().map(amounts_json),
            "table_changes": self.diff.tables.as_ref().map(table_changes),
            "objects_equal": self.diff.objects.as_ref().ok().map(|objects| objects.equal),
            "object_changes": self.diff.objects.as_ref().ok().map(object_changes),
            "objects_unknown": self.diff.objects.as_ref().err(),
            "statements": self.statements(),
            "large_objects": self.large_objects_json(),
            "extensions": names(EXTENSIONS),
            "roles": names(ROLES),
            "limits": {
                "max_row_drop": max_row_drop.map(|share| share.to_string()),
                "max_table_drop": max_table_drop,
                "expect_schema_unchanged": expect_schema_unchanged,
            },
            "findings": self.findings,
        });
        format!("{document:#}\n")
    }

    fn statements(&self) -> Option<Value> {
        let [before, after] = [self.before, self.after].map(|side| side.manifest.contents.as_ref());
        let (before, after) = (before?, after?);
        Some(json!({
            "before": before.statements,
            "after": after.statements,
            "equal": before.statements_digest == after.statements_digest,
        }))
    }

    fn large_objects_json(&self) -> Option<Value> {
        let [before, after] = [self.before, self.after].map(|side| side.manifest.contents.as_ref());
        let (before, after) = (before?.large_objects.as_ref()?, after?.large_objects.as_ref()?);
        Some(json!({
            "count": amounts_json(Amounts { before: before.count, after: after.count }),
            "bytes": amounts_json(Amounts { before: before.bytes, after: after.bytes }),
            "equal": before.digest == after.digest,
        }))
    }
}

fn amounts_json(Amounts { before, after }: Amounts) -> Value {
    let difference = i128::from(after) - i128::from(before);
    // Rounded to two decimals. Nothing has no share.
    let percent = (before > 0).then(|| (difference as f64 / before as f64 * 10_000.0).round() / 100.0);
    json!({"before": before, "after": after, "percent": percent})
}

fn side_json(side: &ComparedSide<'_>) -> Value {
    let ComparedSide { location, at, manifest } = side;
    json!({
        "location": location,
        "timestamp": at,
        "started_at": manifest.started_at,
        "version": manifest.version,
        "git_sha": manifest.git_sha,
        "github_run_id": manifest.github_run_id,
        "server_version": manifest.server_version,
        "pg_dump_version": manifest.pg_dump_version,
        "tool_version": manifest.tool.version,
        "partial": manifest.partial,
        "includes_privileges": manifest.includes_privileges,
    })
}

fn table_changes(changes: &ContentsChanges) -> Value {
    let change = |(table, what): (&TableRows, &str)| {
        let TableRows { table, before, after } = table;
        json!({"table": table, "change": what, "rows_before": before, "rows_after": after})
    };
    // Programs see by `same_scope` whether a table may be there all the same.
    each_table(changes, ["removed", "added"]).map(change).collect()
}

fn object_changes(changes: &ObjectChanges<'_>) -> Value {
    let change = |(object, what): (&Object, &str)| {
        let Object { kind, schema, name, .. } = object;
        json!({"kind": kind, "schema": schema, "name": name, "change": what})
    };
    changes.each().map(change).collect()
}
