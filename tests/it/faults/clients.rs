//! Which client tools dump which server, how they are called, and what becomes of a dump that they get wrong.
//! Rows F1, F2, F3, F6, F22 and F32 of the failures that happened to others.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use crate::support::{Cluster, Database, Outcome, Sponsor, Trial, project_of, tools};

/// Client tools that are shell scripts. They are run without a `PATH`, so they name programs by their whole paths.
fn fake_clients(pg_dump: &str, psql: &str) -> TempDir {
    let folder = tools::open_folder("clients");
    for (name, script) in [("pg_dump", pg_dump), ("psql", psql)] {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn real(program: &str) -> String {
    Cluster::shared().bin_dir().join(program).display().to_string()
}

/// A pg_dump of the server's own major version that does `script` when it is asked for a dump.
fn misbehaving(script: &str) -> TempDir {
    let pg_dump = real("pg_dump");
    let version = format!("if [ \"$1\" = --version ]; then exec {pg_dump} --version; fi");
    fake_clients(&format!("{version}\n{script}"), &format!("exec {} \"$@\"", real("psql")))
}

fn dump_of(trial: &Trial, sponsor: &str) -> String {
    let keys = trial.store.keys_in(trial.bucket(sponsor));
    let archive = trial.store.get(trial.bucket(sponsor), &keys[0]);
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(archive.as_slice()).read_to_string(&mut text).unwrap();
    text
}

#[track_caller]
fn assert_no_backup(trial: &Trial, outcome: &Outcome, told: &str) {
    outcome.assert_code(13);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"dump".into()));
    assert!(result["message"].as_str().unwrap().contains(told), "{result:#}");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")), Vec::<String>::new());
    assert_eq!(trial.store.uploads(trial.bucket("callisto")), Vec::<String>::new());
}

/// F2 and F3: whatever cut the stream, its exit status says that all was well.
#[test]
fn a_dump_that_is_cut_off_is_no_backup_though_pg_dump_says_so() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let pg_dump = real("pg_dump");
    for (script, told) in [
        (format!("{pg_dump} \"$@\" | /usr/bin/head -c 9000\nexit 0"), "the dump is cut off: "),
        ("exit 0".to_owned(), "the dump is cut off: it does not begin as a dump"),
    ] {
        let clients = misbehaving(&script);
        let outcome = trial.run().path(clients.path()).run();
        assert_no_backup(&trial, &outcome, told);
    }
}

/// The same where parts are at S3 already.
#[test]
fn a_long_dump_that_is_cut_off_is_taken_back() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(24);
    let clients = misbehaving(&format!("{} \"$@\" | /usr/bin/head -c 20000000\nexit 0", real("pg_dump")));
    let outcome = trial.run().path(clients.path()).input("memory-limit", "24MiB").run();
    assert_no_backup(&trial, &outcome, "the dump is cut off: ");
}

/// F1: the whole dump is there, trailer and all, and the exit status says no.
#[test]
fn a_whole_dump_is_no_backup_when_pg_dump_failed() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let script = format!("{} \"$@\"\necho 'pg_dump: error: last words' >&2\nexit 1", real("pg_dump"));
    let clients = misbehaving(&script);
    let outcome = trial.run().path(clients.path()).run();
    assert_no_backup(&trial, &outcome, "pg_dump exited with 1: last words");
}

/// F6: a server of the future, played by a psql that says so.
#[test]
fn a_server_newer_than_every_client_is_told_with_its_remedy() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    // This client is the newest of the machine, so it is the one that asks.
    let clients = fake_clients("echo 'pg_dump (PostgreSQL) 98.2'", "echo '990001|99.1|8000000|hex|off|on'");
    let outcome = trial.run().path(clients.path()).run();
    assert_no_backup(&trial, &outcome, "the server is PostgreSQL 99, newer than every pg_dump here (");
    assert!(outcome.stdout.contains("Install postgresql-client-99"), "{}", outcome.transcript());
}

#[test]
fn a_folder_whose_pg_dump_does_not_work_is_passed_over() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let clients = fake_clients("exit 3", "exit 3");
    let outcome = trial.run().path(clients.path()).run();
    // A folder whose pg_dump does not even tell its version is passed over.
    outcome.assert_code(0);
}

/// F6: servers of three majors in one run, each dumped by its own, and the rows come back by its own psql.
#[test]
fn each_server_is_dumped_by_the_client_of_its_own_major() {
    let trial = Trial::of(["callisto", "europa", "titan"].map(Sponsor::named));
    let clusters = [Cluster::shared(), Cluster::of_major(16), Cluster::of_major(18)];
    let mut sources: Vec<Database> = vec![trial.database("callisto").clone()];
    for (sponsor, cluster) in [("europa", clusters[1]), ("titan", clusters[2])] {
        let database = cluster.database(sponsor);
        database.load_diary(20, 300);
        trial.doppler.set(&project_of(sponsor), "production", "DATABASE_URL", Some(&database.url()));
        sources.push(database);
    }
    let run = clusters.iter().fold(trial.run(), |run, cluster| run.path(cluster.bin_dir()));
    run.run().assert_code(0);
    for ((sponsor, cluster), source) in ["callisto", "europa", "titan"].into_iter().zip(clusters).zip(sources)
    {
        let keys = trial.store.keys_in(trial.bucket(sponsor));
        let manifest = trial.store.get_json(trial.bucket(sponsor), &keys[1]);
        let server = source.psql("SHOW server_version");
        assert_eq!(manifest["server_version"], server);
        let client = tools::run(cluster.bin_dir().join("pg_dump"), ["--version"]);
        assert_eq!(
            format!("pg_dump (PostgreSQL) {}", manifest["pg_dump_version"].as_str().unwrap()),
            client.trim()
        );
        let copy = cluster.database("copy");
        copy.script(&dump_of(&trial, sponsor), &[]);
        assert_eq!(copy.content_digest(), source.content_digest(), "{sponsor}");
    }
}

/// F22: what other users of the machine can see of a process holds no password, and what the process can see is small.
#[test]
fn no_password_is_in_any_command_line() {
    let password = "p@ss:w/rd'%+ é?#";
    let trial = Trial::of([Sponsor::named("callisto").empty().password(password)]);
    let seen = tools::open_folder("seen");
    let tell = |program: &str| {
        let arguments = format!("printf '%s\\n' {program} \"$@\" >>{}/arguments", seen.path().display());
        let names = format!("/usr/bin/env | /usr/bin/cut -d= -f1 >>{}/names", seen.path().display());
        format!("{arguments}\n{names}\nexec {} \"$@\"", real(program))
    };
    let clients = fake_clients(&tell("pg_dump"), &tell("psql"));
    trial.run().path(clients.path()).env("STRIPE_API_KEY", "x").run().assert_code(0);
    let read = |name: &str| std::fs::read_to_string(seen.path().join(name)).unwrap();
    let arguments = read("arguments");
    assert!(arguments.contains("pg_dump\n--format=plain") && arguments.contains("psql\n"), "{arguments}");
    let url = trial.database("callisto").url();
    let encoded = url.split(['@', ':']).nth(2).unwrap();
    assert!(!arguments.contains(password) && !arguments.contains(encoded), "{arguments}");
    let names = read("names");
    let allowed =
        |name: &str| name.starts_with("PG") || ["LC_ALL", "PWD", "_", "SHLVL", "OLDPWD"].contains(&name);
    assert!(names.contains("PGPASSWORD\n"), "{names}");
    assert!(names.lines().all(allowed), "{names}");
}

/// F32: the role, like the machine that runs the test, has its clock set to Auckland.
#[test]
fn a_dump_is_taken_in_utc_and_under_our_own_name() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    database.psql(&format!("ALTER ROLE \"{}\" SET timezone = 'Pacific/Auckland'", database.user));
    trial.run().run().assert_code(0);
    assert!(dump_of(&trial, "callisto").contains("\t2024-02-01 00:07:00+00\t"));
    let log = Cluster::shared().log();
    let mine = format!("user={0} database={0} application_name=sponsor-backup", database.name);
    assert_eq!(log.matches(&mine).count(), 2, "one question and one dump");
}
