//! Texts that people read keep one voice: the reader is addressed, the subject comes first, the terms are those of the
//! field. The habits in `voice/rules.rs` break it. To see every finding: `VOICE_LIMIT=0 cargo test --test documents voice`.

#[path = "voice/rules.rs"]
mod rules;
#[path = "voice/teeth.rs"]
mod teeth;
#[path = "voice/texts.rs"]
mod texts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rules::{Compiled, Kind, RULES};
use texts::Text;

/// Findings per 1,000 lines of pages, help and messages.
const LIMIT: f64 = 0.5;
/// Findings per 1,000 lines of comments, doc comments included.
const LIMIT_OF_COMMENTS: f64 = 0.5;

/// Findings that must stay: file, a part of the text, reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "src/databases/postgres/pg_error/template.rs",
        "has group or world access; {}",
        "a message of libpq, as libpq prints it",
    ),
    (
        "src/databases/postgres/pg_error/template.rs",
        "may not be used with sslneg",
        "a message of libpq, as libpq prints it",
    ),
    ("tests/snapshots/errors-dump.snap", "failed: PQget", "a message of pg_dump, as pg_dump prints it"),
    (
        "src/verification/database.rs",
        "is set here but not in the backup",
        "the SQL to copy ends with a semicolon",
    ),
    (
        "tests/snapshots/errors-archive.snap",
        "; s3://",
        "two independent facts, either of which may have commas",
    ),
    (
        "tests/snapshots/errors-restore.snap",
        "is not empty: it holds 5",
        "a list of findings that may have commas",
    ),
    ("tests/documents/voice/teeth.rs", "Whoever reads it.", "an example that breaks a rule"),
];

struct File {
    path: String,
    text: String,
    /// Its strings do not count as texts of the program. Its comments are read all the same.
    only_tests: bool,
}

struct Finding {
    path: String,
    line: usize,
    kind: Kind,
    found: String,
    instead: &'static str,
}

#[test]
fn texts_for_readers_keep_the_voice() {
    hold(LIMIT, |kind| kind != Kind::Comment);
}

#[test]
fn comments_keep_the_voice() {
    hold(LIMIT_OF_COMMENTS, |kind| kind == Kind::Comment);
}

#[test]
fn every_allowed_text_has_a_finding() {
    let (rules, files) = (compiled(), tree());
    let is_needed = |(path, part, _): &(&str, &str, &str)| {
        let texts = files.iter().filter(|file| file.path == *path).flat_map(texts_of);
        let mut texts = texts.filter(|text| text.text.contains(part));
        texts.any(|text| !breaches_of(path, &text, &rules).is_empty())
    };
    let idle: Vec<_> = ALLOWED.iter().filter(|entry| !is_needed(entry)).collect();
    assert!(idle.is_empty(), "these allow nothing, so remove them: {idle:#?}");
}

/// Fails if the texts of these kinds have more findings per 1,000 lines than `limit`, and lists every finding.
fn hold(limit: f64, is_meant: impl Fn(Kind) -> bool) {
    let limit = std::env::var("VOICE_LIMIT").map_or(limit, |text| text.parse().unwrap());
    let rules = compiled();
    let (mut lines, mut findings) = (0, Vec::new());
    for file in tree() {
        for text in texts_of(&file).into_iter().filter(|text| is_meant(text.kind)) {
            lines += if counts(&file.path) { text.lines() } else { 0 };
            findings.extend(findings_of(&file.path, &text, &rules));
        }
    }
    assert!(lines > 1000, "only {lines} lines were read");
    let density =
        f64::from(u32::try_from(findings.len()).unwrap()) * 1000.0 / f64::from(u32::try_from(lines).unwrap());
    assert!(
        density <= limit,
        "{} findings in {lines} lines are {density:.2} per 1,000, more than {limit}:\n{}",
        findings.len(),
        listed(&findings)
    );
}

fn compiled() -> Vec<Compiled> {
    RULES.iter().map(rules::Rule::compiled).collect()
}

/// Snapshots repeat messages of the sources, so their lines do not count again.
fn counts(path: &str) -> bool {
    !path.starts_with("tests/snapshots/")
}

fn findings_of(path: &str, text: &Text, rules: &[Compiled]) -> Vec<Finding> {
    let allowed = |(file, part, _): &(&str, &str, &str)| *file == path && text.text.contains(part);
    if ALLOWED.iter().any(allowed) { Vec::new() } else { breaches_of(path, text, rules) }
}

/// The findings of a text, allowed or not.
fn breaches_of(path: &str, text: &Text, rules: &[Compiled]) -> Vec<Finding> {
    let prose = text.prose();
    let fitting = rules.iter().filter(|rule| rule.rule.kinds.contains(&text.kind));
    let found =
        fitting.flat_map(|rule| rule.matches(&prose).into_iter().map(|found| (rule.rule.instead, found)));
    found
        .map(|(instead, (at, found))| Finding {
            path: path.to_owned(),
            line: text.line + prose[..at].matches('\n').count(),
            kind: text.kind,
            found: text.text[at..at + found.len()].split_whitespace().collect::<Vec<_>>().join(" "),
            instead,
        })
        .collect()
}

/// The number of findings per file, then each with its place.
fn listed(findings: &[Finding]) -> String {
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        *files.entry(&finding.path).or_default() += 1;
    }
    let files = files.iter().map(|(path, count)| format!("{count:5}  {path}\n"));
    let places = findings.iter().map(|Finding { path, line, kind, found, instead }| {
        format!("{path}:{line}: {kind:?}: “{found}”: better: {instead}\n")
    });
    files.chain(places).collect()
}

fn texts_of(file: &File) -> Vec<Text> {
    let File { path, text, only_tests } = file;
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension {
        "md" => texts::markdown(text),
        "yml" if path == "action.yml" => texts::help(text),
        "snap" => texts::reviewed(text),
        "rs" => {
            let mut found = texts::comments(text, &["///", "//!", "//"]);
            if path.starts_with("src/") && !only_tests {
                found.extend(texts::strings(text).unwrap_or_else(|error| panic!("{path}: {error}")));
            }
            found
        }
        _ => texts::comments(text, &["#"]),
    }
}

/// Everything that is read here.
fn tree() -> Vec<File> {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "examples", "benches", "docs", "script", ".github"] {
        collect(&crate::root().join(folder), &mut paths);
    }
    let at_root = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "action.yml", "Dockerfile"];
    paths.extend(at_root.map(|name| crate::root().join(name)));
    let paths = paths.iter().filter(|path| is_read(path));
    let mut files: Vec<File> = paths
        .map(|path| {
            let path = path.strip_prefix(crate::root()).unwrap().to_str().unwrap().to_owned();
            File { text: crate::read(&path), path, only_tests: false }
        })
        .collect();
    let tests = test_modules(&files);
    for file in &mut files {
        let stem = file.path.trim_end_matches(".rs");
        file.only_tests =
            tests.iter().any(|module| stem == module || stem.starts_with(&format!("{module}/")));
    }
    files
}

fn is_read(path: &Path) -> bool {
    let path = path.strip_prefix(crate::root()).unwrap().to_str().unwrap();
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "md" | "rs" | "yml" => !path.starts_with("tests/fixtures/"),
        "snap" => path.starts_with("tests/snapshots/errors-"),
        _ => path.starts_with("script/") || path == "Dockerfile",
    }
}

/// Modules in src that only tests compile, as paths without `.rs`.
fn test_modules(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/")) {
        let stem = file.path.trim_end_matches(".rs");
        let folder = if ["src/lib", "src/main"].contains(&stem) { "src" } else { stem };
        found.extend(texts::test_modules(&file.text).iter().map(|name| format!("{folder}/{name}")));
    }
    found
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
