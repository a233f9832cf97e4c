//! The command line as people see it: commands, flags in groups, examples, completions and manual pages. `inputs` lists the
//! flags.

use clap::ArgMatches;
use clap_complete::{Shell, generate};

use super::inputs::{self, Command, Input};
use super::usage::UsageError;

const PROGRAM: &str = env!("CARGO_PKG_NAME");
/// The help is never wider, however wide the terminal is.
const WIDEST: usize = 100;

const COMPLETIONS: &str = "completions";
const MAN: &str = "man";
const SHELLS: [(&str, Shell); 3] = [("bash", Shell::Bash), ("zsh", Shell::Zsh), ("fish", Shell::Fish)];

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
  AWS_ACCESS_KEY_ID_{SPONSOR}_PRUNE, AWS_SECRET_ACCESS_KEY_{SPONSOR}_PRUNE
                           AWS keys of that sponsor that only `prune` uses, to remove backups
  AWS_ENDPOINT_URL_S3      Same as --s3-endpoint-url
  AGE_IDENTITY             age private keys, instead of --age-identity-file
  TARGET_DATABASE_URL      Same as --target-database-url
  PUSHGATEWAY_URL          Same as --pushgateway-url, also with a user and a password
  SLACK_WEBHOOK_URL        Slack incoming webhook to notify
  NOTIFY_WEBHOOK_URL, NOTIFY_WEBHOOK_SECRET
                           Webhook to notify, and the secret (whsec_...) that signs its requests
  PING_URL                 Check of a ping service to signal start and end of a run to
  PING_URL_{SPONSOR}       The same for that sponsor's part of a run
  DATABASE_URL             Database URL that `init` writes into the secrets file
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
        .subcommands(Command::ALL.into_iter().filter(|command| command.group().is_none()).map(subcommand))
        .subcommands(Command::GROUPS.map(group))
        .subcommands(of_a_terminal())
}

/// Commands whose names share their first word.
fn group((group, about): (&'static str, &'static str)) -> clap::Command {
    clap::Command::new(group)
        .about(about)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .after_help(format!("Run `{PROGRAM} {group} COMMAND --help` for details and examples."))
        .subcommands(Command::of_group(group).map(subcommand))
}

/// The name of the command that clap found, and its flags.
pub(super) fn chosen(matches: &mut ArgMatches) -> (String, ArgMatches) {
    let (name, mut flags) = matches.remove_subcommand().unwrap_or_default();
    match flags.remove_subcommand() {
        Some((second, flags)) => (format!("{name} {second}"), flags),
        None => (name, flags),
    }
}

fn subcommand(command: Command) -> clap::Command {
    let name = command.name();
    let required = inputs::of(command).filter(|input| input.required_by.contains(&command));
    let required: String =
        required.map(|input| format!("--{} <{}> ", input.name, input.value_name)).collect();
    let words: Vec<&Input> =
        inputs::of(command).filter(|input| input.positional.contains(&command)).collect();
    let shown: String = words.iter().map(|input| format!(" [{}]", input.name.to_uppercase())).collect();
    let pointer = format!("Run `{PROGRAM} --help` for environment variables.");
    clap::Command::new(command.group().map_or(name, |(_, member)| member))
        .about(command.about())
        .override_usage(format!("{PROGRAM} {name} {required}[OPTIONS]{shown}"))
        .after_help(format!("Run `{PROGRAM} {name} --help` for details and examples."))
        .after_long_help(format!("{}\n\n{pointer}", examples(command)))
        .args(words.into_iter().map(word))
        .args(inputs::of(command).map(|input| flag(command, input)))
}

/// An input's value without its flag. Only one of the two can be set.
fn word(input: &Input) -> clap::Arg {
    clap::Arg::new(inputs::word(input.name))
        .value_name(input.name.to_uppercase())
        .conflicts_with(input.name)
        .help(format!("Same as --{}", input.name))
}

fn examples_of_all() -> String {
    let first = |command: Command| example(command, command.examples().first().unwrap_or(&""));
    format!("Examples:\n{}", [Command::Backup, Command::List, Command::Drill].map(first).join("\n"))
}

fn examples(command: Command) -> String {
    let lines: Vec<String> = command.examples().iter().map(|rest| example(command, rest)).collect();
    let before = match command {
        Command::Restore => ", with TARGET_DATABASE_URL set",
        Command::Init => ", with DATABASE_URL set (a terminal asks for what is missing)",
        _ => "",
    };
    format!("Examples{before}:\n{}", lines.join("\n"))
}

fn example(command: Command, arguments: &str) -> String {
    format!("  {PROGRAM} {} {arguments}", command.name())
}

fn flag(command: Command, input: &Input) -> clap::Arg {
    let plain = |markdown: &str| markdown.replace('`', "");
    let help = format!(
        "{}{}",
        plain(input.help),
        if input.required_by.contains(&command) { " [required]" } else { "" }
    );
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
    } else if input.bare.is_empty() {
        flag.num_args(1).allow_hyphen_values(true)
    } else {
        flag.num_args(0..=1).default_missing_value(input.bare)
    };
    // Only for the help: a variable is looked up before the default.
    if input.default.is_empty() { flag } else { flag.default_value(input.default) }
}

/// The commands `completions` and `man`, made from the definition of the flags. The action has no inputs for them.
fn of_a_terminal() -> [clap::Command; 2] {
    let shell = clap::Arg::new("shell")
        .required(true)
        .value_name("SHELL")
        .value_parser(SHELLS.map(|(name, _)| name))
        .help("Shell to complete for");
    let page = clap::Arg::new("command")
        .value_name("COMMAND")
        .help("Command to document (default: the whole program)");
    [
        clap::Command::new(COMPLETIONS)
            .about("Print shell completions")
            .after_help("Example:\n  sponsor-backup completions bash >/etc/bash_completion.d/sponsor-backup")
            .arg(shell),
        clap::Command::new(MAN)
            .about("Print the manual page")
            .after_help(
                "Example:\n  sponsor-backup man >sponsor-backup.1\n  sponsor-backup man backup >sponsor-backup-backup.1",
            )
            .arg(page),
    ]
}

/// Whether a command is `completions` or `man`.
pub(super) fn is_of_a_terminal(name: &str) -> bool {
    [COMPLETIONS, MAN].contains(&name)
}

/// The text to print. `None` if `command` is another command.
pub(super) fn text(command: &str, arguments: &ArgMatches) -> Option<Result<String, UsageError>> {
    let asked = |name: &str| arguments.get_one::<String>(name).map(String::as_str);
    match command {
        COMPLETIONS => Some(completions(asked("shell").unwrap_or_default())),
        MAN => Some(manual_page(asked("command"))),
        _ => None,
    }
}

fn completions(shell: &str) -> Result<String, UsageError> {
    let known = SHELLS.iter().find(|(name, _)| *name == shell);
    let (_, shell) = known.ok_or_else(|| UsageError::new(format!("no completions for `{shell}`")))?;
    let mut bytes = Vec::new();
    generate(*shell, &mut definition(), env!("CARGO_PKG_NAME"), &mut bytes);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn no_page(command: &str) -> UsageError {
    UsageError::new(format!("unknown command `{command}`")).hint("See `sponsor-backup --help`.")
}

fn manual_page(command: Option<&str>) -> Result<String, UsageError> {
    let mut whole = definition();
    whole.build();
    let chosen = match command {
        None => whole,
        Some(name) => {
            let mut found = &whole;
            // `hold add`, also as its page is called: `hold-add`.
            let words = if whole.find_subcommand(name).is_some() {
                vec![name]
            } else {
                name.split([' ', '-']).collect()
            };
            for word in words {
                found = found.find_subcommand(word).ok_or_else(|| no_page(name))?;
            }
            // The name that `man` and the pages' files use.
            found
                .clone()
                .display_name(format!("{}-{}", env!("CARGO_PKG_NAME"), name.replace(' ', "-")))
                .version(env!("CARGO_PKG_VERSION"))
        }
    };
    let notes = chosen.get_after_long_help().or(chosen.get_after_help()).map(ToString::to_string);
    let rendered = sections(chosen);
    let bytes =
        rendered.map_err(|error| UsageError::new(format!("cannot write the manual page: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned() + &roff(&notes.unwrap_or_default()))
}

/// The page without what follows the flags in the help, for which the generator has only a section EXTRA.
fn sections(command: clap::Command) -> std::io::Result<Vec<u8>> {
    let has_commands = command.has_subcommands();
    let page = clap_mangen::Man::new(command);
    let mut bytes = Vec::new();
    page.render_title(&mut bytes)?;
    // Lines that are filled up to the right margin get double spaces.
    bytes.extend(b".ad l\n");
    page.render_name_section(&mut bytes)?;
    page.render_synopsis_section(&mut bytes)?;
    page.render_description_section(&mut bytes)?;
    page.render_options_section(&mut bytes)?;
    if has_commands {
        page.render_subcommands_section(&mut bytes)?;
    }
    page.render_version_section(&mut bytes)?;
    Ok(bytes)
}

/// The end of a help as sections of a manual page: `Examples:` and the lines below it are one.
fn roff(notes: &str) -> String {
    let plain = |text: &str| text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    let block = |block: &str| match block.split_once(":\n") {
        Some((title, lines)) if !title.contains('\n') => {
            format!(".SH \"{}\"\n.nf\n{}\n.fi\n", title.to_uppercase(), plain(lines))
        }
        _ => format!(".PP\n{}\n", plain(block)),
    };
    notes.split("\n\n").map(block).collect()
}

#[cfg(test)]
mod tests;
