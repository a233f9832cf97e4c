//! The value of each input: its flag, else its variable, else its default. An empty variable counts as unset, and so does an
//! empty flag, unless it is a boolean.

use std::cell::RefCell;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::Variables;
use super::inputs::{self, Command, Handle, Input, Visitor};
use super::kinds::FromInput;
use super::usage::UsageError;

/// The inputs of one command, as they were set.
pub(super) struct Values<'a> {
    command: Command,
    flags: ArgMatches,
    variables: &'a Variables,
    problems: RefCell<Vec<UsageError>>,
}

/// Collects what is malformed.
struct Malformed<'v, 'a> {
    values: &'v Values<'a>,
    found: Vec<UsageError>,
}

impl Visitor for Malformed<'_, '_> {
    fn input<T: FromInput>(&mut self, handle: Handle<T>) {
        let empty = self.values.empty_boolean(&handle.input);
        self.found.extend(empty.or_else(|| self.values.optional(handle).err()));
    }
}

impl<'a> Values<'a> {
    pub(super) fn new(command: Command, flags: ArgMatches, variables: &'a Variables) -> Self {
        Self { command, flags, variables, problems: RefCell::default() }
    }

    /// The inputs of the command whose values are nothing of their kind, each as an error.
    pub(super) fn malformed(&self) -> Vec<UsageError> {
        let mut malformed = Malformed { values: self, found: Vec::new() };
        inputs::visit(&mut malformed);
        malformed.found
    }

    /// Notes what is wrong, so that the reader goes on and finds the rest. The command line is refused at its end.
    pub(super) fn refuse(&self, problem: UsageError) {
        self.problems.borrow_mut().push(problem);
    }

    /// The same result. An error is noted, see [`Self::refuse`].
    pub(super) fn noted<T>(&self, result: Result<T, UsageError>) -> Result<T, UsageError> {
        result.inspect_err(|problem| self.refuse(problem.clone()))
    }

    /// Everything that was noted.
    pub(super) fn problems(&self) -> Vec<UsageError> {
        self.problems.borrow().clone()
    }

    /// The value of an input. `None` if it is empty or the command does not read it.
    pub(super) fn optional<T: FromInput>(&self, handle: Handle<T>) -> Result<Option<T>, UsageError> {
        let Some(text) = self.text(&handle) else { return Ok(None) };
        let value = T::from_input(&text);
        value.map(Some).ok_or_else(|| bad_value(handle, &text, T::EXPECTED).hint(T::HINT))
    }

    pub(super) fn required<T: FromInput>(&self, handle: Handle<T>) -> Result<T, UsageError> {
        let name = handle.input.name;
        let value = self.optional(handle)?.ok_or_else(|| {
            let hint = format!("Set the input `{name}`, on a terminal with `--{name}`.");
            UsageError::new(format!("`{name}` is not set")).hint(hint)
        });
        self.noted(value)
    }

    /// An empty flag is an error, such as `--dry-run="$UNSET"`: without it, a restore that was meant to be a plan would run.
    pub(super) fn boolean(&self, handle: Handle<bool>) -> Result<bool, UsageError> {
        match self.empty_boolean(&handle.input) {
            Some(problem) => Err(problem),
            None => Ok(self.optional(handle)?.unwrap_or_default()),
        }
    }

    fn empty_boolean(&self, input: &Input) -> Option<UsageError> {
        let flag = self.flags.try_get_one::<String>(input.name).ok().flatten();
        let is_empty = input.boolean && flag.is_some_and(|value| value.trim().is_empty());
        is_empty
            .then(|| UsageError::new(format!("`{}` is empty, not a boolean", input.name)).hint(bool::HINT))
    }

    /// Another variable than those of the inputs, trimmed. `None` if it is empty.
    pub(super) fn variable(&self, name: &str) -> Option<&'a str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The command that reads them.
    pub(super) fn command(&self) -> Command {
        self.command
    }

    /// Whether an input without a default was set as one, and not by the other variable that can set it.
    pub(super) fn is_input<T>(&self, handle: &Handle<T>) -> bool {
        self.input_text(&handle.input).is_some()
    }

    pub(super) fn variables(&self) -> &'a Variables {
        self.variables
    }

    /// What was set, trimmed.
    fn text<T>(&self, handle: &Handle<T>) -> Option<String> {
        let input = &handle.input;
        let is_read = input.commands.contains(&self.command);
        let other = || is_read.then(|| self.variable(input.variable)).flatten();
        let default = Some(input.default).filter(|default| is_read && !default.is_empty());
        self.input_text(input).or_else(other).or(default).map(str::to_owned)
    }

    /// The text of a flag, or else of its `INPUT_*` variable. `None` if the command does not read it.
    fn input_text(&self, input: &Input) -> Option<&str> {
        if !input.commands.contains(&self.command) {
            return None;
        }
        // The default is clap's value, too, but a variable comes before it.
        let is_typed = self.flags.value_source(input.name) == Some(ValueSource::CommandLine);
        let flag = self.flags.try_get_one::<String>(input.name).ok().flatten().filter(|_| is_typed);
        let word = self.flags.try_get_one::<String>(&inputs::word(input.name)).ok().flatten();
        let typed = flag.or(word).map(|value| value.trim()).filter(|value| !value.is_empty());
        typed.or_else(|| self.variable(&inputs::variable(input.name)))
    }
}

/// An input whose value has something wrong with it.
pub(super) fn bad<T>(handle: Handle<T>, problem: impl std::fmt::Display) -> UsageError {
    UsageError::new(format!("`{}` {problem}", handle.input.name))
}

/// An input with a value that it cannot have. Repeats the value: not for secrets.
pub(super) fn bad_value<T>(handle: Handle<T>, value: &str, expected: &str) -> UsageError {
    bad(handle, format!("is `{value}`, not {expected}"))
}
