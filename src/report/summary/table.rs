//! The table of a summary, one row per sponsor, and what is too long for it. Pure.

use std::fmt::Write as _;

use bytesize::ByteSize;

use super::Subject;
use crate::report::SponsorResult;
use crate::report::lines::duration;
use crate::report::markdown::{cell, code};
use crate::verification::Outcome;

/// What a cell without a value shows. A column of nothing else is left out.
const NOTHING: &str = "–";
const ELSEWHERE: &str = "Locations and hashes are in the output `results`.\n\n";

/// A column: its title, whether it holds amounts, and its cell for a result.
type Column<'a> = (&'static str, bool, Box<dyn Fn(&SponsorResult) -> String + 'a>);

/// The table, failures first. Columns go, and at last rows, before it takes more than its room.
pub(super) fn of(subject: Subject, results: &[SponsorResult], room: usize) -> String {
    let rank = |result: &&SponsorResult| match result.outcome() {
        Outcome::Failure => 0,
        Outcome::Disabled => 1,
        Outcome::Success | Outcome::Planned => 2,
    };
    let mut ordered: Vec<&SponsorResult> = results.iter().collect();
    ordered.sort_by_key(rank);
    let (full, shown) =
        rows(&[short(subject), long(subject)].into_iter().flatten().collect::<Vec<_>>(), &ordered, room);
    if shown == ordered.len() { full } else { rows(&short(subject), &ordered, room).0 }
}

/// Whole locations, hashes and records, folded away.
pub(super) fn details(subject: Subject, results: &[SponsorResult], room: usize) -> String {
    let mut text = "\n<details><summary>Locations, hashes and records</summary>\n".to_owned();
    let mut is_empty = true;
    for result in results.iter().filter(|result| result.outcome() != Outcome::Disabled) {
        let location = if subject == Subject::Record { None } else { result.backup_location.as_ref() };
        let facts = [
            ("Backup", location),
            ("SHA-256", result.backup_sha256.as_ref()),
            ("Record", result.deployment_log.as_ref()),
        ];
        let facts: Vec<_> = facts.into_iter().filter_map(|(label, value)| Some((label, value?))).collect();
        if facts.is_empty() {
            continue;
        }
        is_empty = false;
        // Writing to a String cannot fail.
        write!(text, "\n**{}**\n\n", result.sponsor).ok();
        for (label, value) in facts {
            writeln!(text, "- {label}: {}", code(value)).ok();
        }
        if text.len() > room {
            return format!("\n{ELSEWHERE}");
        }
    }
    if is_empty { String::new() } else { text + "\n</details>\n" }
}

fn short<'a>(subject: Subject) -> Vec<Column<'a>> {
    let size = |bytes: Option<u64>| bytes.map_or_else(nothing, |bytes| ByteSize(bytes).to_string());
    let stored = move |result: &SponsorResult| {
        size(result.backup_size.filter(|_| result.outcome() != Outcome::Disabled))
    };
    vec![
        ("Sponsor", false, Box::new(|result| result.sponsor.clone())),
        ("Outcome", false, Box::new(move |result| outcome(subject, result))),
        ("Size", true, Box::new(stored)),
        ("Dump", true, Box::new(move |result| size(result.dump_size))),
        ("Duration", true, Box::new(|result| duration(result.duration_seconds))),
    ]
}

/// Of a location only the name, which holds its time.
fn long<'a>(subject: Subject) -> Vec<Column<'a>> {
    let file = move |result: &SponsorResult| {
        let location = subject.location(result).filter(|_| result.outcome() != Outcome::Disabled);
        location.and_then(|location| location.rsplit('/').next()).map_or_else(nothing, code)
    };
    let title = if matches!(subject, Subject::Record | Subject::Matrix) { "Record" } else { "Backup" };
    let lock = |result: &SponsorResult| result.locked_until.as_deref().map_or_else(nothing, cell);
    vec![(title, false, Box::new(file)), ("Locked until", false, Box::new(lock))]
}

/// The table, and how many rows went into it.
fn rows(columns: &[Column<'_>], results: &[&SponsorResult], room: usize) -> (String, usize) {
    const REST: usize = 120;
    let cells = |result: &&SponsorResult| -> Vec<String> {
        // What belongs together is not broken over lines.
        columns.iter().map(|(.., cell)| cell(result).replace(' ', "\u{a0}")).collect()
    };
    let all: Vec<Vec<String>> = results.iter().map(cells).collect();
    let is_kept = |at: &usize| all.iter().any(|row| row[*at] != NOTHING);
    let kept: Vec<usize> = (0..columns.len()).filter(is_kept).collect();
    let titles = kept.iter().map(|at| columns[*at].0).collect::<Vec<_>>().join(" | ");
    let rules: String = kept.iter().map(|at| if columns[*at].1 { "---:|" } else { "---|" }).collect();
    let mut text = format!("| {titles} |\n|{rules}\n");
    for (at, row) in all.iter().enumerate() {
        let row = kept.iter().map(|at| row[*at].as_str()).collect::<Vec<_>>().join(" | ");
        if text.len() + row.len() + REST > room {
            let left = results.len() - at;
            write!(text, "\n… and {left} more. The output `results` has them all.\n\n").ok();
            return (text, at);
        }
        writeln!(text, "| {row} |").ok();
    }
    text.push('\n');
    (text, results.len())
}

fn outcome(subject: Subject, result: &SponsorResult) -> String {
    let state = result.conclusion().state().filter(|state| state.is_notable());
    let state = state.map(|state| format!(" ({})", state.name().replace('-', " "))).unwrap_or_default();
    let sign = result.sign();
    match result.outcome() {
        Outcome::Success => {
            let words = cell(result.message.as_deref().unwrap_or(subject.done()));
            format!("{sign} {words}{state}")
        }
        Outcome::Disabled => format!("{sign} not enabled"),
        Outcome::Planned => format!("{sign} planned only"),
        Outcome::Failure if result.is_cancelled() => format!("{sign} cancelled{state}"),
        Outcome::Failure => format!("{sign} {} failed{state}", result.stage.unwrap_or("bug")),
    }
}

fn nothing() -> String {
    NOTHING.to_owned()
}
