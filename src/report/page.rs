//! A report as one HTML page: no script, no font, no request, and nothing to click that needs a right. Pure.
//!
//! `maud` escapes every text. [`PreEscaped`] is used for our own style sheet alone.

mod charts;
mod sponsor;

use bytesize::ByteSize;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::digest::{Digest, SponsorDigest, percent};
use super::lines::count;
use super::workflow::visible;

/// The page may use its own style sheet and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("page/style.css");

/// Rows of all time lines, and commands of all sponsors, at most: a page of four hundred sponsors must stay one that opens.
const ROWS: usize = 2_000;

/// How many rows each sponsor has.
fn rows_each(digest: &Digest) -> usize {
    (ROWS / digest.sponsors.len().max(1)).clamp(5, 100)
}

/// The page.
#[must_use]
pub fn render(digest: &Digest) -> String {
    let title = format!("Backups of {}", digest.environment);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p.headline { (digest.headline()) }
                    p {
                        "Made " (time(digest.generated_at)) " by sponsor-backup " (digest.tool_version)
                        ", for " (time(digest.since)) " to " (time(digest.until)) ". "
                        "This page does not change: for the state of today, make a new one."
                    }
                }
                main {
                    (exceptions(digest))
                    (overview(digest))
                    (deployments(digest))
                    @for one in &digest.sponsors { (sponsor::section(digest, one)) }
                }
            }
        }
    };
    visible(&page.into_string())
}

/// A time for people and programs.
fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%Y-%m-%d %H:%M")) " UTC" } }
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "–".to_owned(), |bytes| ByteSize(bytes).to_string())
}

/// The place of a sponsor's section. Names have only a-z, 0-9 and `-`.
fn link(one: &SponsorDigest) -> Markup {
    html! { a href=(format!("#{}", one.sponsor)) { (one.sponsor) } }
}

fn state(one: &SponsorDigest) -> Markup {
    let class = if one.exceptions.is_empty() { "ok" } else { "attention" };
    html! { span.state.(class) { span aria-hidden="true" { (one.state.sign()) } " " (one.state.name()) } }
}

fn exceptions(digest: &Digest) -> Markup {
    html! {
        section {
            h2 { "Needs attention" }
            @if digest.total.sponsors_with_exceptions == 0 {
                p { "Nothing. Ages without a limit are not judged." }
            } @else {
                ul.exceptions {
                    @for one in &digest.sponsors {
                        @for exception in &one.exceptions {
                            li { (link(one)) ": " (exception.message) }
                        }
                    }
                }
            }
        }
    }
}

fn overview(digest: &Digest) -> Markup {
    html! {
        section {
            h2 { "Sponsors" }
            div.scroll tabindex="0" role="region" aria-label="Table of all sponsors" {
                table {
                    caption { (count(digest.total.sponsors, "sponsor")) ", those with exceptions first" }
                    thead { tr {
                        @for title in ["Sponsor", "State", "Newest backup", "Age", "Size", "Sizes", "Runs", "Last passed drill", "Stored"] {
                            th scope="col" { (title) }
                        }
                    } }
                    tbody { @for one in &digest.sponsors { (row(one)) } }
                }
            }
        }
    }
}

fn row(one: &SponsorDigest) -> Markup {
    let newest = one.newest_backup.as_ref();
    html! {
        tr {
            th scope="row" { (link(one)) }
            td { (state(one)) }
            td { @match newest { Some(newest) => (time(newest.timestamp)), None => (one.never()) } }
            td.number { (one.age()) }
            td.number { (size(newest.and_then(|newest| newest.size_bytes))) }
            td.picture { (charts::sizes(one)) @if let Some(change) = one.size_change_percent { " " (percent(change)) } }
            td.number { (one.runs()) }
            td { @match one.last_passed_drill { Some(at) => (time(at)), None => (one.never()) } }
            td.number { (size(one.storage_bytes)) }
        }
    }
}

fn deployments(digest: &Digest) -> Markup {
    html! {
        @if let Some(line) = digest.deployments_line() {
            section {
                h2 { "Deployments" }
                p.first { (line) "." }
                @for one in digest.sponsors.iter().filter(|one| !one.deployments.without_proven_backup.is_empty()) {
                    p {
                        (link(one)) ", not proven by a drill: "
                        @for (at, deployment) in one.deployments.without_proven_backup.iter().enumerate() {
                            @if at > 0 { ", " }
                            (deployment.name())
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
