//! What the pages ask a reader to type: the shell accepts each block, the program each of its commands, and every script
//! that is named exists. README keeps to one screen after another.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use sponsor_backup::cli;

use super::{links, shell};

/// The fenced blocks of a language, without the indentation of their fence, and the number of their first line.
fn blocks(text: &str, language: &str) -> Vec<(usize, String)> {
    let (mut found, mut open) = (Vec::new(), None::<(usize, usize, &str, String)>);
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(name)) => open = Some((number + 2, indent, name, String::new())),
            (Some(_), Some(_)) => {
                let (first, _, name, text) = open.take().unwrap();
                found.extend((name == language).then_some((first, text)));
            }
            (Some((_, of_fence, _, text)), None) => {
                text.push_str(line.get(indent.min(*of_fence)..).unwrap_or_default());
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    found
}

fn shell_blocks() -> Vec<(String, String)> {
    let of_page = |page: String| {
        let text = crate::read(&page);
        blocks(&text, "sh").into_iter().map(move |(line, block)| (format!("{page}:{line}"), block))
    };
    links::pages().into_iter().flat_map(of_page).collect()
}

/// Why the program refuses a command of a page, if it does.
fn refusal(command: &shell::Simple) -> Option<String> {
    let variables: BTreeMap<String, String> = command.variables.clone();
    // The page asks AWS for it.
    let words: Vec<String> =
        command.words[1..].iter().map(|word| word.replace("$account", "123456789012")).collect();
    cli::parse(&words, &variables).err().map(|error| error.message)
}

// serves: 11.10(k)/accurate-pages
#[test]
fn every_command_of_the_pages_is_one_the_program_takes() {
    let (mut seen, mut refused) = (0, Vec::new());
    for (place, block) in shell_blocks() {
        for command in shell::commands(&block) {
            // `name() {` defines a function.
            if command.words != ["sponsor-backup"] && command.words[0] == "sponsor-backup" {
                seen += 1;
                refused.extend(refusal(&command).map(|why| format!("{place}: {:?}: {why}", command.words)));
            }
        }
    }
    assert!(seen > 15, "only {seen} commands were found");
    assert!(refused.is_empty(), "{refused:#?}");
    let wrong = &shell::commands("sponsor-backup backup --environment production --dryrun")[0];
    assert!(refusal(wrong).is_some());
}

#[test]
fn every_shell_block_of_the_pages_is_one_bash_can_read() {
    let problem = |block: &str| {
        let mut bash = Command::new("bash");
        bash.arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut bash = bash.spawn().unwrap();
        bash.stdin.take().unwrap().write_all(block.as_bytes()).unwrap();
        let output = bash.wait_with_output().unwrap();
        (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let all = shell_blocks();
    assert!(all.len() > 25, "only {} blocks were found", all.len());
    let wrong: Vec<_> =
        all.iter().filter_map(|(place, block)| Some(format!("{place}: {}", problem(block)?))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(problem("for bucket in a b; do\n").is_some());
}

#[test]
fn every_script_the_pages_name_exists() {
    let mut missing = Vec::new();
    for page in links::pages() {
        let text = crate::read(&page);
        for rest in text.split("script/").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
            let path = format!("script/{}", &rest[..end]);
            if !crate::root().join(&path).is_file() {
                missing.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_script_is_in_the_table_for_contributors() {
    let text = crate::read("CONTRIBUTING.md");
    let scripts = std::fs::read_dir(crate::root().join("script")).unwrap();
    let names = scripts.map(|script| script.unwrap().file_name().into_string().unwrap());
    let missing: Vec<String> = names.filter(|name| !text.contains(&format!("`script/{name}"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_readme_is_short_and_shows_a_workflow_early() {
    let text = crate::read("README.md");
    assert!(text.lines().count() <= 250, "{} lines", text.lines().count());
    let first = text.lines().position(|line| line.contains("uses: ")).unwrap() + 1;
    assert!(first <= 60, "the first `uses:` is in line {first}");
    let workflows = blocks(&text, "yaml");
    let (line, workflow) = workflows.iter().find(|(_, block)| block.contains("uses: ")).unwrap();
    assert!(workflow.lines().count() <= 25, "{} lines", workflow.lines().count());
    let workflow: serde_json::Value = serde_saphyr::from_str(workflow).unwrap();
    let steps = workflow["jobs"]["backup"]["steps"].as_array().unwrap();
    let ours = steps.iter().find(|step| step["uses"].as_str().unwrap().starts_with(super::workflows::OURS));
    let inputs = ours.unwrap_or_else(|| panic!("line {line}"))["with"].as_object().unwrap();
    let known = crate::yaml("action.yml")["inputs"].as_object().unwrap().clone();
    assert!(inputs.keys().all(|input| known.contains_key(input)), "{inputs:?}");
}
