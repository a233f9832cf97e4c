//! The command line as people see it: commands, flags in groups, examples. Which flags there are is told by `inputs`.

use super::inputs::{self, Command, Input};
use super::packaging;

const ENVIRONMENT: &str = "\
Environment:
  INPUT_SOME-NAME          stands for --some-name, unless that is given too
  DOPPLER_TOKEN_CORE       opens the Doppler project of the manifest
  DOPPLER_TOKEN_{SPONSOR}  opens that sponsor's config
  DOPPLER_TOKEN            the same, where one sponsor is selected
  AWS_ACCESS_KEY_ID_{SPONSOR}, AWS_SECRET_ACCESS_KEY_{SPONSOR}
                           that sponsor's keys, where they are not in Doppler
  AWS_SESSION_TOKEN_{SPONSOR}
                           beside them, where they are temporary
  AWS_ENDPOINT_URL_S3, AGE_IDENTITY, TARGET_DATABASE_URL, GITHUB_API_URL
                           as the flags that name them say

Secrets belong into variables: flags can be seen in the list of processes.
A flag `--some-name` is the input `some-name` of the action.";

/// The definition for clap.
pub(super) fn definition() -> clap::Command {
    let commands = Command::ALL.into_iter().map(|command| {
        let flags = inputs::of(command).map(flag);
        clap::Command::new(command.name())
            .about(command.about())
            .override_usage(format!(
                "{} {} --environment <ENVIRONMENT> [OPTIONS]",
                env!("CARGO_PKG_NAME"),
                command.name()
            ))
            .after_help(format!(
                "{}\n\nVariables are explained by `sponsor-backup --help`.",
                examples(command)
            ))
            .args(flags)
    });
    clap::Command::new(env!("CARGO_PKG_NAME"))
        .version(env!("CARGO_PKG_VERSION"))
        .about("Backs up every sponsor's PostgreSQL database to S3 before a deployment, and keeps the record")
        .after_help(format!("{}\n\n{ENVIRONMENT}", examples_of_all()))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(commands)
        .subcommands(packaging::commands())
}

fn examples_of_all() -> String {
    let first = |command| examples(command).lines().nth(1).unwrap_or_default().to_owned();
    let lines = [Command::Backup, Command::List, Command::Drill].map(first);
    format!("Examples:\n{}", lines.join("\n"))
}

/// What people type, beginning with the simplest.
fn examples(command: Command) -> String {
    let lines: &[&str] = match command {
        Command::Matrix => &["--environment production", "--environment production --max-jobs 20"],
        Command::Backup => &[
            "--environment production",
            "--environment staging --sponsors callisto,titan --dry-run",
            "--environment development --manifest m.yaml --secrets-file s.yaml",
            "--environment production --pre-migration=false --compression zstd",
        ],
        Command::Record => &["--environment production --outcome success --version v1.4.2"],
        Command::List => &[
            "--environment production --sponsors callisto",
            "--environment production --json",
            "--environment production --max-backup-age 8h",
        ],
        Command::Verify => {
            &["--environment production --sponsors callisto", "--environment production --all --timeout 3h"]
        }
        Command::Restore => &[
            "--environment production --sponsors callisto --dry-run",
            "--environment production --sponsors callisto --backup 20261120-120000",
        ],
        Command::Drill => &[
            "--environment production --sponsors callisto",
            "--environment production --max-rpo 6h --max-rto 30m --drill-checks checks.sql",
        ],
    };
    let before = if command == Command::Restore { "TARGET_DATABASE_URL=… " } else { "" };
    let line = |rest: &&str| format!("  {before}sponsor-backup {} {rest}", command.name());
    format!("Examples:\n{}", lines.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn flag(input: &Input) -> clap::Arg {
    let default =
        if input.default.is_empty() { String::new() } else { format!(" [default: {}]", input.default) };
    let help = format!("{}{default}", input.help.replace(['`', '*'], ""));
    let flag = clap::Arg::new(input.name).long(input.name).help(help).help_heading(heading(input.name));
    if input.boolean {
        flag.num_args(0..=1).require_equals(true).default_missing_value("true").value_name("true|false")
    } else {
        flag.num_args(1).allow_hyphen_values(true).value_name(value_name(input.name))
    }
}

/// The group in which people look for a flag.
fn heading(input: &str) -> &'static str {
    match input {
        "environment" | "sponsors" => "What",
        "manifest" | "secrets-file" | "core-project" | "project-prefix" | "config" | "doppler-api-url" => {
            "Manifest and secrets"
        }
        "version" | "commit-sha" | "reason" | "outcome" | "backup-location" | "backup-size"
        | "pre-migration" => "The deployment",
        "github-token" | "issue-on-failure" => "GitHub",
        "schemas" | "exclude-schemas" | "exclude-table-data" | "include-privileges" | "accept-new-source"
        | "lock-wait-timeout" | "max-replica-lag" => "The dump",
        "compression" | "compression-level" | "age-recipients" | "require-encryption" => {
            "Compression and encryption"
        }
        "retention-years"
        | "object-lock"
        | "storage-class"
        | "s3-endpoint-url"
        | "s3-force-path-style"
        | "expected-bucket-owner" => "Storage",
        "backup" | "allow-older" | "all" | "skip-frozen" | "max-backup-age" | "age-identity-file"
        | "thaw" => "Which backup, and how it is read",
        "target-database-url" | "replace" | "allow-partial" | "confirm" | "skip-missing-extensions" => {
            "The target"
        }
        "drill-checks" | "max-rpo" | "max-rto" => "What a drill must show",
        _ => "How it runs",
    }
}

/// What kind of thing is typed; shorter than the flag's name over again.
fn value_name(input: &str) -> &'static str {
    match input {
        "manifest" | "secrets-file" | "age-identity-file" | "drill-checks" => "FILE",
        "workflows" => "FOLDER",
        "doppler-api-url" | "s3-endpoint-url" | "target-database-url" => "URL",
        "timeout" | "lock-wait-timeout" | "max-replica-lag" | "max-backup-age" | "max-rpo" | "max-rto" => {
            "DURATION"
        }
        "memory-limit" | "backup-size" => "SIZE",
        "max-parallel" | "max-jobs" | "compression-level" | "retention-years" => "NUMBER",
        "sponsors" | "accept-new-source" | "confirm" | "config" | "core-project" => "NAME",
        "schemas" | "exclude-schemas" | "exclude-table-data" => "PATTERN",
        "environment" => "ENVIRONMENT",
        "github-token" => "TOKEN",
        _ => "VALUE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_valid_and_every_example_parses() {
        definition().debug_assert();
        for command in Command::ALL {
            for example in examples(command).lines().skip(1) {
                let words: Vec<String> = example
                    .split_whitespace()
                    .skip_while(|word| *word != "sponsor-backup")
                    .skip(1)
                    .map(str::to_owned)
                    .collect();
                let variables = [("TARGET_DATABASE_URL".to_owned(), "postgresql://a@localhost/b".to_owned())];
                let parsed = crate::cli::parse(&words, &variables.into_iter().collect());
                assert!(matches!(parsed, Ok(crate::cli::Request::Order(_))), "{example}: {parsed:?}");
            }
        }
    }
}
