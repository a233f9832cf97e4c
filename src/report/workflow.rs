//! GitHub's workflow commands (documentation, "Workflow commands for GitHub Actions"). Pure text.

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

/// Longer messages are cut by the runner.
const MESSAGE: usize = 4000;

/// `::error title=…::…`
#[must_use]
pub fn annotation(level: Level, title: &str, message: &str) -> String {
    let name = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    let message: String = message.chars().take(MESSAGE).collect();
    format!("::{name} title={}::{}", property(title), data(&message))
}

/// `::add-mask::…`
#[must_use]
pub fn mask(value: &str) -> String {
    format!("::add-mask::{}", data(value))
}

/// Opens and closes a fold of the log.
#[must_use]
pub fn group(title: &str, lines: &[String]) -> Vec<String> {
    let title = format!("::group::{}", data(title));
    std::iter::once(title)
        .chain(lines.iter().map(|line| inert(line)))
        .chain(["::endgroup::".to_owned()])
        .collect()
}

/// A text of which the runner will take no line for a command, whoever wrote its words.
#[must_use]
pub fn inert(text: &str) -> String {
    let line = |line: &str| {
        let is_command = line.trim_start().starts_with("::");
        let line = if is_command { format!("\u{200b}{line}") } else { line.to_owned() };
        line.replace("##[", "#\u{200b}#[").replace('\r', "")
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_break_out_of_their_command() {
        assert_eq!(
            annotation(Level::Error, "a: b, c", "100%\n::set-output name=x::y\r"),
            "::error title=a%3A b%2C c::100%25%0A::set-output name=x::y%0D"
        );
        assert_eq!(mask("p\nq"), "::add-mask::p%0Aq");
    }

    #[test]
    fn foreign_lines_are_inert() {
        for line in ["::error::x", "  ::stop-commands::x", "a ##[error]x"] {
            let inert = inert(line);
            assert!(!inert.trim_start().starts_with("::") && !inert.contains("##["), "{inert}");
        }
        assert_eq!(inert("plain :: text"), "plain :: text");
        assert_eq!(inert("table x\n::add-mask::{\nend"), "table x\n\u{200b}::add-mask::{\nend");
    }
}
