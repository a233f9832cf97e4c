//! The texts of the command line, kept for review in `tests/snapshots`.

use super::*;
use crate::cli::inputs::INPUTS;
use crate::cli::{Request, parse};
use crate::reviewed;

/// The width of the terminal in which the help is kept.
const WIDTH: usize = 100;

/// The help, as a terminal of that many columns shows it.
fn help(arguments: &[&str], width: usize) -> String {
    let arguments = arguments.iter().flat_map(|argument| argument.split(' '));
    let words = std::iter::once(env!("CARGO_PKG_NAME")).chain(arguments);
    definition().term_width(width).try_get_matches_from(words).unwrap_err().to_string()
}

fn commands() -> impl Iterator<Item = &'static str> {
    let groups = Command::GROUPS.into_iter().map(|(group, _)| group);
    Command::ALL.into_iter().map(Command::name).chain(groups).chain(["completions", "man"])
}

#[test]
fn every_example_is_one_that_the_program_accepts() {
    definition().debug_assert();
    for command in Command::ALL {
        for example in examples(command).lines().skip(1) {
            assert!(example.chars().count() <= WIDTH, "{example}");
            let words: Vec<String> = example.split_whitespace().skip(1).map(str::to_owned).collect();
            let variables = [("TARGET_DATABASE_URL".to_owned(), "postgresql://a@localhost/b".to_owned())];
            let parsed = parse(&words, &variables.into_iter().collect());
            let is_init = command == Command::Init;
            let accepted = match &parsed {
                Ok(Request::Command { .. }) => !is_init,
                Ok(Request::Init(_)) => is_init,
                _ => false,
            };
            assert!(accepted, "{example}: {parsed:?}");
        }
    }
}

#[test]
fn help_of_every_command_is_reviewed() {
    reviewed::text("help", &help(&["--help"], WIDTH));
    reviewed::text("help-short", &help(&["-h"], WIDTH));
    for command in commands() {
        let name = command.replace(' ', "-");
        reviewed::text(&format!("help-{name}"), &help(&[command, "--help"], WIDTH));
        reviewed::text(&format!("help-{name}-short"), &help(&[command, "-h"], WIDTH));
    }
}

#[test]
fn help_is_never_wider_than_the_terminal_or_100_columns() {
    let commands: Vec<&str> = std::iter::once("").chain(commands()).collect();
    for command in commands {
        for flag in ["-h", "--help"] {
            let words = [command, flag].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
            for (width, widest) in [(80, 80), (100, WIDTH)] {
                let text = help(&words, width);
                // clap does not wrap the usage.
                let lines = text.lines().filter(|line| !line.starts_with("Usage: ") || width == WIDTH);
                let longest = lines.map(|line| line.chars().count()).max();
                assert!(longest <= Some(widest), "{words:?} at {width}: {longest:?}\n{text}");
            }
            // However wide the terminal of this test is.
            let Ok(Request::Text(text)) =
                parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), &[].into())
            else {
                panic!("{words:?}")
            };
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        }
    }
}

/// What a user types and sets, and gets an error for.
struct Case {
    arguments: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
}

const fn typed(arguments: &'static [&'static str]) -> Case {
    Case { arguments, variables: &[] }
}

const fn set(arguments: &'static [&'static str], variables: &'static [(&'static str, &'static str)]) -> Case {
    Case { arguments, variables }
}

const KEY: &str = "arn:aws:iam::123456789012:user/x";
const ID: &str = "12345678";

/// At least one of every usage error.
const CASES: &[Case] = &[
    typed(&["bakup"]),
    typed(&["nonsense"]),
    typed(&["--environment", "production"]),
    typed(&["completions"]),
    typed(&["completions", "tcsh"]),
    typed(&["man", "bake"]),
    typed(&["man", "hold adds"]),
    typed(&["hold", "ad"]),
    typed(&["hold", "--environment", "staging"]),
    typed(&["hold", "add", "--environment", "staging"]),
    typed(&["hold", "remove", "--environment", "staging", "--reason", "closed"]),
    typed(&["list", "--environment", "staging", "--limit", "0"]),
    set(&[], &[("INPUT_COMMAND", "hold lift")]),
    typed(&["backup"]),
    set(&["backup"], &[("INPUT_SPONSER", "x")]),
    set(&["backup"], &[("INPUT_QQQ", "x")]),
    set(&["backup"], &[("INPUT_DRY_RUN", "true")]),
    set(&["backup"], &[("INPUT_VERBOSE", "true")]),
    typed(&["--verbose"]),
    typed(&["--verison"]),
    typed(&["backup", "--version"]),
    typed(&["list", "--version"]),
    typed(&["list", "--backup", "latest"]),
    typed(&["list", "--outcome", "success"]),
    typed(&["backup", "--force"]),
    typed(&["backup", "--verbose"]),
    typed(&["backup", "--env", "staging"]),
    typed(&["backup", "--enviroment", "staging"]),
    typed(&["man", "--environment", "staging"]),
    typed(&["backup", "--environment", "production", "--require-backup", "ON"]),
    typed(&["backup", "production"]),
    set(&["backup"], &[("INPUT_ENVIRONMENT", "prod")]),
    typed(&["backup", "--environment"]),
    typed(&["backup", "--environment", "staging", "--environment", "staging"]),
    typed(&["backup", "--environment", "production", "--sponsor", "x"]),
    typed(&["backup", "--environment", "production", "--qqq"]),
    typed(&["backup", "--environment", "production", "--dry-run", "yes"]),
    typed(&["backup", "--environment", "production", "--dry-run=yes"]),
    typed(&["list", "--environment", "production", "--dry-run"]),
    typed(&["backup", "--environment", "production", "--max-parallel", "0"]),
    typed(&["backup", "--environment", "production", "--timeout", "soon"]),
    typed(&["backup", "--environment", "production", "--memory-limit", "lots"]),
    typed(&["backup", "--environment", "production", "--memory-limit", "1MiB"]),
    typed(&["backup", "--environment", "production", "--compression", "brotli"]),
    typed(&["backup", "--environment", "production", "--compression-level", "13"]),
    typed(&["backup", "--environment", "production", "--age-recipients", "age1x"]),
    typed(&["backup", "--environment", "production", "--require-encryption"]),
    typed(&["backup", "--environment", "production", "--object-lock", "on"]),
    typed(&["backup", "--environment", "staging", "--object-lock", "compliance"]),
    typed(&["backup", "--environment", "production", "--retention-years", "101"]),
    typed(&["backup", "--environment", "production", "--storage-class", "DEEP"]),
    typed(&["backup", "--environment", "production", "--commit-sha", "8d3b3ff"]),
    typed(&["backup", "--environment", "production", "--github-token", "two words"]),
    typed(&["backup", "--environment", "production", "--s3-endpoint-url", "minio:9000"]),
    typed(&["backup", "--environment", "production", "--s3-endpoint-url", "https://a:b@s3.example.org"]),
    typed(&["backup", "--environment", "production", "--s3-endpoint-url", "https://s3.example.org/?x"]),
    typed(&["backup", "--environment", "production", "--doppler-api-url", "http://doppler.example.org"]),
    typed(&["backup", "--environment", "production", "--doppler-identity-id", ID]),
    typed(&["backup", "--environment", "production", "--aws-role-arn", KEY]),
    set(&["backup", "--environment", "production"], &[("AWS_ENDPOINT_URL_STS", "http://sts.example.org")]),
    typed(&["record", "--environment", "production"]),
    typed(&["record", "--environment", "production", "--outcome", "ok"]),
    typed(&["record", "--environment", "production", "--outcome", "success", "--backup-size", "1 MB"]),
    typed(&[
        "record",
        "--environment",
        "production",
        "--outcome",
        "success",
        "--backup-location",
        "s3://b/x",
    ]),
    typed(&[
        "record",
        "--environment",
        "production",
        "--outcome",
        "success",
        "--backup-location",
        "not-configured",
        "--backup-size",
        "12",
    ]),
    typed(&["matrix", "--environment", "production", "--max-jobs", "many"]),
    typed(&["verify", "--environment", "production", "--all", "--backup", "20261120-013000"]),
    typed(&["verify", "--environment", "production", "--all", "--allow-older"]),
    typed(&["verify", "--environment", "production", "--skip-frozen"]),
    typed(&["verify", "--environment", "production", "--backup", "newest"]),
    typed(&["verify", "--environment", "production", "--backup", "20261120-013000", "--allow-older"]),
    set(&["verify", "--environment", "production"], &[("AGE_IDENTITY", "age1x")]),
    typed(&["restore", "--environment", "production"]),
    typed(&["list", "--environment", "production", "--json", "--outputs"]),
    set(&[], &[("INPUT_COMMAND", "init")]),
    set(&["backup", "--environment", "production"], &[("INPUT_SPONSOR", "x")]),
    set(&["backup", "--environment", "production"], &[("INPUT_STORE", "x")]),
    typed(&["init", "--environment", "production"]),
    typed(&["init", "--sponsor", "Callisto"]),
    typed(&["init", "--code", "CALL"]),
    typed(&["init", "--store"]),
    typed(&["restore", "--environment", "production", "--store", "x"]),
];

fn refused(case: &Case) -> UsageError {
    let words: Vec<String> = case.arguments.iter().map(|word| (*word).to_owned()).collect();
    let variables = case.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    match parse(&words, &variables.collect()) {
        Err(error) => error,
        Ok(request) => panic!("{words:?}: {request:?}"),
    }
}

#[test]
fn usage_errors_and_their_hints_are_reviewed() {
    let errors = CASES.iter().map(refused);
    reviewed::errors("errors-usage", errors.map(|error| (error.message, error.hint)));
}

#[test]
fn completions_of_every_shell_know_every_command_and_flag() {
    for (shell, _) in SHELLS {
        let text = completions(shell).unwrap();
        let flag = |name: &str| text.contains(&format!("-l {name}")) || text.contains(&format!("--{name}"));
        assert!(INPUTS.iter().all(|input| flag(input.name)), "{shell}");
        assert!(
            Command::ALL.iter().all(|command| command.name().split(' ').all(|word| text.contains(word))),
            "{shell}"
        );
    }
    assert!(completions("tcsh").is_err());
}

#[test]
fn manual_pages_have_flags_examples_and_names() {
    let whole = manual_page(None).unwrap();
    assert!(whole.contains(".TH sponsor-backup 1") && whole.contains("DOPPLER_TOKEN_CORE"), "{whole}");
    for command in Command::ALL {
        let text = manual_page(Some(command.name())).unwrap();
        let title = format!(".TH sponsor-backup-{} 1", command.name().replace(' ', "-"));
        assert!(text.contains(&title), "{text}");
        let flag = if command == Command::Init { "\\-\\-store" } else { "\\-\\-environment" };
        assert!(text.contains(".SH \"EXAMPLES") && text.contains(flag), "{text}");
        assert!(!text.contains("EXTRA"), "{text}");
    }
    assert!(manual_page(Some("bake")).is_err());
}
