//! The dependency rules: what each source file may be called, may use and may do.

use crate::source::{Mention, Source};

/// The modules, in the order in which data flows through them.
pub(crate) const MODULES: [&str; 13] = [
    "stop",
    "finding",
    "manifest",
    "sponsors",
    "secrets",
    "databases",
    "layout",
    "store",
    "archive",
    "verification",
    "github",
    "record",
    "report",
];

/// The command layer. Each may use what is named before it, and every module.
pub(crate) const COMMAND_LAYER: [&str; 3] = ["cli", "failure", "commands"];

/// What tests inside the sources share, and nothing else uses.
const OF_TESTS: &str = "reviewed";

/// Names through which circles come in: everything ends up there, and everything uses it.
const FORBIDDEN_NAMES: [&str; 12] = [
    "utils", "util", "common", "helpers", "helper", "types", "config", "misc", "shared", "errors", "base",
    "core",
];

/// Uses to the left that are forbidden all the same: `archive` seals any stream of bytes, whatever made it, and a store keeps
/// any object.
const FORBIDDEN_USES: [(&str, &str); 2] = [("archive", "databases"), ("store", "databases")];

/// What shows the kind of a store, and where it may be mentioned: files whose paths begin so. Everything else works on any
/// store, and asks for capabilities.
const KINDS_OF_STORES: [(&[&str], &[&str]); 6] = [
    (&["store", "folder"], &["store.rs", "store/"]),
    (&["store", "s3"], &["store.rs", "store/"]),
    (&["S3Bucket"], &["store.rs", "store/"]),
    (&["Kind", "S3"], &["store.rs", "store/"]),
    (&["Kind", "Folder"], &["store.rs", "store/"]),
    (&["StoreKind"], &["secrets/store_name.rs", "secrets/store_name/", "store.rs", "store/"]),
];

/// A part of a kind that others use: commands build the session policy of a role.
const OPEN_PART_OF_A_KIND: [&str; 3] = ["store", "s3", "policy"];

/// Files with more lines than [`LONGEST`], each with its reason.
pub(crate) const LONG_FILES: &[(&str, &str)] = &[];

const LONGEST: usize = 400;
const LONGEST_FUNCTION: usize = 70;
const LONGEST_NAME: usize = 60;
const LONGEST_MAIN: usize = 40;

/// An effect, and the files that may have it.
struct Effect {
    what: &'static str,
    paths: &'static [&'static [&'static str]],
    allowed: &'static [&'static str],
    /// Whether tests inside the source may have it too.
    tests_may: bool,
}

const EFFECTS: [Effect; 7] = [
    Effect {
        what: "ends the process: only `main` does, by returning",
        paths: &[&["process", "exit"], &["process", "abort"]],
        allowed: &[],
        tests_may: false,
    },
    Effect {
        what: "writes to a stream: only `report/sink` does",
        paths: &[&["stdout"], &["stderr"], &["println"], &["print"], &["eprintln"], &["eprint"], &["dbg"]],
        allowed: &["report/sink.rs", "report/sink/streams.rs"],
        tests_may: false,
    },
    Effect {
        what: "writes a file: only `report/sink`, `record/log.rs`, `record/leftovers.rs`, `report/replaced_file.rs`, `databases/postgres/restore/sandbox.rs`, `store/folder`, `commands/init/writing.rs` and `commands/restore/sql_file.rs` do",
        paths: &[
            &["OpenOptions"],
            &["File", "create"],
            &["File", "create_new"],
            &["File", "options"],
            &["fs", "write"],
            &["fs", "create_dir"],
            &["fs", "create_dir_all"],
            &["DirBuilder"],
            &["fs", "rename"],
            &["fs", "copy"],
            &["fs", "remove_file"],
            &["fs", "remove_dir_all"],
            &["fs", "mkdirat"],
            &["fs", "linkat"],
            &["fs", "renameat_with"],
            &["fs", "unlinkat"],
        ],
        allowed: &[
            "report/sink.rs",
            "report/sink/streams.rs",
            "record/leftovers.rs",
            "record/log.rs",
            "report/replaced_file.rs",
            "databases/postgres/restore/sandbox.rs",
            "store/folder/entry.rs",
            "store/folder/listing.rs",
            "store/folder/pending.rs",
            "store/folder/remove.rs",
            "commands/init/writing.rs",
            "commands/restore/sql_file.rs",
        ],
        tests_may: true,
    },
    Effect {
        what: "speaks HTTP: only the clients of Doppler, GitHub, S3, a Pushgateway and notifications do",
        paths: &[&["reqwest"], &["hyper"], &["aws_smithy_http_client"]],
        allowed: &[
            "secrets/doppler.rs",
            "secrets/oidc.rs",
            "secrets/http.rs",
            "github.rs",
            "report/notifier.rs",
            "report/posting.rs",
            "report/pushgateway.rs",
            "store/s3/client.rs",
            // Reads the errors of the client.
            "store/s3/cause.rs",
        ],
        tests_may: false,
    },
    Effect {
        what: "talks to GitHub: only `github` does",
        paths: &[&["octocrab"]],
        allowed: &["github.rs", "github/issues.rs", "github/issues/tests.rs"],
        tests_may: false,
    },
    Effect {
        what: "reads the environment: `commands/context.rs` does, once, and it travels as a value",
        paths: &[
            &["env", "var"],
            &["env", "vars"],
            &["env", "var_os"],
            &["env", "vars_os"],
            &["env", "args"],
            &["env", "args_os"],
        ],
        allowed: &["commands/context.rs"],
        tests_may: false,
    },
    Effect {
        what: "reads the clock: `commands/context.rs` does, and the time travels as a value",
        paths: &[&["Timestamp", "now"], &["Zoned", "now"], &["SystemTime", "now"]],
        allowed: &["commands/context.rs"],
        tests_may: false,
    },
];

/// The files that may have an effect.
pub(crate) fn files_with_effects() -> impl Iterator<Item = &'static str> {
    EFFECTS.iter().flat_map(|effect| effect.allowed.iter().copied())
}

/// Every breach of one file, each a line that names the place and the rule.
pub(crate) fn breaches(source: &Source) -> Vec<String> {
    let mut found = named_wrongly(&source.path);
    for mention in source.mentions() {
        let place = format!("src/{}:{}: `{}`", source.path, mention.line, mention.parts.join("::"));
        let problems = [
            used_wrongly(source.top(), &mention),
            done_wrongly(source, &mention),
            known_wrongly(&source.path, &mention),
        ];
        found.extend(problems.into_iter().flatten().map(|problem| format!("{place} {problem}")));
    }
    let ignored = source.ignored_values();
    found.extend(
        ignored.iter().map(|line| format!("src/{}:{line}: `let _` throws a value away", source.path)),
    );
    if source.path == "main.rs" && source.text.lines().count() > LONGEST_MAIN {
        found.push(format!("src/main.rs has more than {LONGEST_MAIN} lines"));
    }
    if source.path == "lib.rs" {
        found.extend(declared_out_of_order(&source.declared_modules()));
    }
    found
}

fn named_wrongly(path: &str) -> Vec<String> {
    let names: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    // A module's own errors are its business. In a module of their own, they would be everybody's.
    if names == ["error"] || names.iter().any(|name| FORBIDDEN_NAMES.contains(name)) {
        return vec![format!("src/{path}: a name that says nothing of what is inside")];
    }
    if is_known(names[0]) {
        return Vec::new();
    }
    vec![format!("src/{path}: `{}` is not listed in `tests/architecture/rules.rs`", names[0])]
}

fn is_known(top: &str) -> bool {
    ["main", "lib", OF_TESTS].contains(&top) || place(top).is_some()
}

/// How far to the right something is.
fn place(top: &str) -> Option<usize> {
    MODULES.iter().chain(&COMMAND_LAYER).position(|known| *known == top)
}

fn used_wrongly(top: &str, mention: &Mention) -> Option<String> {
    let [root, used, ..] = mention.parts.as_slice() else { return None };
    if root != "crate" || used == top {
        return None;
    }
    if used == "*" || used == "self" {
        return Some("takes the whole crate at once".to_owned());
    }
    if used == OF_TESTS && mention.in_tests {
        return None;
    }
    let Some(theirs) = place(used) else {
        return Some(format!("uses `{used}`, which is not listed in `tests/architecture/rules.rs`"));
    };
    if FORBIDDEN_USES.contains(&(top, used)) {
        return Some(format!("uses `{used}`, which `{top}` must not know"));
    }
    // Main and lib stand at the very end.
    let ours = place(top)?;
    (theirs > ours).then(|| format!("uses `{used}`, which is to the right of `{top}`"))
}

fn known_wrongly(path: &str, mention: &Mention) -> Option<String> {
    // A module shows its own parts with a path that begins in it. That decides nothing.
    let is_own = mention.is_reexport && mention.parts[0] != "crate";
    if is_own || mention.holds(&OPEN_PART_OF_A_KIND) {
        return None;
    }
    let (_, places) = KINDS_OF_STORES.iter().find(|(kind, _)| mention.holds(kind))?;
    let is_allowed = places.iter().any(|place| path.starts_with(place));
    (!is_allowed).then(|| "decides by the kind of a store: only `store` does".to_owned())
}

fn done_wrongly(source: &Source, mention: &Mention) -> Option<String> {
    let is_done = |effect: &&Effect| {
        let here = effect.paths.iter().any(|path| mention.holds(path) && is_meant(path, mention));
        here && !effect.allowed.contains(&source.path.as_str()) && !(effect.tests_may && mention.in_tests)
    };
    EFFECTS.iter().find(is_done).map(|effect| effect.what.to_owned())
}

/// A word alone is a macro or a function of a path: `.stdout(…)` of a child and a variable are something else.
fn is_meant(path: &[&str], mention: &Mention) -> bool {
    let [word] = path else { return true };
    let is_last = mention.parts.last().is_some_and(|last| last == word);
    match *word {
        "stdout" | "stderr" => is_last && !mention.is_member && mention.parts.len() > 1,
        "OpenOptions" | "reqwest" | "hyper" | "aws_smithy_http_client" | "octocrab" => true,
        _ => is_last && mention.is_macro,
    }
}

fn declared_out_of_order(modules: &[String]) -> Option<String> {
    let modules: Vec<String> = modules.iter().filter(|name| *name != OF_TESTS).cloned().collect();
    let (inner, above) = modules.split_at(MODULES.len().min(modules.len()));
    let mut above: Vec<&str> = above.iter().map(String::as_str).collect();
    above.sort_unstable();
    let mut expected = COMMAND_LAYER;
    expected.sort_unstable();
    (inner != MODULES || above != expected)
        .then(|| format!("src/lib.rs: the modules are {}, then the command layer", MODULES.join(", ")))
}

/// What is wrong with the length of files, given as path and number of lines. `reasons` lists the files that may be
/// long; a listed file that is short again is wrong too.
pub(crate) fn too_long(files: &[(String, usize)], reasons: &[(&str, &str)]) -> Vec<String> {
    let has_reason = |path: &str| reasons.iter().any(|(long, _)| *long == path);
    let unlisted = files.iter().filter(|(path, lines)| *lines > LONGEST && !has_reason(path));
    let over =
        unlisted.map(|(path, lines)| format!("{path} has {lines} lines, more than {LONGEST}, and no reason"));
    let is_long = |path: &str| files.iter().any(|(file, lines)| file == path && *lines > LONGEST);
    let stale = reasons.iter().filter(|(path, _)| !is_long(path));
    over.chain(stale.map(|(path, _)| format!("{path} is not long any more: take it off the list"))).collect()
}

/// Every function that is too long to read at once.
pub(crate) fn long_functions(source: &Source) -> Vec<String> {
    let long = source.function_lengths().into_iter().filter(|(_, _, lines)| *lines > LONGEST_FUNCTION);
    let path = &source.path;
    long.map(|(line, name, lines)| {
        format!("{path}:{line}: `{name}` has {lines} lines, more than {LONGEST_FUNCTION}")
    })
    .collect()
}

/// Every function, test or not, whose name is too long to take in at a glance.
pub(crate) fn long_names(source: &Source) -> Vec<String> {
    let functions = source.functions().into_iter();
    let long = functions.filter(|(_, name)| name.chars().count() > LONGEST_NAME);
    let path = &source.path;
    long.map(|(line, name)| format!("{path}:{line}: `{name}` is longer than {LONGEST_NAME} characters"))
        .collect()
}
