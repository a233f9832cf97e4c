//! `docs/compliance.md`, made of the requirements and of the marks above the tests that serve them. A mark is a comment such as
//! `// serves: 11.10(e)/kept, REQ-o00049/deployment-logs`, directly above a test's documentation and attributes.

#[path = "compliance/clauses.rs"]
mod clauses;
#[path = "compliance/requirements.rs"]
mod requirements;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use clauses::CLAUSES;
use requirements::{Part, Requirement, TRACED};

const PAGE: &str = "docs/compliance.md";
const MARK: &str = "// serves: ";

const HEAD: &str = "\
# Compliance

What serves each clause of 21 CFR Part 11 that a backup touches, and each requirement that users trace: by which means, with which
tests, and what the product does not do. No tool makes you compliant. Your validation does, and this page provides evidence for it.

The clauses are paraphrased. [eCFR](https://www.ecfr.gov/current/title-21/chapter-I/subchapter-A/part-11) has their text. Names in the
last column are tests of this repository, linked to their source. Continuous integration runs them for every pull request, and
`script/test NAME` runs the tests whose name contains NAME. [Security model](security-model.md) shows what each key can do,
[Faults](reference/faults.md) what happens after each fault.

<!-- Made from tests/documents/compliance and the marks above the tests by `UPDATE_DOCUMENTS=1 cargo test --test documents`. -->
";

/// A file that can hold tests: its path below the repository's root, and its text.
#[derive(Clone)]
struct Source {
    path: String,
    text: String,
}

/// A test, as `cargo test` names it, and its file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    name: String,
    path: String,
}

/// The tests of each mark.
type Marks = BTreeMap<String, Vec<Test>>;

/// In the order of the page.
fn requirements() -> impl Iterator<Item = &'static Requirement> {
    CLAUSES.iter().chain(TRACED)
}

/// The page. The error names a mark that is in the wrong place or names nothing, or a part without a test.
fn page(sources: &[Source]) -> Result<String, String> {
    let mut marks = Marks::new();
    for source in sources {
        collect(source, &mut marks)?;
    }
    let mut page = HEAD.to_owned();
    page += "\n| requirement | about | not provided |\n|---|---|---|\n";
    for requirement in requirements() {
        let heading = heading(requirement);
        let missing = requirement.parts.iter().filter(|part| !part.is_provided);
        let missing = missing.map(|part| format!("`{}`", part.name)).collect::<Vec<_>>().join(", ");
        writeln!(page, "| [{}](#{}) | {} | {missing} |", requirement.id, anchor(&heading), requirement.title)
            .unwrap();
    }
    for requirement in requirements() {
        page += &section(requirement, &mut marks)?;
    }
    match marks.first_key_value() {
        Some((mark, tests)) => Err(format!("{}: no requirement has the part {mark}", tests[0].name)),
        None => Ok(page),
    }
}

fn heading(requirement: &Requirement) -> String {
    format!("{} {}", requirement.id, requirement.title)
}

/// A heading, as GitHub spells it in addresses.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// A requirement on the page. Takes its tests out of the marks.
fn section(requirement: &Requirement, marks: &mut Marks) -> Result<String, String> {
    let mut text = format!("\n## {}\n\n{}\n\n", heading(requirement), requirement.asks);
    text += "| part | what serves it | tests |\n|---|---|---|\n";
    for part in requirement.parts {
        let tests = marks.remove(&mark(requirement, part)).unwrap_or_default();
        if tests.is_empty() == part.is_provided {
            let found = if part.is_provided { "no test serves" } else { "not provided, but a test serves" };
            return Err(format!("{found} {}", mark(requirement, part)));
        }
        let by = if part.is_provided { part.by.to_owned() } else { format!("**Not provided.** {}", part.by) };
        let linked = tests.iter().map(|test| format!("[`{}`](../{})", test.name, test.path));
        writeln!(text, "| `{}` | {by} | {} |", part.name, linked.collect::<Vec<_>>().join("<br>")).unwrap();
    }
    text += "\nWhat the product does not do:\n\n";
    text.extend(requirement.limits.iter().map(|limit| format!("- {limit}\n")));
    Ok(text)
}

fn mark(requirement: &Requirement, part: &Part) -> String {
    format!("{}/{}", requirement.id, part.name)
}

/// Adds the marks of a file.
fn collect(source: &Source, marks: &mut Marks) -> Result<(), String> {
    let (mut open, mut is_test) = (Vec::new(), false);
    let mut modules: Vec<(usize, &str)> = Vec::new();
    let lines = source.text.lines().map(Some).chain([None]);
    for (line, number) in lines.zip(1..) {
        let wrong = |why: &str| Err(format!("{}:{number}: {why}", source.path));
        let (indent, line) = line.map_or((0, ""), |line| (line.len() - line.trim_start().len(), line.trim()));
        if let Some(named) = line.strip_prefix(MARK) {
            open.extend(named.split(", ").map(str::to_owned));
        } else if is_misspelt(line) {
            return wrong("a mark begins with `// serves: `");
        } else if open.is_empty() {
            if line == "}" && modules.last().is_some_and(|(of, _)| *of == indent) {
                modules.pop();
            }
            let inner = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {"));
            modules.extend(inner.map(|name| (indent, name)));
        } else if let Some(name) = function(line).filter(|_| is_test) {
            let inner: Vec<&str> = modules.iter().map(|(_, name)| *name).collect();
            let test = Test { name: name_of(&source.path, &inner, name), path: source.path.clone() };
            open.drain(..).for_each(|mark| marks.entry(mark).or_default().push(test.clone()));
            is_test = false;
        } else if line.starts_with("#[ignore") || !(line.starts_with("///") || line.starts_with("#[")) {
            return wrong("a mark must be directly above a test that runs");
        } else {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
        }
    }
    Ok(())
}

fn is_misspelt(line: &str) -> bool {
    line.starts_with("//") && line.trim_start_matches(['/', '!', ' ']).to_lowercase().starts_with("serves:")
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?.split('(').next()
}

/// A test's name: the modules of its file, those inside of the file, and the function.
fn name_of(path: &str, inner: &[&str], function: &str) -> String {
    let path = path.trim_end_matches(".rs");
    // A target's name is not part of it.
    let below = match path.strip_prefix("tests/") {
        Some(below) => below.split_once('/').map_or("", |(_, below)| below),
        None => path.trim_start_matches("src/"),
    };
    let modules = below.split('/').filter(|name| !["", "lib", "main"].contains(name));
    modules.chain(inner.iter().copied()).chain([function]).collect::<Vec<_>>().join("::")
}

/// Every source with a mark.
fn marked() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        read(&crate::root().join(folder), &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn read(folder: &Path, found: &mut Vec<Source>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            read(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            if text.lines().any(|line| line.trim_start().starts_with(MARK) || is_misspelt(line.trim())) {
                let path = path.strip_prefix(crate::root()).unwrap().to_str().unwrap().to_owned();
                found.push(Source { path, text });
            }
        }
    }
}

#[test]
fn the_compliance_page_is_what_the_marks_say() {
    let ids: Vec<&str> = requirements().map(|requirement| requirement.id).collect();
    let clauses = ["11.10(a)", "11.10(b)", "11.10(c)", "11.10(d)", "11.10(e)", "11.10(k)", "11.30", "11.50"];
    let traced = ["REQ-o00008", "REQ-o00049", "REQ-o00041", "REQ-p00012"];
    assert_eq!(ids, [&clauses[..], &traced].concat());
    crate::hold(PAGE, &page(&marked()).unwrap_or_else(|error| panic!("{error}")));
}

/// A name that `cargo test` does not know would lead an auditor nowhere.
#[test]
fn names_are_those_that_cargo_test_prints() {
    let program = std::env::current_exe().unwrap();
    let output = std::process::Command::new(program).arg("--list").output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let mut marks = Marks::new();
    for source in marked().iter().filter(|source| source.path.starts_with("tests/documents")) {
        collect(source, &mut marks).unwrap();
    }
    let tests: Vec<&Test> = marks.values().flatten().collect();
    assert!(tests.len() > 5, "{tests:?}");
    for test in tests {
        assert!(listed.lines().any(|line| line == format!("{}: test", test.name)), "{}", test.name);
    }
    assert_eq!(name_of("tests/it/a/b.rs", &[], "f"), "a::b::f");
    assert_eq!(name_of("src/a/b/tests.rs", &["inner"], "f"), "a::b::tests::inner::f");
}

#[cfg(test)]
mod bites {
    use super::*;

    /// The sources without the marks that are meant.
    fn without(sources: &[Source], is_meant: impl Fn(&str) -> bool) -> Vec<Source> {
        let stripped = |line: &str| {
            let Some(named) = line.trim_start().strip_prefix(MARK) else { return format!("{line}\n") };
            let kept: Vec<&str> = named.split(", ").filter(|mark| !is_meant(mark)).collect();
            if kept.is_empty() { String::new() } else { format!("{MARK}{}\n", kept.join(", ")) }
        };
        let text = |source: &Source| source.text.lines().map(stripped).collect();
        sources.iter().map(|source| Source { path: source.path.clone(), text: text(source) }).collect()
    }

    #[test]
    fn a_requirement_without_its_marks_is_an_error() {
        let sources = marked();
        for requirement in requirements() {
            let of_it = format!("{}/", requirement.id);
            let error = page(&without(&sources, |mark| mark.starts_with(&of_it))).unwrap_err();
            assert!(error.starts_with(&format!("no test serves {of_it}")), "{error}");
            for part in requirement.parts.iter().filter(|part| part.is_provided) {
                let meant = mark(requirement, part);
                let error = page(&without(&sources, |mark| mark == meant)).unwrap_err();
                assert_eq!(error, format!("no test serves {meant}"));
            }
        }
    }

    /// The page is compared, so a mark that was removed is an error, too.
    #[test]
    fn the_page_changes_with_every_mark() {
        let sources = marked();
        let whole = page(&sources).unwrap();
        for (at, source) in sources.iter().enumerate() {
            for mark in source.text.lines().filter(|line| line.trim_start().starts_with(MARK)) {
                let mut fewer = sources.clone();
                fewer[at].text = source.text.replacen(&format!("{mark}\n"), "", 1);
                assert_ne!(page(&fewer).as_ref(), Ok(&whole), "{}: {mark}", source.path);
            }
        }
    }

    fn error(text: &str) -> String {
        let added = Source { path: "tests/it/a.rs".to_owned(), text: text.to_owned() };
        page(&[marked(), vec![added]].concat()).unwrap_err()
    }

    #[test]
    fn a_mark_names_a_part_and_is_above_a_test() {
        let test = "#[test]\nfn it_holds() {\n}\n";
        for unknown in ["11.10(z)/locked", "11.10(c)/nothing", "11.10(c)"] {
            let error = error(&format!("// serves: {unknown}\n{test}"));
            assert_eq!(error, format!("a::it_holds: no requirement has the part {unknown}"));
        }
        let not_provided = error(&format!("// serves: REQ-o00008/point-in-time\n{test}"));
        assert_eq!(not_provided, "not provided, but a test serves REQ-o00008/point-in-time");
        for misplaced in [
            "// serves: 11.30/intact\nfn it_holds() {\n}\n",
            "// serves: 11.30/intact\n\n#[test]\nfn it_holds() {\n}\n",
            "// serves: 11.30/intact\n#[test]\n#[ignore = \"slow\"]\nfn it_holds() {\n}\n",
            "#[test]\nfn it_holds() {\n}\n// serves: 11.30/intact\n",
        ] {
            assert!(error(misplaced).ends_with(": a mark must be directly above a test that runs"));
        }
        for misspelt in ["//serves: 11.30/intact", "/// serves: 11.30/intact", "// Serves: 11.30/intact"] {
            let error = error(&format!("{misspelt}\n{test}"));
            assert_eq!(error, "tests/it/a.rs:1: a mark begins with `// serves: `");
        }
    }
}
