use super::order::{BackupOrder, RecordOrder};
use super::*;
use crate::archive::Codec;
use crate::record::Outcome;
use crate::sponsors::{Environment, Selection};

fn parse_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Request, UsageError> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    parse(&arguments, &variables)
}

fn backup(arguments: &[&str], variables: &[(&str, &str)]) -> Result<BackupOrder, UsageError> {
    match parse_with(arguments, variables)? {
        Request::Order(order) => match *order {
            Order::Backup(order) => Ok(order),
            other => panic!("not a backup: {other:?}"),
        },
        Request::Text(text) => panic!("not an order: {text}"),
    }
}

fn record(arguments: &[&str]) -> Result<RecordOrder, UsageError> {
    match parse_with(arguments, &[])? {
        Request::Order(order) => match *order {
            Order::Record(order) => Ok(order),
            other => panic!("not a record: {other:?}"),
        },
        Request::Text(text) => panic!("not an order: {text}"),
    }
}

fn refused(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let error = parse_with(arguments, variables).unwrap_err();
    format!("{error} | {}", error.hint.clone().unwrap_or_default())
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
    let order = backup(&[], &variables).unwrap();
    assert_eq!(order.scope.environment, Environment::Staging);
    assert_eq!(order.scope.config, "staging");
    assert_eq!(order.recipe.codec, Codec::Zstd(Codec::ZSTD_LEVEL));
    assert_eq!(order.deployment.max_parallel.get(), 4);
    assert!(order.dry_run && order.pre_migration && !order.require_backup);
    let order = backup(&["backup", "--environment", "development", "--dry-run=false"], &variables).unwrap();
    assert_eq!((order.scope.environment, order.dry_run), (Environment::Development, false));
    assert_eq!(order.scope.config, "dev");
}

#[test]
fn a_step_that_names_no_command_backs_up() {
    let variables = [("GITHUB_ACTIONS", "true"), ("INPUT_COMMAND", " "), ("INPUT_ENVIRONMENT", "production")];
    assert!(backup(&[], &variables).is_ok());
}

#[test]
fn defaults_are_the_documented_ones() {
    let order = backup(&["backup", "--environment", "production"], &[]).unwrap();
    assert_eq!(order.scope.selection, Selection::AllEnabled);
    assert_eq!(order.deployment.retention_years, Some(7));
    assert_eq!(order.memory_limit_bytes, 96 << 20);
    assert_eq!((order.timeout.as_secs(), order.dump.lock_wait_timeout.as_secs()), (6 * 3600, 30));
    assert_eq!(order.recipe.codec, Codec::Gzip(Codec::GZIP_LEVEL));
    assert!(order.deployment.endpoint.checksums && order.deployment.endpoint.url.is_none());
    let staging = backup(&["backup", "--environment", "staging"], &[]).unwrap();
    assert_eq!(staging.deployment.retention_years, None);
}

#[test]
fn every_input_has_a_default_that_its_command_accepts() {
    for command in Command::ALL {
        let arguments = [command.name(), "--environment", "production"];
        let required: &[&str] = match command {
            Command::Record => &["--outcome", "success"],
            Command::Restore => &["--target-database-url", "postgres://app@db/app"],
            _ => &[],
        };
        assert!(parse_with(&[&arguments[..], required].concat(), &[]).is_ok(), "{}", command.name());
    }
}

#[test]
fn what_means_nothing_is_refused_by_name_and_with_a_suggestion() {
    let production = ["backup", "--environment", "production"];
    let with = |more: &[&'static str]| refused(&[&production[..], more].concat(), &[]);
    for (told, expected) in [
        (refused(&[], &[]), "no command was given"),
        (refused(&["bakup"], &[]), "unrecognized subcommand 'bakup' | a similar subcommand exists: 'backup'"),
        (
            with(&["--sponsor", "x"]),
            "unexpected argument '--sponsor' found | a similar argument exists: '--sponsors'",
        ),
        (refused(&["backup"], &[]), "`environment` is not set | Set the input `environment`"),
        (refused(&["backup"], &[("INPUT_ENVIRONMENT", "prod")]), "`environment` is `prod`; it must be"),
        (
            refused(&["backup"], &[("INPUT_SPONSER", "x")]),
            "unknown input `sponser` | Did you mean `sponsors`?",
        ),
        (with(&["--dry-run=yes"]), "`dry-run` is `yes`; it must be true or false"),
        (with(&["--max-parallel", "0"]), "`max-parallel` is `0`; it must be a whole number from 1"),
        (with(&["--max-parallel", "-3"]), "`max-parallel` is `-3`"),
        (with(&["--timeout", "soon"]), "`timeout` is `soon`; write a duration"),
        (with(&["--timeout", "-6h"]), "`timeout` is `-6h`"),
        (with(&["--memory-limit", "lots"]), "`memory-limit` is `lots`; write a size"),
        (with(&["--memory-limit", "1MiB"]), "`memory-limit` is too small"),
        (with(&["--compression", "brotli"]), "`compression` is `brotli`"),
        (with(&["--compression-level", "13"]), "`compression-level` is 13; gzip knows levels 1 to 12"),
        (with(&["--age-recipients", "age1x"]), "`age-recipients` holds in line 1 no age public key"),
        (with(&["--object-lock", "on"]), "`object-lock` is `on`"),
        (
            refused(&["backup", "--environment", "staging", "--object-lock", "compliance"], &[]),
            "nothing says until when | Set `retention-years` too.",
        ),
        (with(&["--storage-class", "DEEP"]), "`storage-class` is `DEEP`; S3 knows"),
        (with(&["--s3-endpoint-url", "minio:9000"]), "`s3-endpoint-url` is `minio:9000`"),
        (
            with(&["--doppler-api-url", "http://doppler.example.org"]),
            "`doppler-api-url` must begin with https://",
        ),
        (refused(&["record", "--environment", "production"], &[]), "`outcome` is not set"),
        (refused(&["record", "--environment", "production", "--outcome", "ok"], &[]), "`outcome` is `ok`"),
        (
            refused(
                &["record", "--environment", "production", "--outcome", "success", "--backup-size", "1 MB"],
                &[],
            ),
            "`backup-size` is `1 MB`",
        ),
        (
            refused(&["matrix", "--environment", "production", "--max-jobs", "many"], &[]),
            "`max-jobs` is `many`",
        ),
    ] {
        assert!(told.contains(expected), "told: {told}\nexpected: {expected}");
    }
}

#[test]
fn record_takes_the_results_of_a_job() {
    for outcome in ["success", "failure", "cancelled", "skipped"] {
        let order = record(&["record", "--environment", "production", "--outcome", outcome]).unwrap();
        assert_eq!(order.outcome.name(), outcome);
    }
    assert!(Outcome::OF_A_DEPLOYMENT.iter().all(|outcome| *outcome != Outcome::Disabled));
}

#[test]
fn help_and_version_are_texts() {
    for arguments in [&["--help"][..], &["--version"], &["backup", "--help"]] {
        match parse_with(arguments, &[]).unwrap() {
            Request::Text(text) => assert!(text.contains("backup"), "{text}"),
            Request::Order(order) => panic!("{order:?}"),
        }
    }
}

#[test]
fn the_sdks_own_switches_are_honoured() {
    let variables = [
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED"),
    ];
    let order = backup(&["backup", "--environment", "production"], &variables).unwrap();
    assert_eq!(order.deployment.endpoint.url.as_deref(), Some("http://127.0.0.1:9000"));
    assert!(!order.deployment.endpoint.checksums);
}

#[test]
fn a_boolean_flag_takes_the_next_word_only_if_it_is_a_boolean() {
    let order = |more: &[&'static str]| {
        backup(&[&["backup", "--environment", "production"], more].concat(), &[]).unwrap()
    };
    let spaced = order(&["--pre-migration", "false", "--dry-run", "True", "--require-backup"]);
    assert_eq!((spaced.pre_migration, spaced.dry_run, spaced.require_backup), (false, true, true));
    let bare = order(&["--dry-run", "--sponsors", "false"]);
    assert!(bare.dry_run);
    assert_eq!(bare.scope.selection, Selection::parse("false"));
    // The value of a flag that is none is left alone, whatever it looks like.
    let text = order(&["--reason", "--dry-run", "--version", "true"]);
    assert_eq!(text.deployment.reason.as_deref(), Some("--dry-run"));
    assert_eq!(text.deployment.version.as_deref(), Some("true"));
    assert!(!text.dry_run);
    let other = refused(&["backup", "--environment", "production", "--dry-run", "yes"], &[]);
    assert_eq!(other, "unexpected argument 'yes' found | `sponsor-backup backup --help` lists its flags.");
}
