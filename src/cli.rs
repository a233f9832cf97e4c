//! Flags and `INPUT_*` variables become an [`Order`]: what was typed becomes what is meant. Pure; the environment comes
//! in as a value.

pub mod duration;
pub mod inputs;
pub mod order;

mod definition;
mod packaging;
mod values;

use std::collections::BTreeMap;

use inputs::{COMMAND, Command, INPUTS, Input};
pub use order::Order;
use values::{Values, yaml_boolean};

/// What a command line asks for.
#[derive(Debug)]
pub enum Request {
    /// Something to do.
    Order(Box<Order>),
    /// A text to show, `--help` for example.
    Text(String),
}

/// A command line, an input or a combination that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong; names the input.
    pub message: String,
    /// What to do about it.
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

/// The process environment, as far as it is text.
pub type Variables = BTreeMap<String, String>;

/// Reads a command line (without the program's name) and an environment.
///
/// # Errors
/// Anything that is unknown, missing, malformed or contradictory.
pub fn parse(arguments: &[String], variables: &Variables) -> Result<Request, UsageError> {
    refuse_unknown_inputs(variables)?;
    let mut arguments = arguments.to_vec();
    if arguments.is_empty() {
        arguments.extend(named_command(variables));
    }
    let command = arguments.first().and_then(|word| Command::ALL.into_iter().find(|it| it.name() == word));
    let program = std::iter::once(env!("CARGO_PKG_NAME").to_owned());
    let words = program.chain(with_booleans_joined(arguments));
    let mut matches = match definition::definition().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) if !error.use_stderr() => return Ok(Request::Text(error.to_string())),
        Err(error) => return Err(usage(&error, command)),
    };
    let (name, flags) = matches.remove_subcommand().unwrap_or_default();
    if let Some(text) = packaging::text(&name, &flags) {
        return text.map(Request::Text);
    }
    let command = Command::ALL.into_iter().find(|command| command.name() == name);
    let command = command.ok_or_else(|| UsageError::new("no command was given"))?;
    let values = Values::new(command, flags, variables);
    Ok(Request::Order(Box::new(order::read(command, &values, variables)?)))
}

/// A flag that is `true` or `false` takes the next word only if it is one of the two: `--dry-run false` becomes
/// `--dry-run=false`, and the word after any other flag is that flag's value, whatever it looks like.
fn with_booleans_joined(arguments: Vec<String>) -> Vec<String> {
    let mut joined = Vec::with_capacity(arguments.len());
    let mut words = arguments.into_iter().peekable();
    while let Some(word) = words.next() {
        let input = word.strip_prefix("--").and_then(|name| INPUTS.iter().find(|input| input.name == name));
        match input {
            Some(input) if input.boolean => match words.next_if(|next| yaml_boolean(next).is_some()) {
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

/// The command that a step names. In a workflow there is always one; a terminal has to say what it wants.
fn named_command(variables: &Variables) -> Option<String> {
    let named = variables
        .get(&inputs::variable(COMMAND.name))
        .map(|value| value.trim())
        .filter(|name| !name.is_empty());
    let in_a_workflow = variables.get("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    named.or(in_a_workflow.then_some(COMMAND.default)).map(str::to_owned)
}

/// A misspelt input arrives as a variable that nobody reads: the runner only warns of it.
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
    let likeness = |input: &&Input| (strsim::jaro_winkler(input.name, &typed) * 1000.0) as u32;
    let hint = match INPUTS.iter().max_by_key(likeness).filter(|input| likeness(input) > 800) {
        Some(near) => format!("Did you mean `{}`?", near.name),
        None => "See docs/reference.md for the inputs.".to_owned(),
    };
    Err(UsageError::new(format!("unknown input `{typed}`")).hint(hint))
}

fn usage(error: &clap::Error, command: Option<Command>) -> UsageError {
    let help = match command {
        Some(command) => format!("`sponsor-backup {} --help` lists its flags.", command.name()),
        None => "`sponsor-backup --help` lists the commands.".to_owned(),
    };
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return UsageError::new("no command was given").hint(help);
    }
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let tip = lines.find_map(|line| line.strip_prefix("tip: ")).map(str::to_owned);
    UsageError { message, hint: Some(tip.unwrap_or(help)) }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod texts;
