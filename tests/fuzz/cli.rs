//! What is typed: flags, and the variables of a step.

use std::collections::BTreeMap;

use sponsor_backup::cli::inputs::{Command, INPUTS, Input, variable};
use sponsor_backup::cli::{self, Request, UsageError};

use crate::dice::Dice;
use crate::engine::{Outcome, Target};

const CANARY: &str = "c4n4ryhunter2";

const SEEDS: [&str; 9] = [
    "96MiB",
    "6h",
    "s3://bucket/backups/x.sql.gz",
    "file:///srv/io/backups/x.sql.gz",
    "20261120-013059",
    "callisto, titan\nio",
    "https://api.doppler.com",
    "true",
    "age1qqqqqq\n# x",
];

#[rustfmt::skip]
const TOKENS: &[&[u8]] = &[
    b"MiB", b"GB", b"kb", b"E", b"e", b".", b"-", b"+", b"s", b"ms", b"h", b"d", b"P1Y", b"PT", b"inf", b"NaN", b" ", b"\n", b",", b"true", b"latest",
    b"s3://", b"https://", b"http://", b"localhost", b"127.0.0.1", b"[::1]", b"@", b"=", b"--", b"'", b"\xc2\xa0", b"\xd9\xa3", b"0x", b"_", b"DEEP_ARCHIVE",
];

#[test]
fn command_lines() {
    let seeds = SEEDS.map(|seed| seed.as_bytes().to_vec()).to_vec();
    Target { name: "cli", seeds, tokens: TOKENS, longest: 300 }
        .run(|input, dice| property(&String::from_utf8_lossy(input), dice));
}

/// A flag means what its variable means, wins over it, and no secret is ever repeated.
fn property(value: &str, dice: &mut Dice) -> Outcome {
    let value = value.replace('\0', "");
    let command = Command::ALL[dice.below(Command::ALL.len())];
    let is_read = |input: &&Input| input.commands.contains(&command) && input.is_of_the_action();
    let inputs: Vec<&Input> = INPUTS.iter().filter(is_read).collect();
    let input = inputs[dice.below(inputs.len())];
    let mut variables = usual();
    variables.remove(&variable(input.name));
    let flag = format!("--{}={value}", input.name);
    let by_flag = told(&cli::parse(&[command.name().to_owned(), flag.clone()], &variables));
    let other = dice.pick(&["x", "", "true", "7"]);
    variables.insert(variable(input.name), other.to_owned());
    // An empty flag is an unset one: then the variable counts.
    let over_variable = told(&cli::parse(&[command.name().to_owned(), flag], &variables));
    variables.insert(variable(input.name), value.clone());
    let by_variable = told(&cli::parse(&[command.name().to_owned()], &variables));
    if by_flag != by_variable && !(input.boolean && value.trim().is_empty()) {
        return Err(format!("{} is {by_flag} as a flag and {by_variable} as a variable", input.name));
    }
    if !value.trim().is_empty() && over_variable != by_flag {
        return Err(format!("{}: the flag does not win: {over_variable}, not {by_flag}", input.name));
    }
    secrets_stay_secret(&value, command, dice)?;
    refused_without_harm(&value, command)?;
    let kind: String = by_flag.chars().filter(char::is_ascii_alphabetic).take(60).collect();
    Ok(format!("{} {kind}", input.name))
}

fn usual() -> BTreeMap<String, String> {
    let pairs = [
        (variable("environment"), "production"),
        (variable("outcome"), "success"),
        (variable("target-database-url"), "postgresql://u:p@h/d"),
    ];
    pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

/// All that may be seen of what was understood, or of why it was not.
fn told(request: &Result<Request, UsageError>) -> String {
    match request {
        Ok(request) => format!("{request:?}"),
        Err(error) => format!("{error} {error:?}"),
    }
}

fn secrets_stay_secret(value: &str, command: Command, dice: &mut Dice) -> Result<(), String> {
    let secret = format!("{value}{CANARY}{value}");
    let mut variables = usual();
    let all = [
        "AGE_IDENTITY",
        "TARGET_DATABASE_URL",
        "DOPPLER_TOKEN_CORE",
        "DOPPLER_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECRET_ACCESS_KEY_IO",
        "INPUT_TARGET-DATABASE-URL",
    ];
    for name in all {
        if !dice.once_in(3) {
            variables.insert(name.to_owned(), secret.clone());
        }
    }
    let seen = told(&cli::parse(&[command.name().to_owned()], &variables));
    if seen.contains(CANARY) {
        return Err(format!("a secret is shown: {seen}"));
    }
    Ok(())
}

/// Whatever the words of a command line are: an answer, and a short one where it is an error.
fn refused_without_harm(value: &str, command: Command) -> Result<(), String> {
    let words: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
    let mut line = vec![command.name().to_owned()];
    line.extend(words.clone());
    for arguments in [words, line] {
        if let Err(error) = cli::parse(&arguments, &usual())
            && error.message.is_empty()
        {
            return Err(format!("{arguments:?} is refused without a word"));
        }
    }
    let mut variables = usual();
    variables.insert(format!("INPUT_{value}"), value.to_owned());
    drop(cli::parse(&[command.name().to_owned()], &variables));
    Ok(())
}
