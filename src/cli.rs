//! Turns flags and `INPUT_*` variables into [`CommandOptions`]. Pure: the environment comes in as a value.

pub mod inputs;
pub mod options;

mod command;
mod definition;
mod free_text;
mod input;
mod kinds;
mod moment;
mod table_names;
mod usage;
mod values;
mod which_backup;

pub use free_text::FreeText;
pub use options::{CommandOptions, InitOptions};
pub use usage::UsageError;

use std::collections::BTreeMap;

use clap::ArgMatches;
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
/// Inputs or flags are unknown, missing or malformed, or contradict each other. All that can be found at once is in one error.
pub fn parse(arguments: &[String], variables: &Variables) -> Result<Request, UsageError> {
    let mut problems = unknown_inputs(variables);
    let mut arguments = arguments.to_vec();
    // A workflow passes inputs as variables, and no argument: the command is one of them.
    if arguments.is_empty() {
        match named_command(variables) {
            Ok(named) => arguments.extend(named),
            Err(problem) => return Err(all(problems, problem)),
        }
    }
    let arguments = with_group_split(arguments);
    let command = named_here(&arguments);
    let program = std::iter::once(env!("CARGO_PKG_NAME").to_owned());
    let words = program.chain(with_booleans_joined(arguments));
    let mut matches = match read_flags(words.collect(), command.as_deref(), &mut problems) {
        Ok(matches) => matches,
        Err(error) => match UsageError::all(problems) {
            Some(problems) => return Err(problems),
            None if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                return Ok(Request::Nothing(error.to_string()));
            }
            // To clap, `--help` and `--version` are errors that belong on standard output.
            None => return Ok(Request::Text(error.to_string())),
        },
    };
    let (name, flags) = definition::chosen(&mut matches);
    if let Some(text) = definition::text(&name, &flags) {
        return UsageError::all(problems).map_or_else(|| text.map(Request::Text), Err);
    }
    let command = Command::named(&name).ok_or_else(usage::no_command)?;
    let values = Values::new(command, flags, variables);
    // What a misspelled name was meant to set would look missing.
    let is_misspelled = !problems.is_empty();
    problems.extend(values.malformed());
    let request = request(command, &values);
    if !is_misspelled {
        problems.extend(values.problems());
        problems.extend(request.as_ref().err().cloned());
    }
    UsageError::all(problems).map_or(request, Err)
}

fn request(command: Command, values: &Values<'_>) -> Result<Request, UsageError> {
    let outputs = values.boolean(inputs::OUTPUTS);
    Ok(match options::read(command, values)? {
        Some(options) => Request::Command { options: Box::new(options), outputs: outputs? },
        None => Request::Init(Box::new(options::init(values)?)),
    })
}

fn all(mut problems: Vec<UsageError>, last: UsageError) -> UsageError {
    problems.push(last.clone());
    UsageError::all(problems).unwrap_or(last)
}

/// The flags of a command line. Words that clap objects to are noted and left out, so that the others are read too. The
/// error is one that was noted, or a text to show.
fn read_flags(
    mut words: Vec<String>,
    command: Option<&str>,
    problems: &mut Vec<UsageError>,
) -> Result<ArgMatches, clap::Error> {
    loop {
        let error = match definition::definition().try_get_matches_from(&words) {
            Ok(matches) => return Ok(matches),
            Err(error) => error,
        };
        let is_text =
            !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if is_text {
            return Err(error);
        }
        problems.push(usage::from_clap(&error, command));
        match usage::without_culprit(&error, &words).filter(|_| command.is_some()) {
            Some(rest) => words = rest,
            None => return Err(error),
        }
    }
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
fn unknown_inputs(variables: &Variables) -> Vec<UsageError> {
    let known: Vec<String> = INPUTS
        .iter()
        .filter(|input| input.is_of_the_action())
        .chain([&COMMAND])
        .map(|input| input.name)
        .chain(["args", "entryPoint"])
        .map(inputs::variable)
        .collect();
    let unknown = variables.keys().filter(|name| name.starts_with("INPUT_") && !known.contains(name));
    unknown.map(|variable| usage::unknown_input(variable)).collect()
}

/// A workflow names a command of a group in one text, `hold add`. A terminal passes two words.
fn with_group_split(arguments: Vec<String>) -> Vec<String> {
    let mut words = arguments.into_iter();
    let first = words.next();
    let group = first.as_deref().and_then(Command::named).and_then(Command::group);
    let first = group.map_or_else(
        || first.into_iter().collect(),
        |(group, member)| vec![group.to_owned(), member.to_owned()],
    );
    first.into_iter().chain(words).collect()
}

/// The command or the group that the first words name.
fn named_here(arguments: &[String]) -> Option<String> {
    let first = arguments.first()?;
    let both = arguments.get(1).map(|second| format!("{first} {second}"));
    let of_a_group = both.filter(|name| Command::named(name).is_some());
    let is_known =
        Command::named(first).is_some() || definition::is_of_a_terminal(first) || Command::is_group(first);
    of_a_group.or_else(|| is_known.then(|| first.clone()))
}

#[cfg(test)]
mod tests;
