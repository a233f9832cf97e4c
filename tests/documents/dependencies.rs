//! Every dependency is used: by the program if it is one of the program, else by tests, examples or benchmarks.

use std::collections::BTreeSet;
use std::path::Path;

/// The names in a manifest's sections that `is_wanted` accepts, as paths in code spell them.
fn dependencies(manifest: &str, is_wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let sections = manifest.split("\n[").skip(1).filter_map(|section| section.split_once("]\n"));
    let of_section = |(_, lines): (&str, &str)| -> Vec<String> {
        let entries = lines.lines().filter_map(|line| line.split_once(" = "));
        entries.map(|(name, _)| name.replace('-', "_")).collect()
    };
    sections.filter(|(name, _)| is_wanted(name)).flat_map(of_section).collect()
}

/// The dependencies that the sources do not name in any path or macro.
fn unused(names: BTreeSet<String>, sources: &str) -> Vec<String> {
    let is_part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    let is_used = |name: &String| {
        sources.match_indices(name.as_str()).any(|(at, _)| {
            let (before, after) = (&sources[..at], &sources[at + name.len()..]);
            !before.ends_with(is_part_of_a_name)
                && (after.starts_with("::") || after.starts_with("!(") || is_imported(before, after))
        })
    };
    names.into_iter().filter(|name| !is_used(name)).collect()
}

/// `use name;`, `use name as other;`
fn is_imported(before: &str, after: &str) -> bool {
    before.ends_with("use ") && (after.starts_with(';') || after.starts_with(" as "))
}

/// All Rust code of these folders, without comments.
fn sources(folders: &[&str]) -> String {
    let mut text = String::new();
    for folder in folders {
        for path in files(&crate::root().join(folder)) {
            let source = std::fs::read_to_string(path).unwrap();
            let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
            code.for_each(|line| text.extend([line, "\n"]));
        }
    }
    text
}

/// The Rust files in a folder and below it. The program's own unit tests are among them.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let is_rust = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "rs");
    files.into_iter().filter(is_rust).chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
}

#[test]
fn the_program_uses_all_its_dependencies() {
    let of_program = |section: &str| {
        section == "dependencies" || section.starts_with("target.") && section.ends_with(".dependencies")
    };
    let names = dependencies(&crate::read("Cargo.toml"), of_program);
    assert!(names.len() > 30, "{names:?}");
    let unused: Vec<String> = unused(names, &sources(&["src"])).into_iter().collect();
    assert!(unused.is_empty(), "`src` does not use {unused:?}: remove them from Cargo.toml");
}

#[test]
fn tests_use_all_their_dependencies() {
    let names = dependencies(&crate::read("Cargo.toml"), |section| section == "dev-dependencies");
    assert!(names.len() > 8, "{names:?}");
    let unused = unused(names, &sources(&["src", "tests", "examples", "benches"]));
    assert!(unused.is_empty(), "no test uses {unused:?}: remove them from Cargo.toml");
}

#[test]
fn an_unused_dependency_is_found() {
    let manifest = "[package]\nname = \"x\"\n\n[dependencies]\nused-one = \"1\"\nunused = { version = \"2\" }\n\n[lints.rust]\nno = \"1\"\n";
    let names = dependencies(manifest, |section| section == "dependencies");
    assert_eq!(names, BTreeSet::from(["unused".to_owned(), "used_one".to_owned()]));
    for code in
        ["use used_one::Thing;", "used_one::run()", "used_one!(x)", "use used_one;", "use used_one as u;"]
    {
        assert_eq!(unused(names.clone(), code), ["unused"], "{code}");
    }
    for code in ["let used_one = 1;", "not_used_one::x", "used_one_more::x", "used_one: u8"] {
        assert_eq!(unused(names.clone(), code).len(), 2, "{code}");
    }
}
