//! Figures of one run each: memory, files that are written, the time until the first request.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::measure::{Spread, Table, is_wanted};
use crate::support::{Database, Run, Trial, clients, tools};
use crate::{BLOCK, MIB, backup, run_of};

/// Peak memory for dumps of these sizes in MiB. A script in place of pg_dump writes them.
pub(crate) fn memory(table: &mut Table, trial: &Trial, sizes: &[u64]) {
    if !is_wanted("memory") {
        return;
    }
    let folder = tools::open_folder("dump");
    let text = dump_of(trial.database("callisto"));
    // The rows of the largest table, again and again.
    let head = text.find("\nCOPY public.diary_events ").expect("a table of events");
    let begin = head + 1 + text[head + 1..].find('\n').unwrap() + 1;
    let end = begin + text[begin..].find("\\.\n").unwrap();
    let rows = text[begin..end].repeat(BLOCK * 16 / (end - begin) + 1);
    for (name, part) in [("head", &text[..begin]), ("rows", &rows), ("tail", &text[end..])] {
        std::fs::write(folder.path().join(name), part).unwrap();
    }
    for &mebibytes in sizes {
        let times = mebibytes * (1 << 20) / rows.len() as u64;
        let at = folder.path().display();
        let script = format!(
            "/bin/cat {at}/head; i=0; while [ $i -lt {times} ]; do /bin/cat {at}/rows; i=$((i+1)); done; /bin/cat {at}/tail"
        );
        let client = clients::misbehaving(&script);
        let outcome = run_of(trial.run().path(client.path()), &[]);
        let size = outcome.logs()[0].1["dump_size_bytes"].as_f64().unwrap_or_default();
        let peak = format!("{:.0} MiB", outcome.peak_memory as f64 / MIB);
        table.row(&[&format!("peak memory, {:.1} GiB of dump", size / MIB / 1024.0), "96 MiB", &peak]);
    }
}

/// The files that a backup opens for writing, also those that are gone afterwards.
pub(crate) fn files(table: &mut Table, trial: &Trial) {
    let name = "files opened for writing, traced";
    if !is_wanted(name) {
        return;
    }
    let log = tools::open_folder("trace");
    let trace = log.path().join("trace");
    let arguments = ["-f", "-qq", "-y", "--seccomp-bpf", "-e", "trace=openat,creat,open", "-o"];
    let program = tools::binary();
    let arguments = arguments.into_iter().chain([trace.to_str().unwrap(), program.to_str().unwrap()]);
    let arguments: Vec<&str> = arguments.collect();
    let outcome = run_of(trial.run().first_arguments(&arguments).program(tools::strace()), &[]);
    let text = std::fs::read_to_string(&trace).unwrap();
    let writing = text.lines().filter(|line| !line.contains("O_RDONLY"));
    // The path after the descriptor is that of the file itself, also of one without a name.
    let opened = writing.filter_map(|line| line.rsplit_once(" = ")?.1.split_once('<')?.1.strip_suffix('>'));
    let files: BTreeSet<&str> =
        opened.filter(|path| !["/dev/", "/proc/"].iter().any(|start| path.starts_with(start))).collect();
    let sizes = files.iter().map(|path| std::fs::metadata(path).map_or(0, |file| file.len()));
    let names: Vec<&str> = files.iter().filter_map(|path| path.rsplit('/').next()).collect();
    let dump = outcome.logs()[0].1["dump_size_bytes"].as_f64().unwrap_or_default() / MIB;
    let found = format!(
        "{}, with {} bytes together, beside {dump:.0} MiB of dump",
        names.join(", "),
        sizes.sum::<u64>()
    );
    table.row(&[name, "no byte of data", &found]);
}

/// From the start of the process to its first connection, and a whole run of an empty database.
pub(crate) fn cold_start(table: &mut Table, rounds: u64, empty: &Trial) {
    if !is_wanted("cold start") {
        return;
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let first = Spread::of((0..rounds * 3).map(|_| {
        let started = Instant::now();
        let mut child = Command::new(tools::binary())
            .args([
                "backup",
                "--environment",
                "production",
                "--sponsors",
                "callisto",
                "--doppler-api-url",
                &address,
            ])
            .env("DOPPLER_TOKEN_CORE", "dp.st.x")
            .env("DOPPLER_TOKEN_CALLISTO", "dp.st.y")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        listener.accept().unwrap();
        let took = started.elapsed().as_secs_f64() * 1000.0;
        child.kill().unwrap();
        child.wait().unwrap();
        took
    }));
    table.row(&["cold start, exec to first request", "–", &format!("{:.0} ms", first.median)]);
    let whole = Spread::of((0..rounds).map(|_| backup(empty.run(), &[]).as_secs_f64()));
    table.row(&["whole run, empty database", "–", &format!("{:.2} s", whole.median)]);
}

/// A pg_dump that writes a text as fast as it is read: the dump of this database.
pub(crate) fn scripted(database: &Database) -> TempDir {
    let text = dump_of(database);
    clients::misbehaving(&format!("/bin/cat <<'END OF DUMP'\n{text}\nEND OF DUMP\nexit"))
}

fn dump_of(database: &Database) -> String {
    let arguments = ["--no-owner", "--no-acl", "--clean", "--if-exists", &database.url()];
    tools::run(clients::real("pg_dump"), arguments)
}

/// One process for many sponsors.
pub(crate) fn many(table: &mut Table, trial: &Trial, run: Run, name: &str) {
    let outcome = run_of(run, &[]);
    let each = outcome.took.as_secs_f64() * 1000.0 / trial.names().len() as f64;
    let peak = outcome.peak_memory as f64 / MIB;
    table.row(&[name, "–", &format!("{each:.0} ms each, peak {peak:.0} MiB")]);
}
