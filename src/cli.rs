//! Turns flags and `INPUT_*` variables into [`CommandOptions`]. Pure: the environment comes in as a value.

pub mod inputs;
pub mod options;

mod command;
mod definition;
mod kinds;
mod usage;
mod values;

pub use options::{CommandOptions, InitOptions};
pub use usage::UsageError;

use std::collections::BTreeMap;

use clap::error::ErrorKind;

use inputs::{COMMAND, Command, INPUTS};
use kinds::is_like_a_boolean;
use values::Values;

/// What a command line asks for.
#[derive(Debug)]
pub enum Request {
    /// A command.
    Command {
        /// What to do.
        options: Box<CommandOptions>,
        /// Whether a terminal prints the outputs.
        outputs: bool,
    },
    /// The files of a first run.
    Init(Box<InitOptions>),
    /// A text to show, `--help` for example.
    Text(String),
    /// Nothing. Holds the help to show instead.
    Nothing(String),
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
    // A workflow passes inputs as variables, and no argument: the command is one of them.
    if arguments.is_empty() {
        arguments.extend(named_command(variables)?);
    }
    let command = arguments.first().filter(|name| is_command(name)).cloned();
    let program = std::iter::once(env!("CARGO_PKG_NAME").to_owned());
    let words = program.chain(with_booleans_joined(arguments));
    let mut matches = match definition::definition().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return Ok(Request::Nothing(error.to_string()));
        }
        // To clap, `--help` and `--version` are errors that belong on standard output.
        Err(error) if !error.use_stderr() => return Ok(Request::Text(error.to_string())),
        Err(error) => return Err(usage::from_clap(&error, command.as_deref())),
    };
    let (name, flags) = matches.remove_subcommand().unwrap_or_default();
    if let Some(text) = definition::text(&name, &flags) {
        return text.map(Request::Text);
    }
    let command = Command::ALL.into_iter().find(|command| command.name() == name);
    let command = command.ok_or_else(usage::no_command)?;
    let values = Values::new(command, flags, variables);
    let outputs = values.boolean(inputs::OUTPUTS)?;
    Ok(match options::read(command, &values)? {
        Some(options) => Request::Command { options: Box::new(options), outputs },
        None => Request::Init(Box::new(options::init(&values)?)),
    })
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
            Some(input) if input.bare.is_empty() => {
                joined.push(word);
                joined.extend(words.next());
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// The command that `INPUT_COMMAND` names. It has a default in a workflow, but not on a terminal.
fn named_command(variables: &Variables) -> Result<Option<String>, UsageError> {
    let named = variables
        .get(&inputs::variable(COMMAND.name))
        .map(|value| value.trim())
        .filter(|name| !name.is_empty());
    let in_a_workflow = variables.get("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    match named.or(in_a_workflow.then_some(COMMAND.default)) {
        // What it wrote would be lost with the job, and a secrets file does not belong there.
        Some(name) if name == Command::Init.name() => Err(usage::not_in_the_action(Command::Init)),
        named => Ok(named.map(str::to_owned)),
    }
}

/// The runner only warns of a misspelt input and passes it on as a variable.
fn refuse_unknown_inputs(variables: &Variables) -> Result<(), UsageError> {
    let known: Vec<String> = INPUTS
        .iter()
        .filter(|input| input.is_of_the_action())
        .chain([&COMMAND])
        .map(|input| input.name)
        .chain(["args", "entryPoint"])
        .map(inputs::variable)
        .collect();
    let unknown = variables.keys().find(|name| name.starts_with("INPUT_") && !known.contains(name));
    unknown.map_or(Ok(()), |variable| Err(usage::unknown_input(variable)))
}

fn is_command(name: &str) -> bool {
    definition::is_of_a_terminal(name) || Command::ALL.iter().any(|command| command.name() == name)
}

#[cfg(test)]
mod tests;
