//! The value of each input: a flag wins over its variable, an empty variable is an unset one, then the default.

use std::time::Duration;

use clap::ArgMatches;

use super::inputs::{self, Command, Input};
use super::{UsageError, Variables, duration};
use crate::sponsors;

/// What was typed, for one command.
pub(super) struct Values<'a> {
    command: Command,
    flags: ArgMatches,
    variables: &'a Variables,
}

impl<'a> Values<'a> {
    pub(super) fn new(command: Command, flags: ArgMatches, variables: &'a Variables) -> Self {
        Self { command, flags, variables }
    }

    /// The value of an input, trimmed; `None` where it is empty or the command does not read it.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let input = inputs::of(self.command).find(|input| input.name == name)?;
        let present = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        let flag = self.flags.try_get_one::<String>(name).ok().flatten();
        flag.and_then(|value| present(value))
            .or_else(|| self.variable(input))
            .or_else(|| present(input.default))
    }

    pub(super) fn required(&self, name: &str) -> Result<String, UsageError> {
        self.text(name).ok_or_else(|| {
            let hint = format!("Set the input `{name}`, or the flag `--{name}`.");
            UsageError::new(format!("`{name}` is not set")).hint(hint)
        })
    }

    pub(super) fn boolean(&self, name: &'static str) -> Result<bool, UsageError> {
        let Some(text) = self.text(name) else { return Ok(false) };
        yaml_boolean(&text).ok_or_else(|| bad(name, format!("is `{text}`; it must be true or false")))
    }

    pub(super) fn number<T: std::str::FromStr + PartialOrd + From<u8>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, UsageError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse::<T>() {
            Ok(number) if number >= T::from(1) => Ok(Some(number)),
            _ => Err(bad(name, format!("is `{text}`; it must be a whole number from 1"))),
        }
    }

    pub(super) fn duration(&self, name: &'static str) -> Result<Duration, UsageError> {
        let text = self.required(name)?;
        duration::parse(&text)
            .ok_or_else(|| bad(name, format!("is `{text}`; write a duration such as 30s, 10m, 6h or 1d12h")))
    }

    pub(super) fn bytes(&self, name: &'static str) -> Result<u64, UsageError> {
        let text = self.required(name)?;
        let parsed = text.parse::<bytesize::ByteSize>();
        parsed
            .map(|size| size.as_u64())
            .map_err(|_| bad(name, format!("is `{text}`; write a size such as 96MiB")))
    }

    /// Words, separated by comma, white space or new line.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        sponsors::words(&self.text(name).unwrap_or_default()).map(str::to_owned).collect()
    }

    fn variable(&self, input: &Input) -> Option<String> {
        let value = self.variables.get(&inputs::variable(input.name))?.trim();
        Some(value.to_owned()).filter(|value| !value.is_empty())
    }
}

/// The spellings of YAML's core schema, as the runner's own toolkit takes them.
pub(super) fn yaml_boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// An input with a value that it cannot have.
pub(super) fn bad(name: &str, problem: impl std::fmt::Display) -> UsageError {
    UsageError::new(format!("`{name}` {problem}"))
}
