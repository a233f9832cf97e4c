//! Hints for flags and inputs that the program does not know, or not in this command.

use super::inputs::{self, Command, INPUTS, Input};
use crate::manifest::spelling;

/// The name of a flag of the program itself that some commands have for another purpose.
const VERSION: &str = "version";
/// Letters of a name that a guess at the rest of it needs.
const BEGINNING: usize = 3;

/// A hint for a flag that a command does not have. `None` if no other one is near.
pub(super) fn flag(flag: &str, command: Option<&str>) -> Option<String> {
    let typed = flag.strip_prefix("--")?;
    if let Some(input) = find(typed) {
        return Some(format!("`{flag}` belongs to {}.{}", commands(input), of_the_program(typed)));
    }
    let here = Command::ALL.into_iter().find(|known| Some(known.name()) == command);
    let of_the_command = here.into_iter().flat_map(inputs::of).map(|input| input.name);
    let of_the_program = command.is_none().then_some(VERSION);
    let names: Vec<&str> = of_the_command.chain(["help"]).chain(of_the_program).collect();
    near(typed, &names).map(|near| format!("Did you mean `--{near}`?"))
}

/// A hint for a flag of this command that has no value.
pub(super) fn without_value(flag: &str) -> Option<String> {
    let input = find(flag.strip_prefix("--")?)?;
    Some(format!("Write `{flag} <{}>`.{}", input.value_name, of_the_program(input.name)))
}

/// A hint for an input that does not exist.
pub(super) fn input(typed: &str) -> String {
    let names: Vec<&str> = INPUTS.iter().map(|input| input.name).collect();
    match (find(&typed.replace('_', "-")), near(typed, &names)) {
        (Some(Input { name, .. }), _) => format!(
            "Write the input as `{name}`: GitHub then sets {}. On a terminal, use the flag `--{name}`.",
            inputs::variable(name)
        ),
        (None, Some(near)) => format!("Did you mean `{near}`?"),
        (None, None) => "See docs/reference.md for the inputs.".to_owned(),
    }
}

fn find(name: &str) -> Option<&'static Input> {
    INPUTS.iter().find(|input| input.name == name)
}

/// The name with a typo or two, or the only one that begins like this.
fn near<'a>(typed: &str, names: &[&'a str]) -> Option<&'a str> {
    let mut longer = names.iter().copied().filter(|name| typed.len() >= BEGINNING && name.starts_with(typed));
    let only = longer.next().filter(|_| longer.next().is_none());
    spelling::suggest(typed, names.iter().copied()).or(only)
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
