//! The commands `completions` and `man`, made from the definition of the flags. Only for a terminal: the action has no
//! inputs for them.

use clap::ArgMatches;
use clap_complete::{Shell, generate};

use super::UsageError;
use super::definition::definition;

const COMPLETIONS: &str = "completions";
const MAN: &str = "man";
const SHELLS: [(&str, Shell); 3] = [("bash", Shell::Bash), ("zsh", Shell::Zsh), ("fish", Shell::Fish)];

pub(super) fn commands() -> [clap::Command; 2] {
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

/// Whether a command is one of these.
pub(super) fn is_command(name: &str) -> bool {
    [COMPLETIONS, MAN].contains(&name)
}

/// The text to print. `None` if `command` is another command.
pub(super) fn text(command: &str, arguments: &ArgMatches) -> Option<Result<String, UsageError>> {
    let asked = |name: &str| arguments.get_one::<String>(name).map(String::as_str);
    match command {
        COMPLETIONS => Some(completions(asked("shell").unwrap_or_default())),
        MAN => Some(page(asked("command"))),
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

fn page(command: Option<&str>) -> Result<String, UsageError> {
    let mut whole = definition();
    whole.build();
    let chosen = match command {
        None => whole,
        Some(name) => {
            let found = whole.get_subcommands().find(|known| known.get_name() == name).cloned();
            let found = found.ok_or_else(|| no_page(name))?;
            // The name that `man` and the pages' files use.
            found
                .display_name(format!("{}-{name}", env!("CARGO_PKG_NAME")))
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
