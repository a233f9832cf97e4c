use super::options::{BackupOptions, RecordOptions};
use super::*;
use crate::archive::Codec;
use crate::archive::codec::{Format, Level};
use crate::record::RecordedOutcome;
use crate::sponsors::{Environment, Selection};

fn parse_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Request, UsageError> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    parse(&arguments, &variables)
}

fn backup(arguments: &[&str], variables: &[(&str, &str)]) -> Result<BackupOptions, UsageError> {
    match parse_with(arguments, variables)? {
        Request::Command { options, .. } => match *options {
            CommandOptions::Backup(options) => Ok(options),
            other => panic!("not a backup: {other:?}"),
        },
        other => panic!("not a command: {other:?}"),
    }
}

fn record(arguments: &[&str]) -> Result<RecordOptions, UsageError> {
    match parse_with(arguments, &[])? {
        Request::Command { options, .. } => match *options {
            CommandOptions::Record(options) => Ok(options),
            other => panic!("not a record: {other:?}"),
        },
        other => panic!("not a command: {other:?}"),
    }
}

#[test]
fn a_flag_wins_over_its_variable_and_an_empty_variable_is_unset() {
    let variables = [
        ("INPUT_COMMAND", "backup"),
        ("INPUT_ENVIRONMENT", " staging\n"),
        ("INPUT_COMPRESSION", "zstd"),
        ("INPUT_MAX-PARALLEL", ""),
        ("INPUT_DRY-RUN", "True"),
    ];
    let options = backup(&[], &variables).unwrap();
    assert_eq!(options.common.environment, Environment::Staging);
    assert_eq!(options.common.config, "staging");
    assert_eq!(options.seal_options.codec, Codec { format: Format::Zstd, level: Level::Auto });
    assert_eq!(options.deployment.max_parallel.get(), 4);
    assert!(options.common.dry_run && options.pre_migration && !options.require_backup);
    let options = backup(&["backup", "--environment", "development", "--dry-run=false"], &variables).unwrap();
    assert_eq!((options.common.environment, options.common.dry_run), (Environment::Development, false));
    assert_eq!(options.common.config, "dev");
}

#[test]
fn a_step_that_names_no_command_backs_up() {
    let variables = [("GITHUB_ACTIONS", "true"), ("INPUT_COMMAND", " "), ("INPUT_ENVIRONMENT", "production")];
    assert!(backup(&[], &variables).is_ok());
}

#[test]
fn defaults_are_the_documented_ones() {
    let options = backup(&["backup", "--environment", "production"], &[]).unwrap();
    assert_eq!(options.common.selection, Selection::AllEnabled);
    assert_eq!(options.deployment.retention_years, Some(7));
    assert_eq!(options.memory_limit_bytes, 96 << 20);
    assert_eq!((options.timeout.as_secs(), options.dump.lock_wait_timeout.as_secs()), (6 * 3600, 30));
    assert_eq!(options.seal_options.codec, Codec { format: Format::Gzip, level: Level::Auto });
    assert!(options.deployment.endpoint.checksums && options.deployment.endpoint.url.is_none());
    let staging = backup(&["backup", "--environment", "staging"], &[]).unwrap();
    assert_eq!(staging.deployment.retention_years, None);
}

#[test]
fn every_input_has_a_default_that_its_command_accepts() {
    for command in Command::OF_THE_ACTION {
        let arguments = [command.name(), "--environment", "production"];
        let required: &[&str] = match command {
            Command::Record => &["--outcome", "success"],
            Command::Restore => &["--target-database-url", "postgres://app@db/app"],
            Command::Copy => &["--to", "file:///srv/second"],
            Command::HoldAdd => &["--reason", "audit"],
            Command::HoldRemove => {
                &["--reason", "closed", "--backup", "20261120-120000", "--confirm", "s3://b/k"]
            }
            Command::Prune => &["--keep-last", "3"],
            _ => &[],
        };
        assert!(parse_with(&[&arguments[..], required].concat(), &[]).is_ok(), "{}", command.name());
    }
}

#[test]
fn record_takes_the_results_of_a_job() {
    for outcome in ["success", "failure", "cancelled", "skipped"] {
        let options = record(&["record", "--environment", "production", "--outcome", outcome]).unwrap();
        assert_eq!(options.outcome.name(), outcome);
    }
    assert!(RecordedOutcome::OF_A_DEPLOYMENT.iter().all(|outcome| *outcome != RecordedOutcome::Disabled));
}

#[test]
fn help_and_version_are_texts() {
    for arguments in [&["--help"][..], &["--version"], &["backup", "--help"]] {
        match parse_with(arguments, &[]).unwrap() {
            Request::Text(text) => assert!(text.contains("backup"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_sdks_own_switches_are_honored() {
    let variables = [
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED"),
    ];
    let options = backup(&["backup", "--environment", "production"], &variables).unwrap();
    assert_eq!(options.deployment.endpoint.url.as_deref(), Some("http://127.0.0.1:9000"));
    assert!(!options.deployment.endpoint.checksums);
}

#[test]
fn a_boolean_flag_takes_the_next_word_only_if_it_is_a_boolean() {
    let options = |more: &[&'static str]| {
        backup(&[&["backup", "--environment", "production"], more].concat(), &[]).unwrap()
    };
    let spaced = options(&["--pre-migration", "false", "--dry-run", "True", "--require-backup"]);
    assert_eq!((spaced.pre_migration, spaced.common.dry_run, spaced.require_backup), (false, true, true));
    let bare = options(&["--dry-run", "--sponsors", "false"]);
    assert!(bare.common.dry_run);
    assert_eq!(bare.common.selection, Selection::parse("false"));
    // The value of a flag that is none is left alone, whatever it looks like.
    let text = options(&["--reason", "--dry-run", "--version", "true"]);
    let told = |text: &str| Some(FreeText::new(text.to_owned()));
    assert_eq!(text.deployment.reason, told("--dry-run"));
    assert_eq!(text.deployment.version, told("true"));
    assert!(!text.common.dry_run);
    let other = parse_with(&["backup", "--environment", "production", "--dry-run", "yes"], &[]);
    assert_eq!(other.unwrap_err().message, "`dry-run` is `yes`, not a boolean");
    let empty = parse_with(&["backup", "--environment", "production", "--dry-run="], &[]);
    assert_eq!(empty.unwrap_err().message, "`dry-run` is empty, not a boolean");
    let other = parse_with(&["backup", "--dry-run", "production"], &[]);
    assert_eq!(other.unwrap_err().message, "unexpected argument `production`");
}

#[test]
fn no_arguments_ask_for_nothing_and_get_the_help() {
    match parse_with(&[], &[("INPUT_ENVIRONMENT", "production")]).unwrap() {
        Request::Nothing(help) => assert!(help.contains("Usage: sponsor-backup"), "{help}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn outputs_are_printed_only_if_that_was_asked_for() {
    let printed = |more: &[&str], variables: &[(&str, &str)]| match parse_with(
        &[&["matrix", "--environment", "staging"], more].concat(),
        variables,
    )
    .unwrap()
    {
        Request::Command { outputs, .. } => outputs,
        other => panic!("{other:?}"),
    };
    assert!(!printed(&[], &[]));
    assert!(printed(&["--outputs"], &[]) && printed(&[], &[("INPUT_OUTPUTS", "true")]));
    assert!(!printed(&["--outputs", "false"], &[("INPUT_OUTPUTS", "true")]));
}

/// The messages of a refused command line, in order.
fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    let error = parse_with(arguments, variables).unwrap_err();
    assert!(error.each().iter().all(|one| one.others.is_empty() && one.hint.is_some()), "{error:?}");
    error.each().into_iter().map(|one| one.message).collect()
}

#[test]
fn all_that_is_wrong_is_reported_at_once() {
    let restore = ["restore", "--environment", "prod", "--backup", "newest", "--replace=maybe"];
    let wrong = [
        "`environment` is `prod`, not an environment",
        "`backup` is `newest`, not a backup",
        "`replace` is `maybe`, not a boolean",
        "`target-database-url` is not set",
    ];
    assert_eq!(refused(&restore, &[]), wrong);
    let key = ["AGE_IDENTITY", "nonsense"];
    let several = refused(
        &["verify", "--all", "--backup", "latest~1", "--s3-endpoint-url", "ftp://x"],
        &[(key[0], key[1]), ("INPUT_GITHUB-TOKEN", "two words"), ("INPUT_SPONSER", "x"), ("INPUT_QQQ", "x")],
    );
    assert_eq!(
        several,
        ["unknown input `qqq`", "unknown input `sponser`"],
        "others may follow from a misspelling"
    );
    let several = refused(
        &["verify", "--all", "--backup", "latest~1", "--skip-frozen", "--s3-endpoint-url", "ftp://x"],
        &[("INPUT_GITHUB-TOKEN", "two words")],
    );
    assert_eq!(several.len(), 4, "{several:?}");
    let backup = ["backup", "--retention-years", "101", "--require-encryption", "--memory-limit", "1MiB"];
    let several =
        refused(&[&backup[..], &["--environment", "production", "--commit-sha", "abc"]].concat(), &[]);
    assert_eq!(several.len(), 4, "{several:?}");
}

#[test]
fn each_unknown_flag_is_reported_with_what_is_malformed() {
    let words = [
        "restore",
        "--table",
        "visits",
        "--enviroment=production",
        "--backup",
        "newest",
        "extra",
        "--replace",
    ];
    let expected = [
        "unknown flag `--table`",
        "unknown flag `--enviroment`",
        "unexpected argument `extra`",
        "`backup` is `newest`, not a backup",
    ];
    assert_eq!(refused(&words, &[]), expected);
    let twice = ["verify", "--timeout", "1h", "--timeout", "2h", "--backup", "x", "--help"];
    assert_eq!(refused(&twice, &[]), ["`--timeout` is set more than once"], "`--help` ends the reading");
    assert_eq!(refused(&["bakup", "--nonsense"], &[]), ["unknown command `bakup`"]);
}

#[test]
fn a_file_name_of_another_environment_is_a_usage_error() {
    let staging = "backup-staging-20261120-013059.sql.gz";
    let wrong = refused(&["verify", "--environment", "production", "--backup", staging], &[]);
    assert_eq!(wrong, [format!("`backup` is `{staging}`, not a backup of production")]);
    assert!(parse_with(&["verify", "--environment", "staging", "--backup", staging], &[]).is_ok());
}

#[test]
fn only_a_boolean_flag_is_joined_with_its_value() {
    let joined = |words: &str| with_booleans_joined(words.split(' ').map(str::to_owned).collect()).join(" ");
    for (words, expected) in [
        ("backup --dry-run false", "backup --dry-run=false"),
        ("backup --reason true", "backup --reason true"),
        ("backup --reason --dry-run true", "backup --reason --dry-run true"),
        ("matrix --workflows --outputs true", "matrix --workflows --outputs=true"),
    ] {
        assert_eq!(joined(words), expected);
    }
}
