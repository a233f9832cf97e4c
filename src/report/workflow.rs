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

/// Control characters, and those that turn the direction of writing.
fn is_obeyed(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_line_of_a_foreign_text_is_a_command(
            text in "(\\PC|[ \t\n\r\u{1b}\u{85}:#]|::error::|##\\[group\\]|::stop-commands::){0,30}",
        ) {
            let inert = inert(&text);
            prop_assert!(!inert.contains(['\r', '\u{1b}']) && !inert.contains("##["), "{inert:?}");
            // The runner breaks lines at each of these.
            for line in inert.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
                prop_assert!(!line.trim_start().starts_with("::"), "{line:?}");
            }
        }

        #[test]
        fn an_annotation_is_one_line_with_one_command(title in "(\\PC|[:,%\n\r]){0,30}", message in "(\\PC|[:%\n\r]){0,30}") {
            let command = annotation(Level::Error, &title, &message).command();
            prop_assert!(!command.contains(['\n', '\r']));
            let (head, data) = command.strip_prefix("::error title=").unwrap().split_once("::").unwrap();
            prop_assert!(!head.contains([':', ',']));
            let unescaped = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
            prop_assert_eq!(unescaped, message);
        }
    }

    #[test]
    fn texts_cannot_break_out_of_their_command() {
        assert_eq!(
            annotation(Level::Error, "a: b, c", "100%\n::set-output name=x::y\r").command(),
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
