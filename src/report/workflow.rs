//! GitHub's workflow commands (documentation, "Workflow commands for GitHub Actions"). Pure text.

use super::SponsorResult;
use crate::verification::Outcome;

/// The kinds of annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Red.
    Error,
    /// Yellow.
    Warning,
    /// Blue.
    Notice,
}

/// Of each kind. The runner drops the others, so the important ones come first, and the last one counts them.
const SHOWN: usize = 10;
/// Longer messages are cut by the runner.
const MESSAGE: usize = 4000;

/// A message on a run's page, next to its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Its kind.
    pub level: Level,
    /// In bold.
    pub title: String,
    /// The words; those of others may be among them.
    pub message: String,
}

impl Annotation {
    /// `::error title=…::…`
    #[must_use]
    pub fn command(&self) -> String {
        let name = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        let message: String = self.message.chars().take(MESSAGE).collect();
        format!("::{name} title={}::{}", property(&self.title), data(&message))
    }
}

/// An annotation.
#[must_use]
pub fn annotation(level: Level, title: &str, message: &str) -> Annotation {
    Annotation { level, title: title.to_owned(), message: message.to_owned() }
}

/// `::add-mask::…`
#[must_use]
pub fn mask(value: &str) -> String {
    format!("::add-mask::{}", data(value))
}

/// Opens and closes a fold of the log.
#[must_use]
pub fn group(title: &str, lines: &[String]) -> Vec<String> {
    let title = format!("::group::{}", data(&inert(title)));
    std::iter::once(title)
        .chain(lines.iter().map(|line| inert(line)))
        .chain(["::endgroup::".to_owned()])
        .collect()
}

/// A text that neither a runner nor a terminal obeys, whatever others wrote into it.
#[must_use]
pub fn inert(text: &str) -> String {
    let line = |line: &str| {
        // What a terminal obeys goes: with a carriage return words could overwrite others, or begin a line of their own.
        let seen: String = line.chars().filter(|character| !is_obeyed(*character)).collect();
        let is_command = seen.trim_start().starts_with("::");
        let seen = if is_command { format!("\u{200b}{seen}") } else { seen };
        seen.replace("##[", "#\u{200b}#[")
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A text without what a terminal obeys, except for line breaks.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars().filter(|character| *character == '\n' || !is_obeyed(*character)).collect()
}

/// Control characters, and those that turn the direction of writing.
pub(super) fn is_obeyed(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// One error per failed sponsor, and one warning per disabled one and per odd thing, ten of each at most.
#[must_use]
pub fn annotations_of(results: &[SponsorResult]) -> Vec<Annotation> {
    let failed = results.iter().filter(|result| result.outcome() == Outcome::Failure).map(|result| {
        let stage = result.stage.unwrap_or("bug");
        let message = result.message.as_deref().unwrap_or_default();
        let hint = result.hint.as_deref().map(|hint| format!("\n{hint}")).unwrap_or_default();
        (format!("{}: {stage} failed", result.sponsor), format!("{message}{hint}"))
    });
    let disabled = results.iter().filter(|result| result.outcome() == Outcome::Disabled).map(|result| {
        let why = result.message.as_deref().unwrap_or_default();
        (format!("{}: no backup", result.sponsor), format!("S3 backup archival is not enabled: {why}"))
    });
    let odd = results.iter().flat_map(|result| {
        result.warnings.iter().map(|warning| (format!("{}: warning", result.sponsor), warning.clone()))
    });
    let mut shown =
        limited(Level::Error, failed.collect(), "more sponsors failed, all listed in the summary");
    shown.extend(limited(
        Level::Warning,
        disabled.chain(odd).collect(),
        "more warnings, all listed in the summary",
    ));
    shown
}

fn limited(level: Level, all: Vec<(String, String)>, rest: &str) -> Vec<Annotation> {
    let keep = if all.len() > SHOWN { SHOWN - 1 } else { all.len() };
    let more = all.len() - keep;
    let mut shown: Vec<Annotation> =
        all.iter().take(keep).map(|(title, message)| annotation(level, title, message)).collect();
    if more > 0 {
        shown.push(annotation(level, &format!("{more} {rest}"), &format!("{more} {rest}.")));
    }
    shown
}

#[cfg(test)]
mod tests;
