//! Text of others in Markdown: shown as it is, without effect as markup. Pure.

use std::fmt::Write as _;

use super::workflow::{is_obeyed, visible};

/// After it, no reader of Markdown, HTML or mentions goes on with what it believed to have found. It does not show.
const BREAK: char = '\u{200b}';

/// At most this many lines of a list.
const LINES: usize = 50;

/// Words in a cell of a table, an item of a list or a heading: one line of text, without markup.
pub(super) fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            '\n' | '\r' | '\t' => safe.push(' '),
            '|' | '`' | '*' | '[' | ']' | '\\' | '~' | '#' | '$' => safe.extend(['\\', character]),
            '-' | '+' | '>' if safe.is_empty() => safe.extend(['\\', character]),
            // A mention or an address, and bare links.
            '@' => safe.extend([character, BREAK]),
            ':' if characters.peek() == Some(&'/') => safe.extend([character, BREAK]),
            '.' if ends_with_www(&safe) => safe.extend([BREAK, character]),
            character if is_obeyed(character) => {}
            character => safe.push(character),
        }
    }
    safe
}

fn ends_with_www(text: &str) -> bool {
    text.len()
        .checked_sub(3)
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// Words as code in a cell of a table: one line, whatever backticks and bars are in it.
pub(super) fn code(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|character| if is_obeyed(character) || character == '\t' { ' ' } else { character })
        .collect::<String>()
        .replace('|', "\\|");
    if line.is_empty() {
        return line;
    }
    let fence = "`".repeat(longest_run(&line, '`') + 1);
    let room = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{room}{line}{room}{fence}")
}

/// A link. An address that could end it is shown as it is.
pub(super) fn link(text: &str, url: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/%?=&".contains(&byte);
    if url.starts_with("http") && url.bytes().all(is_plain) {
        format!("[{}]({url})", cell(text))
    } else {
        format!("{}: {}", cell(text), code(url))
    }
}

/// Several lines as code.
pub(super) fn block(text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
    format!("{fence}text\n{text}\n{fence}")
}

/// The same with code spans: what is between backticks is shown as code. An odd backtick is text.
pub(super) fn spans(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return cell(text);
    }
    // An empty part of code has no span, and would leave two backticks that open one.
    let shown = parts.iter().enumerate().map(|(at, part)| if at % 2 == 0 { cell(part) } else { code(part) });
    shown.collect()
}

/// Our own words with foreign names among them: our marks stay, theirs do nothing.
pub(super) fn sentence(text: &str) -> String {
    let mut safe = visible(&text.replace(['\n', '\r'], " "));
    for mark in ["<", "](", "@", "://"] {
        let (first, rest) = mark.split_at(1);
        safe = safe.replace(mark, &format!("{first}{BREAK}{rest}"));
    }
    safe
}

fn longest_run(text: &str, wanted: char) -> usize {
    let step = |(longest, run): (usize, usize), character| {
        let run = if character == wanted { run + 1 } else { 0 };
        (longest.max(run), run)
    };
    text.chars().fold((0, 0), step).0
}

/// A list under a title; nothing if it is empty.
pub(super) fn list(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    writeln!(text, "\n**{title}**\n").ok();
    for line in lines.iter().take(LINES) {
        writeln!(text, "- {}", spans(line)).ok();
    }
    if lines.len() > LINES {
        writeln!(text, "- … and {} more", lines.len() - LINES).ok();
    }
}

#[cfg(test)]
mod tests;
