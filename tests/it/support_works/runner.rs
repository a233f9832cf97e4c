//! The runner's own rules, as its documentation and sources give them.

use crate::support::runner::{Console, command, commands, outputs};

#[test]
fn outputs_are_read_as_the_runner_reads_them() {
    let text = "plain=a=b<<c\n\nlong<<EOF\none\n\n EOF\nEOF\nempty=\nplain2=x\r\nlong<<E\ntwo\nE\n";
    let outputs = outputs(text).unwrap();
    assert_eq!(outputs["plain"], "a=b<<c");
    assert_eq!(outputs["long"], "two", "the last write wins");
    assert_eq!(outputs["empty"], "");
    assert_eq!(outputs["plain2"], "x\r", "only LF ends a line");
    assert_eq!(outputs.len(), 4);
}

#[test]
fn a_heredoc_keeps_its_lines_and_its_delimiter_exactly() {
    assert_eq!(outputs("long<<EOF\none\n\n EOF\nEOF\n").unwrap()["long"], "one\n\n EOF");
}

#[test]
fn what_the_runner_refuses_is_refused() {
    for bad in ["no sign\n", "=value\n", "name<<\nx\n\n", "name<<EOF\nnever ends\n", "<<EOF\nx\nEOF\n"] {
        assert!(outputs(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn commands_are_unescaped_and_others_are_text() {
    let error = command("  ::ERROR title=a%3Ab%2Cc,file=x::50%25 is%0Alost").unwrap();
    assert_eq!((error.name.as_str(), error.data.as_str()), ("error", "50% is\nlost"));
    assert_eq!(error.properties["title"], "a:b,c");
    assert_eq!(command("::error::%250A").unwrap().data, "%0A", "percent is unescaped last");
    assert!(command("::no-such-thing::x").is_none());
    assert!(command("text ::error::x").is_none());
}

#[test]
fn nothing_is_a_command_while_commands_are_stopped() {
    let names: Vec<_> =
        commands("::notice::a\n::stop-commands::pause\n::error::forged\n::pause::\n::warning::b\n")
            .into_iter()
            .map(|command| command.name)
            .collect();
    assert_eq!(names, ["notice", "stop-commands", "warning"]);
}

#[test]
fn masks_hold_from_their_announcement_on_and_for_every_line() {
    let mut console = Console::default();
    assert_eq!(console.show("early s3cret").unwrap(), "early s3cret");
    assert_eq!(console.show("::add-mask::s3cret%0A  second  "), None);
    assert_eq!(console.show("late s3cret and second").unwrap(), "late *** and ***");
    assert_eq!(console.show("::add-mask::s3cret-longer"), None);
    assert_eq!(console.show("s3cret-longer").unwrap(), "***");
}
