//! Invalid command lines and inputs in this program's words, with hints at what was meant.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::inputs::{self, Command, INPUTS, Input};
use crate::manifest;

/// The name of a flag of the program itself that some commands have for another purpose.
const VERSION: &str = "version";
/// Letters of a name that a guess at the rest of it needs.
const BEGINNING: usize = 3;

/// An invalid command line, input or combination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong, a fragment that names the input.
    pub message: String,
    /// What the reader can do, a sentence.
    pub hint: Option<String>,
    /// What else is wrong with the same command line. Empty in each of these.
    pub others: Vec<UsageError>,
}

impl UsageError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, others: Vec::new() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// All of them as one, each once, in order. `None` if there are none.
    pub(crate) fn all(problems: Vec<Self>) -> Option<Self> {
        let mut each: Vec<Self> = Vec::new();
        for problem in problems {
            if !each.contains(&problem) {
                each.push(problem);
            }
        }
        let first = if each.is_empty() { None } else { Some(each.remove(0)) };
        first.map(|first| Self { others: each, ..first })
    }

    /// Each problem alone.
    #[must_use]
    pub fn each(&self) -> Vec<Self> {
        let first = Self { others: Vec::new(), ..self.clone() };
        std::iter::once(first).chain(self.others.iter().cloned()).collect()
    }
}

pub(super) fn no_command() -> UsageError {
    UsageError::new("no command given").hint("Write a command first, such as `sponsor-backup backup`.")
}

fn no_command_of(group: &str) -> UsageError {
    let names: Vec<String> = Command::of_group(group).map(|member| format!("`{}`", member.name())).collect();
    UsageError::new(format!("`{group}` is not a whole command"))
        .hint(format!("Write one of {} first.", names.join(", ")))
}

/// A command that `INPUT_COMMAND` cannot name.
pub(super) fn not_in_the_action(command: Command) -> UsageError {
    let name = command.name();
    UsageError::new(format!("`command` is `{name}`, which runs only on a terminal")).hint(format!(
        "Run `sponsor-backup {name}` on your machine, and commit the workflows that it writes."
    ))
}

/// An `INPUT_*` variable of no input.
pub(super) fn unknown_input(variable: &str) -> UsageError {
    let typed = variable.trim_start_matches("INPUT_").to_lowercase();
    UsageError::new(format!("unknown input `{typed}`")).hint(hint_for_input(&typed))
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    }
}

fn is_flag(text: &str) -> bool {
    text.starts_with('-')
}

/// The flag or word that clap objects to.
fn argument(error: &clap::Error) -> &str {
    let argument = context(error, ContextKind::InvalidArg).unwrap_or_default();
    // clap shows a flag as `--environment <ENVIRONMENT>`.
    match argument.split_once([' ', '[', '=']) {
        Some((flag, _)) if is_flag(argument) => flag,
        _ => argument,
    }
}

/// The words without what clap objects to, to look for what else is wrong. `None` if it is not one of the words.
pub(super) fn without_culprit(error: &clap::Error, words: &[String]) -> Option<Vec<String>> {
    let culprit = argument(error);
    if !matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::ArgumentConflict) {
        return None;
    }
    let is_culprit = |word: &String| {
        word.strip_prefix(culprit).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    // The last one: a flag that is set twice stays once. The program's name comes first.
    let at = words.iter().rposition(is_culprit).filter(|at| *at > 0 && !culprit.is_empty())?;
    let has_value = words.get(at).is_some_and(|word| word == culprit) && is_flag(culprit);
    let value = words.get(at + 1).filter(|next| has_value && !is_flag(next));
    let taken = at..=at + usize::from(value.is_some());
    Some(
        words
            .iter()
            .enumerate()
            .filter(|(at, _)| !taken.contains(at))
            .map(|(_, word)| word.clone())
            .collect(),
    )
}

/// What clap found, in this program's words.
pub(super) fn from_clap(error: &clap::Error, command: Option<&str>) -> UsageError {
    let context = |kind| context(error, kind);
    let argument = argument(error);
    let has_no_value = context(ContextKind::InvalidValue) == Some("");
    let group = command.filter(|name| Command::is_group(name)).map(|name| format!("{name} "));
    let group = group.unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::UnknownArgument if command.is_none() && is_input(argument) => return no_command(),
        ErrorKind::UnknownArgument if is_input(argument) && command.is_some_and(Command::is_group) => {
            return no_command_of(command.unwrap_or_default());
        }
        ErrorKind::UnknownArgument if is_flag(argument) => format!("unknown flag `{argument}`"),
        ErrorKind::UnknownArgument => format!("unexpected argument `{argument}`"),
        ErrorKind::InvalidSubcommand => {
            format!(
                "unknown command `{group}{}`",
                context(ContextKind::InvalidSubcommand).unwrap_or_default()
            )
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
    // clap's guesses at values are good. Its guesses at commands and flags may have half their letters in common.
    let guesses = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let guessed = || guesses.into_iter().find_map(context);
    let own = || {
        let names = Command::ALL.map(Command::name);
        let typed = context(ContextKind::InvalidSubcommand).filter(|_| group.is_empty())?;
        near(typed, &names)
    };
    let hint = match error.kind() {
        ErrorKind::UnknownArgument => hint_for_flag(argument, command),
        ErrorKind::InvalidValue if has_no_value => hint_without_value(argument),
        _ => own().or_else(guessed).map(|near| format!("Did you mean `{group}{near}`?")),
    };
    let hint = hint.unwrap_or_else(|| match command {
        Some(command) => format!("See `sponsor-backup {command} --help`."),
        None => "See `sponsor-backup --help`.".to_owned(),
    });
    UsageError::new(message).hint(hint)
}

/// A hint for a flag that a command does not have. `None` if no other one is near.
fn hint_for_flag(flag: &str, command: Option<&str>) -> Option<String> {
    let typed = flag.strip_prefix("--")?;
    let here = command.and_then(Command::named);
    let of_the_command = here.into_iter().flat_map(inputs::of).map(|input| input.name);
    let version = command.is_none().then_some(VERSION);
    let names: Vec<&str> = of_the_command.chain(["help"]).chain(version).collect();
    let near = near(typed, &names).map(|near| format!("Did you mean `--{near}`?"));
    let Some(input) = find(typed) else { return near };
    let near = near.filter(|_| !input.is_of_the_action()).map(|near| format!(" {near}")).unwrap_or_default();
    Some(format!("`{flag}` belongs to {}.{}{near}", commands(input), of_the_program(typed)))
}

/// A hint for a flag of this command that has no value.
fn hint_without_value(flag: &str) -> Option<String> {
    let input = find(flag.strip_prefix("--")?)?;
    Some(format!("Write `{flag} <{}>`.{}", input.value_name, of_the_program(input.name)))
}

fn hint_for_input(typed: &str) -> String {
    let inputs = INPUTS.iter().filter(|input| input.is_of_the_action());
    let names: Vec<&str> = inputs.map(|input| input.name).collect();
    let known = find(&typed.replace('_', "-")).filter(|input| input.is_of_the_action());
    match (known, near(typed, &names)) {
        (Some(Input { name, .. }), _) => format!(
            "Write the input as `{name}`: GitHub then sets {}. On a terminal, use the flag `--{name}`.",
            inputs::variable(name)
        ),
        (None, Some(near)) => format!("Did you mean `{near}`?"),
        (None, None) => "See docs/reference.md for the inputs.".to_owned(),
    }
}

fn is_input(flag: &str) -> bool {
    flag.strip_prefix("--").is_some_and(|name| find(name).is_some())
}

fn find(name: &str) -> Option<&'static Input> {
    INPUTS.iter().find(|input| input.name == name)
}

/// The name with a typo or two, or the only one that begins like this.
fn near<'a>(typed: &str, names: &[&'a str]) -> Option<&'a str> {
    let mut longer = names.iter().copied().filter(|name| typed.len() >= BEGINNING && name.starts_with(typed));
    let only = longer.next().filter(|_| longer.next().is_none());
    manifest::suggest(typed, names.iter().copied()).or(only)
}

fn of_the_program(typed: &str) -> &'static str {
    if typed == VERSION { " `sponsor-backup --version` prints the version of this program." } else { "" }
}

/// `verify, restore and drill`
fn commands(input: &Input) -> String {
    let names: Vec<&str> = input.commands.iter().map(|command| command.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
