//! Holds the dependency rules: a module uses only modules to its left; what changes the world is in few places; names
//! and sizes stay. Reads the sources as text. `architecture/rules_bite.rs` tests that the rules find breaches.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "`--nocapture` shows the figures")]

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/figures.rs"]
mod figures;
#[path = "architecture/rules_bite.rs"]
mod rules_bite;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::path::{Path, PathBuf};

use figures::Figures;
use source::Source;

#[test]
fn every_source_keeps_the_dependency_rules() {
    let breaches: Vec<String> = sources().iter().flat_map(rules::breaches).collect();
    assert!(
        breaches.is_empty(),
        "{} breaches of the dependency rules:\n{}",
        breaches.len(),
        breaches.join("\n")
    );
}

#[test]
fn every_module_is_there_and_the_rules_saw_its_uses() {
    let sources = sources();
    for module in rules::MODULES.iter().chain(&rules::COMMAND_LAYER) {
        assert!(sources.iter().any(|source| source.top() == *module), "there is no `{module}` in src/");
    }
    for file in rules::files_with_effects() {
        assert!(
            sources.iter().any(|source| source.path == file),
            "there is no src/{file}: take it off the list"
        );
    }
    // A reader that finds nothing would find everything in order.
    let mentions: Vec<_> = sources.iter().flat_map(|source| source.mentions()).collect();
    assert!(mentions.iter().filter(|mention| mention.parts[0] == "crate").count() > 200);
    assert!(mentions.iter().any(|mention| mention.holds(&["crate", "archive", "memory", "MemoryBudget"])));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circles = circles::circles(&sources());
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn no_function_is_long() {
    let sources = sources();
    // Lints bound the functions of tests.
    let code = || sources.iter().filter(|source| !source.module().contains(&"tests".to_owned()));
    let problems: Vec<String> = code().flat_map(rules::long_functions).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    println!("src without unit tests: {}", Figures::of(code()));
    println!("commands: {}", Figures::of(code().filter(|source| source.top() == "commands")));
}

#[test]
fn no_file_is_long_without_a_reason() {
    let measured: Vec<(String, usize)> =
        whole_tree().into_iter().map(|source| (source.path, source.text.lines().count())).collect();
    let problems = rules::too_long(&measured, rules::LONG_FILES);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_function_has_a_long_name() {
    let problems: Vec<String> = whole_tree().iter().flat_map(rules::long_names).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The sources, with paths below `src/`.
fn sources() -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    rust_files(&folder).into_iter().map(|path| read(&folder, &path)).collect()
}

/// Sources, tests, examples and benches, with paths below the repository's root.
fn whole_tree() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "tests", "examples", "benches"].iter();
    let files = folders.flat_map(|folder| rust_files(&root.join(folder)));
    let files: Vec<Source> = files.map(|path| read(root, &path)).collect();
    assert!(files.len() > 50, "only {} files were found", files.len());
    files
}

fn read(root: &Path, path: &Path) -> Source {
    Source {
        path: path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(),
        text: std::fs::read_to_string(path).unwrap(),
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
