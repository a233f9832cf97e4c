//! A message for an incoming webhook of Slack, in Block Kit: <https://docs.slack.dev/block-kit>. One for each run. Pure.
//!
//! Slack refuses a section of more than 3,000 characters, and in practice a message of about 13,000. Foreign text is shown as
//! text: it can neither format the message nor mention people.

use serde_json::{Value, json};

use super::super::workflow::is_obeyed;
use super::Notification;
use crate::record::RecordedOutcome;

/// Sponsors with a line of their own.
const SHOWN: usize = 20;
/// Characters of all these lines together, and of each.
const LINES: usize = 3_600;
const LINE: usize = 1_000;
/// Characters of a section.
const SECTION: usize = 2_900;
const NAME: usize = 64;
const NAMES: usize = 500;
const URL: usize = 300;
const REASON: usize = 300;

/// The message.
#[must_use]
pub fn message(notification: &Notification) -> String {
    let sign = match notification.outcome {
        RecordedOutcome::Success if notification.is_notable() => "⚠️",
        RecordedOutcome::Success => "✅",
        RecordedOutcome::Failure => "❌",
        RecordedOutcome::Disabled | RecordedOutcome::Cancelled | RecordedOutcome::Skipped => "⚠️",
    };
    let header = format!("{sign} {}", notification.headline());
    let lines = lines(notification);
    let link = notification.run_url.as_deref().map(link);
    let text: Vec<String> =
        [header.clone()].into_iter().chain(lines.iter().cloned()).chain(link.clone()).collect();
    let head = json!({"type": "header", "text": {"type": "plain_text", "text": header}});
    let sections = sections(&lines).into_iter().map(|text| json!({"type": "section", "text": mrkdwn(&text)}));
    let about = mrkdwn(&about(notification, link));
    let foot = json!({"type": "context", "elements": [about]});
    let blocks: Vec<Value> = [head].into_iter().chain(sections).chain([foot]).collect();
    json!({"text": text.join("\n"), "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
        .to_string()
}

/// Without `verbatim`, Slack would make links and mentions of foreign words.
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// What failed, and who recovered.
fn lines(notification: &Notification) -> Vec<String> {
    let failed: Vec<_> = notification.failed().collect();
    let room = (LINES / failed.len().clamp(1, SHOWN)).min(LINE);
    let mut lines: Vec<String> = Vec::new();
    if let Some(message) = &notification.message {
        let stage = notification.stage.as_deref().unwrap_or_default();
        lines.push(format!("*{}*: {}", neutral(stage, NAME), neutral(message, LINE)));
    }
    for part in failed.iter().take(SHOWN) {
        let stage = part.stage.as_ref().map(|stage| format!(" ({})", neutral(stage, NAME)));
        let head = format!("*{}*{}: ", neutral(&part.sponsor, NAME), stage.unwrap_or_default());
        let message = part.message.as_deref().unwrap_or_else(|| part.outcome.name());
        lines.push(format!("{head}{}", neutral(message, room.saturating_sub(head.chars().count()))));
    }
    if failed.len() > SHOWN {
        lines.push(format!("… and {} more", failed.len() - SHOWN));
    }
    let recovered: Vec<&str> = notification
        .sponsors
        .iter()
        .filter(|part| part.recovered)
        .map(|part| part.sponsor.as_str())
        .collect();
    if !recovered.is_empty() {
        let more = recovered.len().saturating_sub(SHOWN);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let names = recovered.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        lines.push(format!("Recovered: {}{more}", neutral(&names, NAMES)));
    }
    lines
}

/// The lines in as few sections as can hold them.
fn sections(lines: &[String]) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in lines {
        match sections.last_mut() {
            Some(last) if last.chars().count() + line.chars().count() < SECTION => {
                last.push('\n');
                last.push_str(line);
            }
            _ => sections.push(line.clone()),
        }
    }
    sections
}

/// Run, version, person, reason.
fn about(notification: &Notification, link: Option<String>) -> String {
    let with = |label: &str, text: &Option<String>, room: usize| {
        text.as_ref().map(|text| format!("{label}{}", neutral(text, room)))
    };
    let facts = [
        link,
        with("version ", &notification.version, NAME),
        with("by ", &notification.actor, NAME),
        with("", &notification.reason, REASON),
        Some(format!("sponsor-backup {}", notification.tool_version)),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// A link to the run. An address that could end it is shown as it is.
fn link(url: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/%?=".contains(&byte);
    let is_short = url.len() <= URL;
    if url.starts_with("https://") && is_short && url.bytes().all(is_plain) {
        format!("<{url}|run>")
    } else {
        neutral(url, URL)
    }
}

/// Foreign text on one line and without effect, in at most `room` characters of JSON.
fn neutral(text: &str, room: usize) -> String {
    let mut safe = String::new();
    let (mut used, mut before) = (0, None::<char>);
    let mut characters = text.chars().filter(|one| one.is_whitespace() || !is_obeyed(*one)).peekable();
    while let Some(character) = characters.next() {
        let mut own = [0; 4];
        let piece = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            // No invisible character keeps Slack from seeing marks, so marks become letters that look like them.
            '*' => "∗",
            '~' => "∼",
            '`' => "ˋ",
            '_' if !is_inside(before, characters.peek()) => "＿",
            one if one.is_whitespace() => " ",
            one => one.encode_utf8(&mut own),
        };
        let takes: usize = piece.chars().map(|one| if ['"', '\\'].contains(&one) { 2 } else { 1 }).sum();
        if used + takes >= room {
            safe.push('…');
            break;
        }
        safe.push_str(piece);
        used += takes;
        before = Some(character);
    }
    safe
}

/// Whether an underscore is part of a word, like that of `pg_dump`, where Slack does not see a mark.
fn is_inside(before: Option<char>, after: Option<&char>) -> bool {
    before.is_some_and(char::is_alphanumeric) && after.copied().is_some_and(char::is_alphanumeric)
}
