//! `init` as a person sees it at a terminal: a pseudo-terminal of the kernel, through which answers are typed.

use serde_json::json;

use super::{CANARY, DATABASE, secrets};
use crate::support::{Outcome, Run, tools};

/// Waits for each text, then types its answer. Prints all that the terminal showed, and whether it echoes at the end.
const PERSON: &str = r#"
import json, os, pty, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
def read():
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""
shown = since = b""
for expected, answer in json.loads(os.environ["DIALOG"]):
    while expected.encode() not in since:
        more = read()
        if not more:
            sys.exit(f"the terminal closed before {expected!r}:\n{shown.decode()}")
        shown, since = shown + more, since + more
    since = since.split(expected.encode(), 1)[1]
    os.write(terminal, answer.encode())
while more := read():
    shown += more
echo = "on" if termios.tcgetattr(terminal)[3] & termios.ECHO else "off"
print(shown.decode().replace("\r\n", "\n") + f"echo is {echo}")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

/// A person who waits for each text and types its answer.
fn typed(run: Run, dialog: &[(&str, &str)]) -> Outcome {
    let person =
        run.program(tools::python_tool("python3")).args(["-c", PERSON]).arg(tools::binary()).arg("init");
    person.env("DIALOG", json!(dialog).to_string()).run()
}

const NAME: &str = "Sponsor name: ";
const CODE: &str = "Sponsor code [CAL]: ";
const STORE: &str = "Folder for backups [./backups]: ";
const URL: &str = "Database URL (not shown): ";

fn url() -> String {
    format!("{DATABASE}\n")
}

#[test]
fn a_terminal_asks_for_everything_and_shows_no_password() {
    let outcome = typed(Run::terminal(), &[(NAME, "callisto\n"), (CODE, "\n"), (STORE, "\n"), (URL, &url())]);
    outcome.assert_code(0).assert_reviewed("init-terminal");
    assert!(!outcome.transcript().contains(CANARY), "{}", outcome.transcript());
    assert!(outcome.stdout.ends_with("echo is on\n"), "{}", outcome.stdout);
    assert_eq!(secrets(&outcome, "callisto")["DATABASE_URL"], DATABASE);
    assert!(outcome.workspace.join("backups/callisto/backups").is_dir());
}

#[test]
fn a_wrong_answer_is_asked_for_again() {
    let dialog = [
        (NAME, "\n"),
        (NAME, "Callisto\n"),
        ("begins with a letter", ""),
        (NAME, "io\n"),
        ("Sponsor code: ", "io\n"),
        ("three upper-case letters", ""),
        ("Sponsor code: ", "IOX\n"),
        (STORE, "~/x\n"),
        ("only a shell replaces `~`", ""),
        (STORE, "kept\n"),
        (URL, "postgresql://app:hunter2-canary@db\n"),
        ("DATABASE_URL has no database", ""),
        (URL, "postgresql://app:hunter2-canary@db/x\n"),
    ];
    let outcome = typed(Run::terminal(), &dialog);
    outcome.assert_code(0);
    assert!(!outcome.transcript().contains(CANARY), "{}", outcome.transcript());
    assert_eq!(secrets(&outcome, "io")["DATABASE_URL"], "postgresql://app:hunter2-canary@db/x");
    assert!(outcome.workspace.join("kept/io/audit-logs").is_dir());
}

#[test]
fn only_what_is_missing_is_asked_for() {
    let run = Run::terminal().env("DATABASE_URL", DATABASE);
    // The program's arguments follow those of the person.
    let flags = ["--sponsor=callisto", "--store=b"];
    let person =
        run.program(tools::python_tool("python3")).args(["-c", PERSON]).arg(tools::binary()).arg("init");
    let outcome = person.args(flags).env("DIALOG", json!([[CODE, "CAX\n"]]).to_string()).run();
    outcome.assert_code(0);
    for other in [NAME, "Folder", "URL"] {
        assert!(!outcome.stdout.contains(other), "{other} in {}", outcome.stdout);
    }
    let manifest = std::fs::read_to_string(outcome.workspace.join("manifest.yaml")).unwrap();
    assert!(manifest.contains("code: CAX\n"), "{manifest}");
}

#[test]
fn a_signal_ends_it_with_the_echo_back_and_nothing_written() {
    for (answer, code) in [("\u{3}", 130), ("\u{4}", 2)] {
        let dialog = [(NAME, "callisto\n"), (CODE, "\n"), (STORE, "\n"), (URL, answer)];
        let outcome = typed(Run::terminal(), &dialog);
        outcome.assert_code(code);
        assert!(outcome.stdout.ends_with("echo is on\n"), "{}", outcome.stdout);
        assert_eq!(super::names(&outcome), [""; 0]);
    }
}

#[test]
fn files_that_exist_are_found_before_anything_is_asked() {
    let outcome = typed(Run::terminal().file("secrets.yaml", "mine"), &[]);
    outcome.assert_code(2);
    assert!(!outcome.stdout.contains(NAME), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("error: secrets.yaml exists already"), "{}", outcome.stdout);
}

/// Answers to all questions in a work tree, and the contents of its `.gitignore` afterwards.
fn ignored(before: Option<&str>, answer: &str) -> (Outcome, Option<String>) {
    let run = Run::terminal();
    tools::run("git", ["init", "--quiet", run.workspace().to_str().unwrap()]);
    let run = before.into_iter().fold(run, |run, text| run.file(".gitignore", text));
    let question = "to .gitignore, so that git ignores it? (y/n) [y]: ";
    let dialog = [(NAME, "callisto\n"), (CODE, "\n"), (STORE, "\n"), (URL, &url()), (question, answer)];
    let asked = if before.is_some_and(|text| text.contains("/backups/")) { 4 } else { 5 };
    let outcome = typed(run, &dialog[..asked]);
    outcome.assert_code(0);
    let after = std::fs::read_to_string(outcome.workspace.join(".gitignore")).ok();
    (outcome, after)
}

#[test]
fn lines_for_git_are_added_if_the_person_agrees_and_never_twice() {
    let both = "/secrets.yaml\n/backups/\n";
    let (outcome, after) = ignored(None, "\n");
    assert_eq!(after.as_deref(), Some(both));
    assert!(!outcome.stdout.contains("warning"), "{}", outcome.stdout);
    assert_eq!(ignored(Some("target"), "yes\n").1, Some(format!("target\n{both}")));
    // A line that an exception lifts again is not repeated, but named.
    let lifted = "/secrets.yaml\n!/secrets.yaml\n";
    let (outcome, after) = ignored(Some(lifted), "y\n");
    assert_eq!(after, Some(format!("{lifted}/backups/\n")));
    assert!(outcome.stdout.contains("warning: git does not ignore secrets.yaml"), "{}", outcome.stdout);
    assert_eq!(ignored(Some(both), "").1.as_deref(), Some(both));
    let (outcome, after) = ignored(None, "n\n");
    assert_eq!(after, None);
    assert!(outcome.stdout.contains("warning: git does not ignore secrets.yaml"), "{}", outcome.stdout);
}
