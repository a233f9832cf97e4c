//! The command line as people see it: commands, flags in groups, examples. `inputs` lists the flags.

use super::inputs::{self, Command, Input};
use super::packaging;

const PROGRAM: &str = env!("CARGO_PKG_NAME");
/// The help is never wider, however wide the terminal is.
const WIDEST: usize = 100;

const ENVIRONMENT: &str = "\
Environment variables:
  INPUT_SOME-NAME          Set by GitHub for action inputs. On a terminal, use the flag.
  DOPPLER_TOKEN_CORE       Token for the Doppler project that holds the manifest
  DOPPLER_TOKEN_{SPONSOR}  Token for that sponsor's Doppler config
  DOPPLER_TOKEN            The same, if exactly one sponsor is selected
  AWS_ACCESS_KEY_ID_{SPONSOR}, AWS_SECRET_ACCESS_KEY_{SPONSOR}
                           AWS keys of that sponsor, if they are not in Doppler
  AWS_SESSION_TOKEN_{SPONSOR}
                           Session token of that sponsor, if its AWS keys are temporary
  AWS_ENDPOINT_URL_S3      Same as --s3-endpoint-url
  AGE_IDENTITY             age private keys, instead of --age-identity-file
  TARGET_DATABASE_URL      Same as --target-database-url
  GITHUB_API_URL           URL of GitHub's API, for --github-token

Pass secrets as environment variables. Other processes can see command-line flags.
Each flag --some-name is the input `some-name` of the action.";

/// The definition for clap.
pub(super) fn definition() -> clap::Command {
    clap::Command::new(PROGRAM)
        .version(env!("CARGO_PKG_VERSION"))
        .about("Back up every sponsor's PostgreSQL database to S3 before you deploy")
        .long_about(
            "Back up every sponsor's PostgreSQL database to S3 before you deploy, and prove that the backup restores",
        )
        .after_help(format!("{}\n\nRun `{PROGRAM} COMMAND -h` for a command's flags.", examples_of_all()))
        .after_long_help(format!("{}\n\n{ENVIRONMENT}", examples_of_all()))
        .max_term_width(WIDEST)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(Command::ALL.map(subcommand))
        .subcommands(packaging::commands())
}

fn subcommand(command: Command) -> clap::Command {
    let name = command.name();
    let required = inputs::of(command).filter(|input| input.required);
    let required: String =
        required.map(|input| format!("--{} <{}> ", input.name, input.value_name)).collect();
    let pointer = format!("Run `{PROGRAM} --help` for environment variables.");
    clap::Command::new(name)
        .about(command.about())
        .override_usage(format!("{PROGRAM} {name} {required}[OPTIONS]"))
        .after_help(format!("Run `{PROGRAM} {name} --help` for details and examples."))
        .after_long_help(format!("{}\n\n{pointer}", examples(command)))
        .args(inputs::of(command).map(flag))
}

fn examples_of_all() -> String {
    let first = |command: Command| example(command, command.examples().first().unwrap_or(&""));
    format!("Examples:\n{}", [Command::Backup, Command::List, Command::Drill].map(first).join("\n"))
}

fn examples(command: Command) -> String {
    let lines: Vec<String> = command.examples().iter().map(|rest| example(command, rest)).collect();
    let before = if command == Command::Restore { ", with TARGET_DATABASE_URL set" } else { "" };
    format!("Examples{before}:\n{}", lines.join("\n"))
}

fn example(command: Command, arguments: &str) -> String {
    format!("  {PROGRAM} {} {arguments}", command.name())
}

fn flag(input: &Input) -> clap::Arg {
    let plain = |markdown: &str| markdown.replace('`', "");
    let help = format!("{}{}", plain(input.help), if input.required { " [required]" } else { "" });
    let more = if input.more.is_empty() { String::new() } else { format!(". {}", plain(input.more)) };
    let flag = clap::Arg::new(input.name)
        .long(input.name)
        .long_help(format!("{help}{more}"))
        .help(help)
        .help_heading(input.heading)
        .value_name(input.value_name)
        .hide_default_value(input.default == "false");
    let flag = if input.boolean {
        flag.num_args(0..=1).require_equals(true).default_missing_value("true")
    } else {
        flag.num_args(1).allow_hyphen_values(true)
    };
    // Only for the help: a variable is looked up before the default.
    if input.default.is_empty() { flag } else { flag.default_value(input.default) }
}

#[cfg(test)]
mod tests;
