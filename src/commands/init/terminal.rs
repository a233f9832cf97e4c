//! Questions on a terminal. Each answer is a line of standard input. A signal interrupts the wait for it.

use std::io::IsTerminal as _;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::cli::UsageError;
use crate::failure::Failure;
use crate::report::sink::Sink;

/// A person who reads standard error and types into standard input.
#[derive(Clone, Copy)]
pub(super) struct Terminal<'a> {
    sink: &'a Sink,
}

impl<'a> Terminal<'a> {
    /// `None` if one of the two streams is not a terminal.
    pub(super) fn of(sink: &'a Sink) -> Option<Self> {
        (sink.is_terminal() && std::io::stdin().is_terminal()).then_some(Self { sink })
    }

    /// Asks until `accept` takes the answer. Its error is shown. An empty answer means the suggestion.
    pub(super) async fn ask<T>(
        self,
        question: &str,
        suggestion: Option<&str>,
        accept: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let shown = suggestion.map(|suggestion| format!(" [{suggestion}]")).unwrap_or_default();
        loop {
            self.sink.ask(&format!("{question}{shown}: "));
            let line = line().await?;
            let typed = Some(line.trim()).filter(|typed| !typed.is_empty());
            match typed.or(suggestion).map(&accept) {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(problem)) => self.sink.line(&problem),
                None => {}
            }
        }
    }

    /// The same for a secret, which the terminal does not show.
    pub(super) async fn ask_for_secret<T>(
        self,
        question: &str,
        accept: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        // Dropped with this future, so that the terminal echoes again after a signal too.
        let _hidden = HiddenInput::begin().map_err(unreadable)?;
        self.ask(question, None, accept).await
    }

    /// A question to which Enter means yes.
    pub(super) async fn confirm(self, question: &str) -> Result<bool, Failure> {
        let accept = |text: &str| match text.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("Write `y` or `n`.".to_owned()),
        };
        self.ask(&format!("{question} (y/n)"), Some("y"), accept).await
    }
}

/// The next line. Its thread is not waited for if the run ends first.
async fn line() -> Result<String, UsageError> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|bytes| (bytes > 0).then_some(line))
    });
    let line = read.await.map_err(std::io::Error::other).flatten().map_err(unreadable)?;
    line.ok_or_else(|| {
        UsageError::new("the input ended before every question was answered")
            .hint("Answer the questions, or set flags and DATABASE_URL instead.")
    })
}

fn unreadable(error: std::io::Error) -> UsageError {
    UsageError::new(format!("cannot read from the terminal: {error}"))
        .hint("Set the flags and DATABASE_URL instead.")
}

/// A terminal that does not show what is typed, except for the line's end. Shows it again when dropped.
struct HiddenInput {
    before: Termios,
}

impl HiddenInput {
    fn begin() -> std::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(std::io::stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        // A terminal that is gone has no echo to restore.
        tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before).ok();
    }
}
