//! Turns flags and `INPUT_*` variables into an [`CommandOptions`]. Pure: the environment comes in as a value.

pub mod duration;
pub mod inputs;
pub mod order;

mod command;
mod definition;
mod packaging;
mod usage;
mod values;

pub use order::CommandOptions;

use std::collections::BTreeMap;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use inputs::{COMMAND, Command, INPUTS};
use values::{Values, is_like_a_boolean};

/// What a command line asks for.
#[derive(Debug)]
pub enum Request {
    /// A command.
    CommandOptions {
        /// What to do.
        order: Box<CommandOptions>,
        /// Whether a terminal prints the outputs.
        outputs: bool,
    },
    /// A text to show, `--help` for example.
    Text(String),
    /// Nothing. Holds the help to show instead.
    Nothing(String),
}

/// An invalid command line, input or combination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong, a fragment that names the input.
    pub message: String,
    /// What the reader can do, a sentence.
    pub hint: Option<String>,
}

impl UsageError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The process environment. Variables that are not UTF-8 are left out.
pub type Variables = BTreeMap<String, String>;

/// Reads a command line (without the program's name) and an environment.
///
/// # Errors
/// An input or flag is unknown, missing or malformed, or two of them contradict each other.
pub fn parse(arguments: &[String], variables: &Variables) -> Result<Request, UsageError> {
    refuse_unknown_inputs(variables)?;
    let mut arguments = arguments.to_vec();
    if arguments.is_empty() {
        arguments.extend(named_command(variables));
    }
    let command = arguments.first().filter(|name| is_command(name)).cloned();
    let program = std::iter::once(env!("CARGO_PKG_NAME").to_owned());
    let words = program.chain(with_booleans_joined(arguments));
    let mut matches = match definition::definition().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return Ok(Request::Nothing(error.to_string()));
        }
        Err(error) if !error.use_stderr() => return Ok(Request::Text(error.to_string())),
        Err(error) => return Err(usage(&error, command.as_deref())),
    };
    let (name, flags) = matches.remove_subcommand().unwrap_or_default();
    if let Some(text) = packaging::text(&name, &flags) {
        return text.map(Request::Text);
    }
    let command = Command::ALL.into_iter().find(|command| command.name() == name);
    let command = command.ok_or_else(no_command)?;
    let values = Values::new(command, flags, variables);
    let outputs = values.boolean("outputs")?;
    Ok(Request::CommandOptions { order: Box::new(order::read(command, &values, variables)?), outputs })
}

/// A boolean flag takes the next argument only if it is meant as a boolean: `--dry-run false` becomes `--dry-run=false`,
/// and `--dry-run yes` becomes `--dry-run=yes`, whose error names the flag. Any other flag takes the next argument as its
/// value, even if it begins with a hyphen.
fn with_booleans_joined(arguments: Vec<String>) -> Vec<String> {
    let mut joined = Vec::with_capacity(arguments.len());
    let mut words = arguments.into_iter().peekable();
    while let Some(word) = words.next() {
        let input = word.strip_prefix("--").and_then(|name| INPUTS.iter().find(|input| input.name == name));
        match input {
            Some(input) if input.boolean => match words.next_if(|next| is_like_a_boolean(next)) {
                Some(value) => joined.push(format!("{word}={value}")),
                None => joined.push(word),
            },
            Some(_) => {
                joined.push(word);
                joined.extend(words.next());
            }
            None => joined.push(word),
        }
    }
    joined
}

/// The command that `INPUT_COMMAND` names. It has a default in a workflow, but not on a terminal.
fn named_command(variables: &Variables) -> Option<String> {
    let named = variables
        .get(&inputs::variable(COMMAND.name))
        .map(|value| value.trim())
        .filter(|name| !name.is_empty());
    let in_a_workflow = variables.get("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    named.or(in_a_workflow.then_some(COMMAND.default)).map(str::to_owned)
}

/// The runner only warns of a misspelt input and passes it on as a variable.
fn refuse_unknown_inputs(variables: &Variables) -> Result<(), UsageError> {
    let known: Vec<String> = INPUTS
        .iter()
        .chain([&COMMAND])
        .map(|input| input.name)
        .chain(["args", "entryPoint"])
        .map(inputs::variable)
        .collect();
    let Some(variable) = variables.keys().find(|name| name.starts_with("INPUT_") && !known.contains(name))
    else {
        return Ok(());
    };
    let typed = variable.trim_start_matches("INPUT_").to_lowercase();
    Err(UsageError::new(format!("unknown input `{typed}`")).hint(usage::input(&typed)))
}

fn no_command() -> UsageError {
    UsageError::new("no command given").hint("Write a command first, such as `sponsor-backup backup`.")
}

/// What clap found, in this program's words.
fn usage(error: &clap::Error, command: Option<&str>) -> UsageError {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    let is_flag = |text: &str| text.starts_with('-');
    let argument = context(ContextKind::InvalidArg).unwrap_or_default();
    // clap shows a flag as `--environment <ENVIRONMENT>`.
    let argument = match argument.split_once([' ', '[', '=']) {
        Some((flag, _)) if is_flag(argument) => flag,
        _ => argument,
    };
    let has_no_value = context(ContextKind::InvalidValue) == Some("");
    let message = match error.kind() {
        ErrorKind::UnknownArgument if command.is_none() && is_input(argument) => return no_command(),
        ErrorKind::UnknownArgument if is_flag(argument) => format!("unknown flag `{argument}`"),
        ErrorKind::UnknownArgument => format!("unexpected argument `{argument}`"),
        ErrorKind::InvalidSubcommand => {
            format!("unknown command `{}`", context(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => format!("`{argument}` is missing"),
        ErrorKind::InvalidValue if has_no_value => format!("`{argument}` has no value"),
        ErrorKind::ArgumentConflict => format!("`{argument}` is set more than once"),
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.trim_start_matches("error: ").replace('\'', "`")
        }
    };
    // clap's guesses at commands and values are good. Its guesses at flags may have half their letters in common.
    let near = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let hint = match error.kind() {
        ErrorKind::UnknownArgument => usage::flag(argument, command),
        ErrorKind::InvalidValue if has_no_value => usage::without_value(argument),
        _ => near.into_iter().find_map(context).map(|near| format!("Did you mean `{near}`?")),
    };
    let hint = hint.unwrap_or_else(|| match command {
        Some(command) => format!("See `sponsor-backup {command} --help`."),
        None => "See `sponsor-backup --help`.".to_owned(),
    });
    UsageError::new(message).hint(hint)
}

fn is_command(name: &str) -> bool {
    packaging::is_command(name) || Command::ALL.iter().any(|command| command.name() == name)
}

fn is_input(flag: &str) -> bool {
    flag.strip_prefix("--").is_some_and(|name| INPUTS.iter().any(|input| input.name == name))
}

#[cfg(test)]
mod tests;
