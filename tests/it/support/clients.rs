//! PostgreSQL client tools that do wrong: shell scripts in a folder that a run finds first.
//! They are run without a `PATH`, so they name programs by their whole paths.

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::{Cluster, tools};

/// The path of a real one, of the shared server's own major version.
pub(crate) fn real(program: &str) -> String {
    Cluster::shared().bin_dir().join(program).display().to_string()
}

/// A folder with these two scripts.
pub(crate) fn scripted(pg_dump: &str, psql: &str) -> TempDir {
    let folder = tools::open_folder("clients");
    for (name, script) in [("pg_dump", pg_dump), ("psql", psql)] {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// A pg_dump of the shared server's major version that does `script` when it is asked for a dump.
pub(crate) fn misbehaving(script: &str) -> TempDir {
    let version = format!("if [ \"$1\" = --version ]; then exec {} --version; fi", real("pg_dump"));
    scripted(&format!("{version}\n{script}"), &format!("exec {} \"$@\"", real("psql")))
}

/// The same for some sponsors, each with its own script; for the others it is the real one.
pub(crate) fn misbehaving_for<'a>(scripts: impl IntoIterator<Item = (&'a str, &'a str)>) -> TempDir {
    let cases = scripts.into_iter().map(|(sponsor, script)| format!("{sponsor}_*)\n{script}\n;;\n"));
    let cases: String = cases.collect();
    misbehaving(&format!("case $PGDATABASE in\n{cases}*) exec {} \"$@\" ;;\nesac", real("pg_dump")))
}
