//! The rules find breaches: small sources with one breach each, and sources that look like breaches and are none.

use crate::rules::{breaches, long_names, too_long};
use crate::source::Source;

fn judged(path: &str, text: &str) -> Vec<String> {
    breaches(&Source { path: path.to_owned(), text: text.to_owned() })
}

#[track_caller]
fn bites(path: &str, text: &str, word: &str) {
    let found = judged(path, text);
    assert!(found.iter().any(|breach| breach.contains(word)), "{path}: {text}\nno `{word}` in {found:?}");
}

#[track_caller]
fn lets_pass(path: &str, text: &str) {
    let found = judged(path, text);
    assert!(found.is_empty(), "{path}: {text}\n{found:?}");
}

#[test]
fn a_use_of_a_module_to_the_right_is_a_breach_in_any_form() {
    let right = "to the right of `secrets`";
    for text in [
        "use crate::store::Store;",
        "use crate::{manifest::Entry, archive::{s3::Store, Codec}};",
        "use crate::{sponsors, report};",
        "use super::super::archive::Store;",
        "use super::{super::archive, error};",
        "use self::super::super::archive::Store;",
        "pub(crate) use crate::archive as store;",
        "fn f(store: &crate::archive::Store) {}",
        "fn f() -> Vec<crate::archive::Store> { Vec::new() }",
        "fn f() { vec![crate::archive::make()] }",
        "use sponsor_backup::record::Outcome;",
        "fn f() { ::sponsor_backup::report::say() }",
        "impl<T: crate::report::Say> From<T> for X {}",
        "mod tests { use super::super::super::report::Sink; }",
        "#[cfg(test)] mod tests { fn f() { crate::report::say() } }",
    ] {
        bites("secrets/file.rs", text, right);
    }
}

#[test]
fn only_those_who_are_named_talk_to_the_world() {
    for path in ["record/deployment.rs", "report/issue.rs", "commands/github.rs", "github/provenance.rs"] {
        bites(path, "use octocrab::Octocrab;", "only `github` does");
        bites(path, "fn f() { reqwest::Client::new(); }", "speaks HTTP");
    }
    bites("secrets/doppler.rs", "fn f() { octocrab::instance(); }", "talks to GitHub");
    lets_pass("github.rs", "use octocrab::Octocrab; fn f() { reqwest::Client::builder(); }");
}

#[test]
fn no_module_knows_the_command_layer() {
    for above in ["cli", "failure", "commands"] {
        bites("report/summary.rs", &format!("use crate::{above}::X;"), "to the right of `report`");
    }
    bites("cli/options.rs", "use crate::commands::RunContext;", "to the right of `cli`");
    bites("failure.rs", "use crate::commands::RunContext;", "to the right of `failure`");
}

#[test]
fn the_archive_does_not_know_databases_but_secrets() {
    bites("archive/seal.rs", "use crate::databases::postgres::Dump;", "`archive` must not know");
    bites("archive.rs", "use super::databases::postgres::Dump;", "`archive` must not know");
    lets_pass("archive/s3/client.rs", "use crate::secrets::Secret; use super::super::error::ArchiveError;");
}

#[test]
fn the_kind_of_a_store_is_known_in_the_store_alone() {
    let bite = "decides by the kind of a store";
    for text in [
        "use crate::store::folder::Folder;",
        "use crate::store::{Store, folder::FolderError};",
        "use crate::store::folder;",
        "pub use crate::store::folder::Folder;",
        "fn f(error: &crate::store::folder::FolderError) {}",
        "use crate::store::s3::S3Bucket;",
        "use crate::store::s3::*;",
        "use crate::store::s3;",
        "use crate::store::s3::{policy::Purpose, S3Bucket};",
        "use crate::store::s3::retry::Temporary;",
        "use sponsor_backup::store::s3::lifecycle::Rule;",
        "use super::super::store::folder::Flaw;",
        "fn f(bucket: &S3Bucket) {}",
        "fn f() { match store.kind { Kind::S3(_) => 1, _ => 2 } }",
        "fn f() -> bool { matches!(store.kind, store::Kind::Folder(_)) }",
        "use crate::secrets::{SponsorSecrets, StoreKind};",
        "fn f() { match name.kind() { StoreKind::Bucket(name) => name, _ => \"\" } }",
        "mod tests { fn f() { crate::store::folder::Folder::open(p) } }",
    ] {
        bites("commands/buckets.rs", text, bite);
        bites("report/summary.rs", text, bite);
    }
    for text in [
        "use crate::store::s3::policy::{self, Purpose};",
        "use crate::store::{Store, Capabilities, Surroundings};",
        "fn f(kind: Kind) { match kind { Kind::Backup => 1, Kind::Record => 2 } }",
        "fn f() { policy::policy(p); Purpose::Backup; folder::path(); s3::host(); }",
    ] {
        lets_pass("commands/buckets.rs", text);
    }
    for path in ["store.rs", "store/preflight.rs", "store/folder/upload.rs"] {
        lets_pass(
            path,
            "use crate::store::{folder::Folder, s3::S3Bucket}; fn f() { Kind::Folder(x); Kind::S3(y); }",
        );
    }
    bites("archive/store.rs", "use crate::store::folder::Folder;", bite);
    bites("secrets/store_name.rs", "fn f() { Kind::Folder(x) }", bite);
    let named =
        "fn f(kind: StoreKind) { match kind { StoreKind::Bucket(_) => 1, StoreKind::Folder(_) => 2 } }";
    for path in ["secrets/store_name.rs", "secrets/store_name/tests.rs", "store.rs", "store/place.rs"] {
        lets_pass(path, named);
    }
    bites("secrets.rs", named, bite);
    lets_pass("secrets.rs", "mod store_name; pub use store_name::{Ability, StoreKind, StoreName};");
}

#[test]
fn a_glob_or_alias_of_the_crate_root_is_a_breach() {
    for text in ["use crate::*;", "use crate as all;", "use crate::{self as house};", "use super::super::*;"]
    {
        bites("archive/seal.rs", text, "the whole crate");
    }
    bites("databases/postgres/dump.rs", "use crate::metrics::Counter;", "`metrics`, which is not listed");
}

#[test]
fn uses_to_the_left_comments_and_strings_pass() {
    for text in [
        "use crate::manifest::Entry; use crate::secrets::EnvCredentials; use super::doppler;",
        "// use crate::store::Store;",
        "/// Like [`crate::archive::Store`].\nfn f() {}",
        "const TEXT: &str = \"use crate::store::Store;\";",
        "pub(crate) fn archive(record: u8) -> u8 { record }",
        "mod tests { use super::*; use crate::secrets::report; }",
        "fn f(x: other::crate_name::archive) {}",
    ] {
        lets_pass("secrets/file.rs", text);
    }
    lets_pass(
        "commands/backup/sponsor.rs",
        "use crate::archive::seal; use crate::databases::postgres::Dump; use super::super::RunContext;",
    );
    lets_pass("main.rs", "use sponsor_backup::commands; use sponsor_backup::report::sink::Sink;");
}

#[test]
fn names_that_say_nothing_and_unlisted_modules_are_breaches() {
    for path in [
        "utils.rs",
        "archive/helpers.rs",
        "report/common/text.rs",
        "types.rs",
        "databases/config.rs",
        "error.rs",
    ] {
        bites(path, "", "a name that says nothing");
    }
    bites("metrics/push.rs", "", "`metrics` is not listed");
    lets_pass("archive/error.rs", "");
}

#[test]
fn ending_the_process_is_a_breach_everywhere() {
    bites("main.rs", "fn main() { std::process::exit(1) }", "ends the process");
    bites("databases/postgres/dump.rs", "use std::process::{Command, exit};", "ends the process");
    lets_pass("databases/postgres/dump.rs", "use std::process::{Command, ExitStatus}; fn exit() {}");
}

#[test]
fn throwing_a_value_away_is_a_breach() {
    bites("archive/upload.rs", "fn f() {\n    let _ = g();\n}", "src/archive/upload.rs:2: `let _`");
    bites("archive/upload.rs", "fn f() { spawn(async { let _: Result<(), ()> = g(); }) }", "`let _`");
    lets_pass("archive/upload.rs", "fn f() { let _guard = g(); let (_, x) = h(); }");
}

#[test]
fn only_listed_files_write_to_streams_and_files() {
    for text in [
        "fn f() { println!(\"x\") }",
        "fn f() { std::eprintln!(\"x\") }",
        "fn f() { vec![dbg!(1)]; }",
        "fn f() { std::io::stdout().lock(); }",
        "use std::io::{self, stderr};",
    ] {
        bites("report/summary.rs", text, "writes to a stream");
        lets_pass("report/sink.rs", text);
    }
    for text in [
        "use std::fs::OpenOptions;",
        "fn f() { std::fs::File::create(p); }",
        "fn f() { tokio::fs::write(p, b); }",
        "use std::fs::{read, write};",
    ] {
        bites("archive/seal.rs", text, "writes a file");
        lets_pass("record/log.rs", text);
    }
    lets_pass(
        "databases/postgres/dump.rs",
        "fn f() { command.stdout(Stdio::piped()).stderr(x); child.stdout.take(); }",
    );
    lets_pass("secrets/file.rs", "#[cfg(test)] mod tests { fn f() { std::fs::write(p, t); } }");
    bites("secrets/file.rs", "#[cfg(test)] mod tests {} fn f() { std::fs::write(p, t); }", "writes a file");
}

#[test]
fn environment_and_clock_are_read_at_the_edge_alone() {
    bites("secrets/variables.rs", "fn f() { std::env::var(\"HOME\"); }", "reads the environment");
    bites("databases/postgres/client.rs", "use std::env::{self, vars_os};", "reads the environment");
    bites("archive/key.rs", "fn f() { jiff::Timestamp::now(); }", "reads the clock");
    lets_pass("commands/context.rs", "fn f() { Timestamp::now(); }");
    lets_pass(
        "databases/postgres/client.rs",
        "const V: &str = env!(\"CARGO_PKG_VERSION\"); fn f() { std::env::split_paths(p); }",
    );
}

#[test]
fn main_is_short_and_lib_lists_modules_in_order() {
    lets_pass("main.rs", &"\n".repeat(40));
    bites("main.rs", &"\n".repeat(41), "more than 40 lines");
    let told = |modules: &[&str]| modules.iter().map(|name| format!("pub mod {name};\n")).collect::<String>();
    let whole = [&crate::rules::MODULES[..], &["cli", "commands", "failure"]].concat();
    lets_pass("lib.rs", &told(&whole));
    let mut swapped = whole.clone();
    swapped.swap(3, 4);
    bites("lib.rs", &told(&swapped), "the modules are stop, finding, manifest, sponsors");
    bites("lib.rs", &told(&whole[..12]), "the modules are");
    bites("lib.rs", &told(&[&whole[..], &["tools"]].concat()), "the modules are");
}

#[test]
fn reviewed_texts_are_for_tests_alone() {
    let used = "fn f() { crate::reviewed::text(); }";
    lets_pass("databases/postgres/error/tests.rs", used);
    bites("databases/postgres/error.rs", used, "is not listed");
}

#[test]
fn a_long_file_needs_a_reason_and_a_reason_needs_a_long_file() {
    let reasons = [("src/archive/s3.rs", "one method a request")];
    let judged = |s3: usize, cli: usize| {
        let files =
            [("src/archive/s3.rs", s3), ("src/cli.rs", cli)].map(|(path, lines)| (path.to_owned(), lines));
        too_long(&files, &reasons)
    };
    assert!(judged(401, 400).is_empty());
    assert_eq!(judged(401, 401), ["src/cli.rs has 401 lines, more than 400, and no reason"]);
    assert_eq!(judged(400, 400), ["src/archive/s3.rs is not long any more: take it off the list"]);
    assert_eq!(too_long(&[], &reasons), ["src/archive/s3.rs is not long any more: take it off the list"]);
}

#[test]
fn a_name_of_61_characters_is_too_long_and_one_of_60_is_not() {
    let named = |text: &str, length: usize| {
        let text = text.replace("NAME", &"n".repeat(length));
        long_names(&Source { path: "tests/it/list.rs".to_owned(), text })
    };
    for text in [
        "fn short() {}\nfn NAME() {}",
        "mod tests {\n#[test] fn NAME() {}\n}",
        "proptest! {\npub(crate) async fn NAME(count in 0..3) {} }",
    ] {
        assert!(named(text, 60).is_empty(), "{text}");
        let long = format!("tests/it/list.rs:2: `{}` is longer than 60 characters", "n".repeat(61));
        assert_eq!(named(text, 61), [long], "{text}");
    }
    assert!(named("// fn NAME()\nconst X: fn(u8) = y; fn f() { NAME(\"fn NAME()\") }", 61).is_empty());
}
