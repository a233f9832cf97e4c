//! Files that use each other in a circle: to understand one of them, a reader needs all of them. A submodule may use what
//! its parents define, since it is a part of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Mention, Source};

type Module = Vec<String>;

/// The circles among the files, each as a line with its files. Tests and re-exports do not count: a re-export shows
/// where something is, it does not use it.
pub(crate) fn circles(sources: &[Source]) -> Vec<String> {
    let uses = uses(sources);
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        uses.keys().map(|module| (module, reachable(module, &uses))).collect();
    let mut seen: BTreeSet<&Module> = BTreeSet::new();
    let mut found = Vec::new();
    for (module, reaches) in &reached {
        if !reaches.contains(module) || seen.contains(module) {
            continue;
        }
        let circle: Vec<&Module> =
            reaches.iter().copied().filter(|other| reached[other].contains(module)).collect();
        seen.extend(&circle);
        let arrows = circle.iter().flat_map(|from| {
            uses[*from]
                .iter()
                .filter(|to| circle.contains(to))
                .map(|to| format!("    src/{}.rs uses src/{}.rs", from.join("/"), to.join("/")))
        });
        found.push(format!("a circle of {} files:\n{}", circle.len(), arrows.collect::<Vec<_>>().join("\n")));
    }
    found
}

/// The files that each file uses.
fn uses(sources: &[Source]) -> BTreeMap<Module, BTreeSet<Module>> {
    let read = sources.iter().map(|source| (source.module(), source.declared_modules(), source.mentions()));
    let read: Vec<(Module, Vec<String>, Vec<Mention>)> =
        read.filter(|(module, ..)| !module.is_empty()).collect();
    let files: BTreeSet<Module> = read.iter().map(|(module, ..)| module.clone()).collect();
    let mut imports: BTreeMap<(Module, String), Module> = BTreeMap::new();
    for (module, declared, mentions) in &read {
        for mention in mentions.iter().filter(|mention| mention.is_import) {
            if let Some(name) = mention.parts.last() {
                imports.insert((module.clone(), name.clone()), absolute(module, declared, &mention.parts));
            }
        }
    }
    let mut uses: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (from, declared, mentions) in &read {
        let used = mentions.iter().filter(|mention| !mention.in_tests && !mention.is_reexport);
        let used = used.filter_map(|mention| {
            let to = file_of(absolute(from, declared, &mention.parts), &files, &imports)?;
            (!from.starts_with(&to)).then_some(to)
        });
        uses.entry(from.clone()).or_default().extend(used);
    }
    uses
}

/// A path without `crate`. One that begins with a module that the file declares is inside that file.
fn absolute(module: &Module, declared: &[String], parts: &[String]) -> Module {
    match parts {
        [root, rest @ ..] if root == "crate" => rest.to_vec(),
        [first, _, ..] if declared.contains(first) => [module.as_slice(), parts].concat(),
        _ => Vec::new(),
    }
}

/// The file in which a path ends, behind any imports that it goes through.
fn file_of(
    mut path: Module,
    files: &BTreeSet<Module>,
    imports: &BTreeMap<(Module, String), Module>,
) -> Option<Module> {
    // A longer chain than this would be a circle of imports.
    for _ in 0..8 {
        let length = (1..=path.len()).rev().find(|length| files.contains(&path[..*length]))?;
        let (file, rest) = path.split_at(length);
        let Some(name) = rest.first() else { return Some(file.to_vec()) };
        match imports.get(&(file.to_vec(), name.clone())) {
            Some(target) => path = [target.as_slice(), &rest[1..]].concat(),
            None => return Some(file.to_vec()),
        }
    }
    None
}

fn reachable<'a>(from: &Module, uses: &'a BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<&'a Module> {
    let mut reached: BTreeSet<&Module> = BTreeSet::new();
    let mut next: Vec<&Module> = uses[from].iter().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(uses.get(module).into_iter().flatten());
        }
    }
    reached
}
