//! `docs/runbook.md`, played: each disaster happens to real servers, and the page's commands undo it. By hand, too: without this tool,
//! Doppler and GitHub. Each play prints how long the commands took.

mod by_hand;
mod corruption;
mod deletion;
mod loss;
mod restore;

use std::collections::BTreeSet;

use crate::support::{Diary, OnCall, Play, page};

const PAGE: &str = include_str!("../../docs/runbook.md");

/// What each test runs.
const PLAYS: [&Play; 10] = [
    &restore::SWITCH,
    &corruption::CORRUPTION,
    &deletion::DELETION,
    &deletion::DROPPED,
    &loss::DATABASE,
    &loss::REGION,
    &by_hand::CORRUPTION,
    &by_hand::DELETION,
    &by_hand::DATABASE,
    &by_hand::REGION,
];

/// Blocks that nothing runs, each with its reason.
const NOT_RUN: [(&str, &str); 1] =
    [("Accidental deletion 3", "what a command prints: the play compares its head with what was printed")];
/// Commands within sentences that nothing runs, each with its reason.
const NOT_RUN_INLINE: [(&str, &str); 7] = [
    (
        "ALTER ROLE diary_app IN DATABASE diary SET …",
        "for a role that serves other databases: here it serves one",
    ),
    (
        "SELECT max(created_at) FROM diary.entries",
        "the checks run it, and each play sees the application write",
    ),
    ("list --with", "names an option: the play of the deletion runs the whole command"),
    ("CREATE SCHEMA recovered: permission denied", "a message: the play of the deletion asserts it"),
    ("DROP … CASCADE", "an accident: the play of the dropped table has one"),
    ("restore --into", "names an option: the play of the deletion runs the whole command"),
    ("aws s3 sync", "how the rehearsal stood in for the replication of S3"),
];

/// Asserts that what was there is there, with what was written since, and nothing else.
#[track_caller]
fn assert_diary(on_call: &OnCall, expected: &Diary) {
    let found = on_call.diary();
    for (table, rows) in expected {
        let difference: Vec<&String> = rows.symmetric_difference(&found[table]).take(5).collect();
        assert!(difference.is_empty(), "{table}: {difference:#?}");
    }
}

/// The application writes again, with a key of its own, and what it wrote before stays.
#[track_caller]
fn assert_writable(on_call: &OnCall) {
    let before = on_call.diary();
    on_call.write_visits(1);
    let after = on_call.diary();
    assert_eq!(after["diary.visits"].len(), before["diary.visits"].len() + 1);
    assert!(after["diary.visits"].is_superset(&before["diary.visits"]));
}

#[track_caller]
fn assert_read_only(on_call: &OnCall) {
    let refused = on_call.app("INSERT INTO diary.patients (name) VALUES ('late')").unwrap_err();
    assert!(refused.contains("in a read-only transaction"), "{refused}");
}

#[test]
fn nothing_on_the_page_is_skipped_without_a_reason() {
    let blocks: Vec<String> = page::blocks(PAGE).into_iter().map(|block| block.name).collect();
    let blocks: BTreeSet<&str> = blocks.iter().map(String::as_str).collect();
    let run = PLAYS.iter().flat_map(|play| play.blocks).copied();
    let known: BTreeSet<&str> = run.chain(NOT_RUN.map(|(name, _)| name)).collect();
    assert_eq!(known, blocks);
    let run = PLAYS.iter().flat_map(|play| play.inline).copied();
    let known: BTreeSet<&str> = run.chain(NOT_RUN_INLINE.map(|(command, _)| command)).collect();
    assert_eq!(known, page::inline_commands(PAGE).into_iter().collect());
}
