//! A terminal that missed a failure would let a wrong page pass.

use crate::support::{Doppler, Moto, Newcomer, OnCall, Play, page};

#[test]
fn a_terminal_keeps_its_state_and_notes_what_fails() {
    let doppler = Doppler::start();
    let newcomer = Newcomer::at(&doppler, Moto::shared());
    let mut terminal = newcomer.terminal();
    let failed =
        |typed: &crate::support::Typed| typed.failed.iter().map(|(status, _)| *status).collect::<Vec<_>>();
    let typed = terminal.run("a=1; put() { (exit 3); }\nif false; then :; fi\ntrue || false");
    assert!(failed(&typed).is_empty(), "{typed:#?}");
    assert_eq!(failed(&terminal.run("false\necho \"$a\"")), [1]);
    assert_eq!(failed(&terminal.run("false | true")), [1], "in the middle of a pipeline");
    assert!(failed(&terminal.run("put")).ends_with(&[3]), "in a function of an earlier block");
    assert_eq!(failed(&terminal.run("no-such-program")), [127]);
    terminal.type_line("secret");
    let typed = terminal.run("read -rs line\necho \"$a $line\"; echo wrong >&2");
    assert_eq!(typed.printed, "1 secret\nwrong\n");
    let failing = terminal.run("sh -c 'exit 17' # why\ntrue");
    assert_eq!(failing.failed, [(17, "sh -c 'exit 17'".to_owned())]);
}

const TEXT: &str = "## One\n```sh\ntrue\n```\n1. `gh api x`\n   ```sql\n   SELECT 1;\n     -- more\n   ```\n### Two\n\
                    Not `true`, but `list --all` and `psql -c x`.\n```text\n`gh no`\n```\n| a | `b` | c |\n";

#[test]
fn a_page_is_taken_apart() {
    let blocks = page::blocks(TEXT);
    let names: Vec<(&str, &str)> =
        blocks.iter().map(|block| (block.name.as_str(), block.language.as_str())).collect();
    assert_eq!(names, [("One 1", "sh"), ("One 2", "sql"), ("Two 1", "text")]);
    assert_eq!(page::block(TEXT, "One 2").text, "SELECT 1;\n  -- more\n");
    assert_eq!(page::inline_commands(TEXT), ["gh api x", "list --all", "psql -c x"]);
    assert_eq!(page::rows(TEXT), [["a", "`b`", "c"]]);
}

/// A play that was not run to its end must not pass.
#[test]
#[should_panic(expected = "not run: {\"One 1\"}")]
fn a_play_that_leaves_a_block_out_fails() {
    const PLAY: Play = Play { page: TEXT, blocks: &["One 1"], inline: &[] };
    let store = crate::support::StrictS3::start();
    OnCall::at(&store, &PLAY).end("nothing");
}
