//! `docs/troubleshooting.md`: each row of "By symptom" meets its symptom, and its command shows what the row promises.

mod backups;
mod databases;
mod refusals;
mod reports;

use std::collections::BTreeSet;

use crate::support::{Play, page};

const PAGE: &str = include_str!("../../docs/troubleshooting.md");

/// What each test runs.
const PLAYS: [&Play; 10] = [
    &backups::NIGHT,
    &backups::STORE,
    &backups::FLAG,
    &refusals::KEYS,
    &refusals::AGE,
    &databases::TARGET,
    &databases::LOCKS,
    &databases::DRILL,
    &reports::CHANGES,
    &reports::MONEY,
];

/// Commands within sentences that nothing runs, each with its reason.
const NOT_RUN_INLINE: [(&str, &str); 7] = [
    ("CREATE ROLE name NOLOGIN", "has a name to fill in"),
    ("GRANT pg_read_all_data TO …", "the same, and the pages' roles have it"),
    ("apt-get install postgresql-N", "the same, and installs a package"),
    ("apt-get install postgresql-client", "installs a package"),
    ("chmod 600 secrets.yaml", "the play of setup.md runs it"),
    (
        "doppler secrets set ENABLE_S3_BACKUP_ARCHIVAL=true",
        "needs the config that `doppler setup` stored; the play of setup.md names it",
    ),
    ("eval \"$(aws configure export-credentials --format env)\"", "only version 2 of the AWS CLI has it"),
];

const BACK_UP: &str =
    "sponsor-backup backup --environment production --sponsors callisto --pre-migration=false";

/// The rows of the table by symptom, and the command of each.
fn symptoms() -> Vec<(&'static str, &'static str)> {
    let (_, rest) = PAGE.split_once("\n## By symptom\n").unwrap();
    let rows = page::rows(rest.split("\n## ").next().unwrap()).into_iter();
    let commands = rows.filter(|[_, command, _]| command.starts_with('`'));
    commands.map(|[symptom, command, _]| (symptom, command.split('`').nth(1).unwrap())).collect()
}

#[test]
fn nothing_on_the_page_is_skipped_without_a_reason() {
    assert!(page::blocks(PAGE).is_empty(), "a block needs a play");
    let symptoms = symptoms();
    assert!(symptoms.len() > 20, "{symptoms:#?}");
    let played: BTreeSet<&str> = PLAYS.iter().flat_map(|play| play.inline).copied().collect();
    let unknown: Vec<_> = symptoms.iter().filter(|(symptom, _)| !played.contains(symptom)).collect();
    assert!(unknown.is_empty(), "no test plays {unknown:#?}");
    let by_symptom = symptoms.iter().map(|(_, command)| *command);
    let run: BTreeSet<&str> =
        by_symptom.chain(NOT_RUN_INLINE.map(|(command, _)| command)).chain(played).collect();
    let new: Vec<&str> =
        page::inline_commands(PAGE).into_iter().filter(|command| !run.contains(command)).collect();
    assert!(new.is_empty(), "no test runs {new:#?}");
    let all: BTreeSet<&str> = page::inline_commands(PAGE).into_iter().collect();
    let gone: Vec<_> = NOT_RUN_INLINE.iter().filter(|(command, _)| !all.contains(command)).collect();
    assert!(gone.is_empty(), "the page does not have {gone:?}");
}
