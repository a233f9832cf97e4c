//! The value of each input: its flag, else its variable, else its default. An empty variable counts as unset, and so does an
//! empty flag that is no boolean.

use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::inputs::{self, Command, Input};
use super::{UsageError, Variables, duration};
use crate::sponsors;

/// The inputs of one command, as they were set.
pub(super) struct Values<'a> {
    command: Command,
    flags: ArgMatches,
    variables: &'a Variables,
}

impl<'a> Values<'a> {
    pub(super) fn new(command: Command, flags: ArgMatches, variables: &'a Variables) -> Self {
        Self { command, flags, variables }
    }

    /// The value of an input, trimmed. `None` if it is empty or the command does not read it.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let input = inputs::of(self.command).find(|input| input.name == name)?;
        let present = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        let is_typed = self.flags.value_source(name) == Some(ValueSource::CommandLine);
        let flag = self.flags.try_get_one::<String>(name).ok().flatten().filter(|_| is_typed);
        flag.and_then(|value| present(value))
            .or_else(|| self.variable(input))
            .or_else(|| present(input.default))
    }

    pub(super) fn required(&self, name: &str) -> Result<String, UsageError> {
        self.text(name).ok_or_else(|| {
            let hint = format!("Set the input `{name}`, on a terminal with `--{name}`.");
            UsageError::new(format!("`{name}` is not set")).hint(hint)
        })
    }

    /// An empty flag is an error, such as `--dry-run="$UNSET"`: without it, a restore that was meant to be a plan would run.
    pub(super) fn boolean(&self, name: &'static str) -> Result<bool, UsageError> {
        let flag = self.flags.try_get_one::<String>(name).ok().flatten();
        if flag.is_some_and(|value| value.trim().is_empty()) {
            return Err(bad(name, "is empty, not a boolean").hint("Write `true` or `false`."));
        }
        let Some(text) = self.text(name) else { return Ok(false) };
        yaml_boolean(&text)
            .ok_or_else(|| bad_value(name, &text, "a boolean").hint("Write `true` or `false`."))
    }

    pub(super) fn number<T: std::str::FromStr + PartialOrd + From<u8>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, UsageError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse::<T>() {
            Ok(number) if number >= T::from(1) => Ok(Some(number)),
            _ => Err(bad_value(name, &text, "a positive number").hint("Write a whole number from 1.")),
        }
    }

    pub(super) fn duration(&self, name: &'static str) -> Result<Duration, UsageError> {
        let text = self.required(name)?;
        let hint = "Write a duration such as `30s`, `10m`, `6h` or `1d12h`.";
        duration::parse(&text).ok_or_else(|| bad_value(name, &text, "a duration").hint(hint))
    }

    pub(super) fn bytes(&self, name: &'static str) -> Result<u64, UsageError> {
        let text = self.required(name)?;
        let parsed = text.parse::<bytesize::ByteSize>();
        parsed
            .map(|size| size.as_u64())
            .map_err(|_| bad_value(name, &text, "a size").hint("Write a size such as `96MiB`."))
    }

    /// Names or patterns, separated by commas or whitespace.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        sponsors::words(&self.text(name).unwrap_or_default()).map(str::to_owned).collect()
    }

    fn variable(&self, input: &Input) -> Option<String> {
        let value = self.variables.get(&inputs::variable(input.name))?.trim();
        Some(value.to_owned()).filter(|value| !value.is_empty())
    }
}

/// A boolean in YAML's core schema, as GitHub's own toolkit reads it.
pub(super) fn yaml_boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Whether a text is a boolean, or meant as one.
pub(super) fn is_like_a_boolean(text: &str) -> bool {
    const ATTEMPTS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "y", "n", "1", "0"];
    ATTEMPTS.iter().any(|attempt| text.eq_ignore_ascii_case(attempt))
}

/// An input whose value has something wrong with it.
pub(super) fn bad(name: &str, problem: impl std::fmt::Display) -> UsageError {
    UsageError::new(format!("`{name}` {problem}"))
}

/// An input with a value that it cannot have. Repeats the value: not for secrets.
pub(super) fn bad_value(name: &str, value: &str, expected: &str) -> UsageError {
    bad(name, format!("is `{value}`, not {expected}"))
}
