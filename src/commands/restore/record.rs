//! The end of a restore: its record, and its result. A dry run and a disabled sponsor have no record.

use crate::cli::options::RestoreOptions;
use crate::commands::buckets::SponsorBuckets;
use crate::commands::publish::{Ended, RedactedFailure};
use crate::commands::save_record;
use crate::commands::session::{Completed, SponsorSession};
use crate::databases::postgres::sql::selection::TableName;
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::record::restore::{RestoreRecord, RestoreWay};
use crate::report::SponsorResult;
use crate::report::restore::Restored;

/// Saves the record, then ends the sponsor's part. `line` shows what was done.
pub(super) async fn end(
    session: &SponsorSession<'_>,
    (options, buckets): (&RestoreOptions, Option<&SponsorBuckets>),
    (done, mut result): (Result<Completed, Failure>, SponsorResult),
    restored: &Restored,
    line: fn(&Restored) -> String,
) -> Ended {
    let failure = match done {
        Ok(Completed::Planned) => return session.end(result, None),
        Ok(Completed::Disabled(why)) => {
            result.message = Some(why.to_string());
            return session.end(result, None);
        }
        Ok(Completed::Done) => {
            result.message = Some(line(restored));
            None
        }
        Err(failure) => Some(session.redacted(&failure)),
    };
    if !options.common.dry_run {
        let record = record(session, options, (&result, failure.clone()), restored);
        let entry = (Object::RestoreRecord, &*record.to_bytes());
        let endpoint = &options.reading.endpoint;
        save_record::save_or_warn(entry, session, buckets, endpoint, &mut result).await;
    }
    session.end(result, failure)
}

fn record(
    session: &SponsorSession<'_>,
    options: &RestoreOptions,
    (result, failure): (&SponsorResult, Option<RedactedFailure>),
    restored: &Restored,
) -> RestoreRecord {
    let clean = |words: &String| session.context().sink.redacted(words);
    let conclusion = result.conclusion();
    let conclusion = if failure.is_some() { conclusion.but_failed() } else { conclusion };
    let mut head = session.record_head(conclusion, failure);
    head.warnings = result.warnings.iter().map(clean).collect();
    let (backup, comparison) = (restored.backup.as_ref(), restored.comparison.as_ref());
    let selection = options.tables.as_ref().map(|tables| &tables.selection);
    let is_sql = options.tables.as_ref().is_some_and(|tables| tables.to_sql.is_some());
    let rows_written = || restored.tables.iter().map(|table| table.rows).sum();
    RestoreRecord {
        head,
        restore_timestamp: session.started,
        way: match (is_sql, selection) {
            (true, _) => RestoreWay::Sql,
            (false, Some(_)) => RestoreWay::Tables,
            (false, None) => RestoreWay::Database,
        },
        backup_location: backup.map(|(location, ..)| location.clone()),
        backup_size_bytes: backup.map(|(_, bytes, _)| *bytes),
        backup_sha256: backup.map(|(_, _, sha256)| sha256.clone()),
        restored_into: clean(&restored.place),
        target: restored.target,
        replace: options.replace,
        tables: selection.iter().flat_map(|some| &some.tables).map(TableName::shown).collect(),
        into_schema: selection.and_then(|some| some.into.clone()),
        rows_found: match comparison {
            Some(comparison) => Some(comparison.tables.iter().filter_map(|table| table.rows_found).sum()),
            None => (is_sql && !restored.tables.is_empty()).then(rows_written),
        },
        verdict: comparison.map(|comparison| comparison.verdict().name()),
        left_out: (restored.left_out.len() + restored.notes.len()) as u64,
        findings: comparison
            .map(|comparison| comparison.findings())
            .unwrap_or_default()
            .iter()
            .map(clean)
            .collect(),
    }
}
