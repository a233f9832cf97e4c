//! The section of one sponsor: numbers, days, what happened, and how to restore each backup.

use std::time::Duration;

use maud::{Markup, html};

use super::{charts, rows_each, size, state, time};
use crate::layout::key::SECOND;
use crate::report::digest::{Digest, NewestBackup, NewestDrill, SponsorDigest};
use crate::report::history::HistoryEvent;
use crate::report::lines::{count, number};
use crate::verification::limits::words;

pub(super) fn section(digest: &Digest, one: &SponsorDigest) -> Markup {
    html! {
        section id=(one.sponsor) {
            h2 { (one.sponsor) " " (state(one)) }
            @if !one.exceptions.is_empty() {
                ul.exceptions { @for exception in &one.exceptions { li { (exception.message) } } }
            }
            dl {
                @if let Some(newest) = &one.newest_backup { (newest_backup(digest, newest)) }
                (fact("Runs that succeeded", one.runs()))
                @if let Some(drill) = &one.newest_drill { (newest_drill(drill)) }
                @if let Some(at) = one.last_verification { (fact("Last verification", time(at))) }
                (fact("Stored", size(one.storage_bytes)))
            }
            (charts::days(one))
            (time_line(digest, one))
            (restore(digest, one))
        }
    }
}

fn fact(name: &str, value: impl maud::Render) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn span(seconds: u64) -> String {
    words(Duration::from_secs(seconds))
}

/// `4h 2m, limit 8h`
fn limited(seconds: Option<u64>, limit: Option<u64>) -> Option<String> {
    let limit = limit.map(|limit| format!(", limit {}", span(limit))).unwrap_or_default();
    seconds.map(|seconds| span(seconds) + &limit)
}

fn newest_backup(digest: &Digest, newest: &NewestBackup) -> Markup {
    let age = limited(Some(newest.age_seconds), digest.limits.max_backup_age_seconds).unwrap_or_default();
    html! {
        (fact("Newest backup", html! { (time(newest.timestamp)) @if newest.partial == Some(true) { ", partial" } }))
        (fact("Age", age))
        (fact("Size", size(newest.size_bytes)))
        @if let Some(rows) = newest.rows { (fact("Rows", number(rows))) }
        @if let Some(version) = &newest.version { (fact("Before version", version)) }
        @if let Some(until) = newest.locked_until { (fact("Locked until", time(until))) }
        @if let Some(until) = newest.retained_until { (fact("Retained until", time(until))) }
    }
}

fn newest_drill(drill: &NewestDrill) -> Markup {
    html! {
        (fact("Newest drill", html! { (time(drill.timestamp)) ", " (drill.outcome.unwrap_or("outcome unknown")) }))
        @if let Some(rpo) = limited(drill.rpo_seconds, drill.max_rpo_seconds) { (fact("RPO", rpo)) }
        @if let Some(rto) = limited(drill.rto_seconds, drill.max_rto_seconds) { (fact("RTO", rto)) }
    }
}

fn time_line(digest: &Digest, one: &SponsorDigest) -> Markup {
    let more = one.events.len().saturating_sub(rows_each(digest));
    html! {
        @if !one.events.is_empty() {
            details {
                summary { "Time line: " (count(one.events.len(), "event")) }
                div.scroll tabindex="0" role="region" aria-label=(format!("Time line of {}", one.sponsor)) {
                    table {
                        caption { "The newest first" }
                        thead { tr {
                            @for title in ["Time", "Event", "Outcome", "Version", "By", "Details"] { th scope="col" { (title) } }
                        } }
                        tbody { @for event in one.events.iter().take(rows_each(digest)) { (event_row(event)) } }
                    }
                }
                @if more > 0 {
                    p { "… and " (number(more as u64)) " more:" }
                    (command(digest, one, "history", "--all"))
                }
            }
        }
    }
}

fn event_row(event: &HistoryEvent) -> Markup {
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    // Another scheme could run a script.
    let run = event.github_run_url.as_deref().filter(|url| url.starts_with("https://"));
    html! {
        tr {
            td { (time(event.timestamp)) }
            td {
                @match run {
                    Some(url) => a href=(url) { (event.event.name()) },
                    None => (event.event.name()),
                }
            }
            td { (event.outcome.unwrap_or("–")) }
            td { (dash(&event.version)) }
            td { (dash(&event.actor)) }
            td { (event.details()) }
        }
    }
}

fn restore(digest: &Digest, one: &SponsorDigest) -> Markup {
    let more = one.stored.len().saturating_sub(rows_each(digest));
    html! {
        @if !one.stored.is_empty() {
            details {
                summary { "Restore: " (one.stored_words()) }
                p { "Each command asks for a database in " code { "TARGET_DATABASE_URL" } " and checks the backup before it loads it. To see first what it would do, add " code { "--dry-run" } "." }
                @for backup in one.stored.iter().take(rows_each(digest)) {
                    p { (time(backup.timestamp)) ", " (size(Some(backup.size_bytes))) }
                    (command(digest, one, "restore", &format!("--backup {}", backup.timestamp.strftime(SECOND))))
                }
                @if more > 0 {
                    p { "… and " (number(more as u64)) " older ones:" }
                    (command(digest, one, "list", "--all"))
                }
            }
        }
    }
}

fn command(digest: &Digest, one: &SponsorDigest, command: &str, more: &str) -> Markup {
    let (environment, sponsor) = (&digest.environment, &one.sponsor);
    html! {
        pre tabindex="0" {
            code { "sponsor-backup " (command) " --environment " (environment) " --sponsors " (sponsor) (digest.local_flags) " " (more) }
        }
    }
}
