//! Documents made from the definitions. A page marks a generated block with `<!-- begin NAME -->` and `<!-- end NAME -->`.

use jiff::Timestamp;
use sponsor_backup::cli::inputs::{COMMAND, Command, INPUTS, Input};
use sponsor_backup::failure::EXIT_CODES;
use sponsor_backup::layout::key::{Object, checksum_key, manifest_key};
use sponsor_backup::layout::tags::{TagValues, tags};
use sponsor_backup::report::outputs::DEFINITIONS;
use sponsor_backup::sponsors::Environment;

const ACTION_HEAD: &str = "\
# Made from src/cli/inputs.rs and src/report/outputs.rs by `UPDATE_DOCUMENTS=1 cargo test --test documents`.
name: Sponsor backup
description: Back up every sponsor's PostgreSQL database to S3 before you deploy, and prove that the backup restores
branding:
  icon: database
  color: blue
";

pub(crate) fn action() -> String {
    let mut text = format!("{ACTION_HEAD}inputs:\n");
    let of_the_action = INPUTS.iter().filter(|input| input.is_of_the_action());
    for input in std::iter::once(&COMMAND).chain(of_the_action) {
        text += &format!("  {}:\n    description: {}\n", input.name, quoted(&description(input)));
        if !input.required_by.is_empty() && input.is_common() {
            text += "    required: true\n";
        }
        if !input.default.is_empty() {
            text += &format!("    default: {}\n", quoted(input.default));
        }
    }
    text += "outputs:\n";
    for output in DEFINITIONS {
        let help = format!("{} (from: {})", plain(output.help), output.from);
        text += &format!("  {}:\n    description: {}\n", output.name, quoted(&help));
    }
    // No args: values would stand in the process list and in the log, and the program reads its variables itself.
    text + "runs:\n  using: docker\n  image: Dockerfile\n"
}

fn description(input: &Input) -> String {
    let readers = Command::OF_THE_ACTION.into_iter().filter(|command| input.commands.contains(command));
    let whose = if input.is_common() { String::new() } else { format!(" ({})", names(readers)) };
    format!("{}{whose}", plain(&input.description()))
}

/// Without the marks of Markdown, which GitHub does not render there.
fn plain(markdown: &str) -> String {
    markdown.replace(['`', '*'], "")
}

/// A scalar that YAML cannot take for anything but text.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn names(commands: impl Iterator<Item = Command>) -> String {
    commands.map(Command::name).collect::<Vec<_>>().join(", ")
}

/// Every page with generated blocks, and the blocks by name.
pub(crate) fn pages(read: &dyn Fn(&str) -> String) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let file = |path: &str| format!("```yaml\n{}```\n", read(path));
    let commands = table(
        &["command", "what it does"],
        Command::ALL.map(|command| vec![code(command.name()), command.about().to_owned()]),
    );
    vec![
        ("README.md", vec![("commands", commands)]),
        (
            "docs/reference.md",
            vec![("inputs", inputs()), ("outputs", outputs()), ("exit-codes", exit_codes())],
        ),
        ("docs/preflight.md", vec![("checks", checks())]),
        ("docs/storage.md", vec![("keys", keys()), ("tags", object_tags())]),
        (
            "docs/setup.md",
            vec![
                ("manifest.yaml", file("examples/local/manifest.yaml")),
                ("secrets.yaml", file("examples/local/secrets.yaml")),
            ],
        ),
    ]
}

fn inputs() -> String {
    let row = |input: &Input| {
        let default = if input.default.is_empty() { String::new() } else { code(input.default) };
        let whose = if input.is_common() { "all".to_owned() } else { names(input.commands.iter().copied()) };
        vec![code(input.name), default, input.description(), whose]
    };
    let all = std::iter::once(&COMMAND).chain(INPUTS);
    table(&["input", "default", "for", "commands"], all.map(row))
}

fn outputs() -> String {
    let row = |output: &sponsor_backup::report::outputs::OutputDefinition| {
        vec![code(output.name), output.from.to_owned(), output.help.to_owned()]
    };
    table(&["output", "from", "value"], DEFINITIONS.iter().map(row))
}

fn exit_codes() -> String {
    let row = |(code, stage, meaning): &(u8, &str, &str)| {
        vec![format!("`{code}`"), (*stage).to_owned(), (*meaning).to_owned()]
    };
    table(&["code", "stage", "meaning"], EXIT_CODES.iter().map(row))
}

fn checks() -> String {
    let row = |check: &sponsor_backup::finding::Check| vec![code(check.name), check.about.to_owned()];
    table(&["check", "well if"], sponsor_backup::commands::preflight_checks().map(row))
}

fn keys() -> String {
    let at: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let backup = Object::Backup { suffix: ".sql.gz" };
    let rows = Environment::ALL.map(|environment| {
        let kept = match (environment.retention_years(), environment.retention_days()) {
            (Some(years), _) => format!("{years} years"),
            (None, Some(days)) => format!("{days} days"),
            (None, None) => panic!("{environment} is kept for no time at all"),
        };
        let keys =
            [backup, Object::DeploymentLog, Object::DrillReport].map(|o| code(&o.key(environment, at)));
        [vec![code(environment.name())], keys.to_vec(), vec![kept]].concat()
    });
    let dump = "KEY";
    let beside = format!(
        "\nNext to a backup `{dump}` are `{}` and, written last, `{}`.\n",
        checksum_key(dump),
        manifest_key(dump)
    );
    table(&["environment", "backup", "record", "drill report", "meant to be kept"], rows) + &beside
}

fn object_tags() -> String {
    let rows = Environment::ALL.map(|environment| {
        let keeping = TagValues {
            sponsor: "callisto",
            environment,
            pre_migration: true,
            retention_years: environment.retention_years(),
            partial: false,
        };
        let tags = tags(Object::Backup { suffix: ".sql.gz" }, keeping);
        let tags: Vec<String> = tags.iter().map(|(name, value)| code(&format!("{name}={value}"))).collect();
        vec![code(environment.name()), tags.join(" ")]
    });
    table(&["environment", "tags of a backup before a deployment"], rows)
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |")
    };
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    let head = line(head.iter().map(|cell| (*cell).to_owned()).collect());
    head + &rule + &rows.into_iter().map(line).collect::<String>()
}

/// The document with every block filled in.
///
/// # Errors
/// A block is missing, or the document has one that is not in `blocks`.
pub(crate) fn filled(document: &str, blocks: &[(&str, String)]) -> Result<String, String> {
    let mut text = document.to_owned();
    for (name, content) in blocks {
        let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->\n"));
        let Some((before, rest)) = text.split_once(&begin) else {
            return Err(format!("no {}", begin.trim()));
        };
        let Some((_, after)) = rest.split_once(&end) else { return Err(format!("no {}", end.trim())) };
        text = format!("{before}{begin}{content}{end}{after}");
    }
    let begun = text.matches("<!-- begin ").count();
    if begun == blocks.len() {
        Ok(text)
    } else {
        Err(format!("{begun} blocks, of which {} are known", blocks.len()))
    }
}

#[test]
fn a_block_is_replaced_and_the_text_around_it_stays() {
    let document = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
    let filled = |blocks: &[(&str, String)]| filled(document, blocks);
    assert_eq!(
        filled(&[("x", "new\n".to_owned())]),
        Ok("a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n".to_owned())
    );
    assert_eq!(filled(&[("y", String::new())]), Err("no <!-- begin y -->".to_owned()));
    assert_eq!(filled(&[]), Err("1 blocks, of which 0 are known".to_owned()));
}
