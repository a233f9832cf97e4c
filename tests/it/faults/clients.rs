//! Which client tools dump which server, and how they are called.
//! Rows F6, F22 and F32 of the failures that happened to others. What a pg_dump does wrong: `dump` and `endless`.

use std::io::Read as _;
use std::time::{Duration, Instant};

use crate::support::{Cluster, Database, Sponsor, Trial, clients, project_of, tools};

fn dump_of(trial: &Trial, sponsor: &str) -> String {
    let keys = trial.store.keys_in(trial.bucket(sponsor));
    let archive = trial.store.get(trial.bucket(sponsor), &keys[0]);
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(archive.as_slice()).read_to_string(&mut text).unwrap();
    text
}

/// F6: a server of the future, played by a psql that says so.
/// - fault: the server is newer than every pg_dump of the machine
/// - injected: a psql that answers as a PostgreSQL 99
/// - seen: `the server runs PostgreSQL 99, newer than every installed pg_dump`, and which package to install; exit code 13
/// - left: a record of the failure
#[test]
fn a_server_newer_than_every_client_gets_its_remedy() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    // This client is the newest of the machine, so it is the one that asks.
    let clients = clients::scripted(
        "echo 'pg_dump (PostgreSQL) 98.2'",
        "echo '990001|99.1|8000000|f|UTF8|UTF8|t|0|hex|off|on|C|UTC|off|[]'",
    );
    let outcome = trial.run().path(clients.path()).run();
    outcome.assert_code(13);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("the server runs PostgreSQL 99, newer than every installed pg_dump ("),
        "{message}"
    );
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")), Vec::<String>::new());
    assert!(outcome.stdout.contains("Install postgresql-client-99"), "{}", outcome.transcript());
}

/// - fault: a pg_dump on PATH does not work
/// - injected: a script that exits with 3
/// - seen: success with the next pg_dump; exit code 0
/// - left: the whole backup
#[test]
fn a_folder_whose_pg_dump_does_not_work_is_passed_over() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let clients = clients::scripted("exit 3", "exit 3");
    let outcome = trial.run().path(clients.path()).run();
    outcome.assert_code(0);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
}

/// - fault: a pg_dump on PATH never tells its version, on a dead network disk perhaps
/// - injected: a script that sleeps
/// - seen: success with the next pg_dump after 20 s; exit code 0
/// - left: the whole backup
/// - fault: SIGTERM comes meanwhile
/// - injected: the signal
/// - seen: `cancelled by SIGTERM`; exit code 143
/// - left: nothing; no record, for no sponsor was begun
#[test]
fn a_pg_dump_that_never_prints_its_version_is_passed_over() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let seen = tools::open_folder("seen");
    let asked = seen.path().join("asked");
    let sleep = format!(": >{}\nexec /usr/bin/sleep 600", asked.display());
    let clients = clients::scripted(&sleep, &sleep);
    let stopped = trial.run().path(clients.path()).start();
    tools::wait_for("the question", Duration::from_secs(30), || asked.exists().then_some(()));
    let signaled = Instant::now();
    stopped.signal("TERM");
    let stopped = stopped.wait();
    stopped.assert_code(143);
    assert!(signaled.elapsed() < Duration::from_secs(5));
    assert!(stopped.stdout.contains("error: cancelled by SIGTERM"), "{}", stopped.transcript());
    assert_eq!(stopped.logs().len(), 0);
    let outcome = trial.run().path(clients.path()).deadline(Duration::from_secs(60)).run();
    outcome.assert_code(0);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
}

/// F6: servers of three majors in one run, each dumped by its own, and the rows come back by its own psql.
/// - fault: the databases of one run are on servers of three major versions
/// - injected: PostgreSQL 15, 16 and 18, and the clients of each
/// - seen: success; exit code 0
/// - left: three backups, each by the pg_dump of its own version, that restore to the same rows
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
/// - fault: others on the machine read command lines and environments of children
/// - injected: clients that write theirs down
/// - seen: success; exit code 0
/// - left: no password in a command line, nothing of ours but PG variables in an environment
#[test]
fn no_password_is_in_any_command_line() {
    let password = "p@ss:w/rd'%+ é?#";
    let trial = Trial::of([Sponsor::named("callisto").empty().password(password)]);
    let seen = tools::open_folder("seen");
    let tell = |program: &str| {
        let arguments = format!("printf '%s\\n' {program} \"$@\" >>{}/arguments", seen.path().display());
        let names = format!("/usr/bin/env | /usr/bin/cut -d= -f1 >>{}/names", seen.path().display());
        format!("{arguments}\n{names}\nexec {} \"$@\"", clients::real(program))
    };
    let clients = clients::scripted(&tell("pg_dump"), &tell("psql"));
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
/// - fault: the clocks of the machine and of the database role are far from UTC
/// - injected: `TZ`, and a role whose time zone is Auckland
/// - seen: success; exit code 0
/// - left: a backup whose times are in UTC
#[test]
fn a_dump_is_taken_in_utc_and_under_our_own_name() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    database.psql(&format!("ALTER ROLE \"{}\" SET timezone = 'Pacific/Auckland'", database.user));
    trial.run().run().assert_code(0);
    assert!(dump_of(&trial, "callisto").contains("\t2024-02-01 00:07:00+00\t"));
    let log = Cluster::shared().log();
    let mine = format!("user={0} database={0} application_name=sponsor-backup", database.name);
    assert!(log.matches(&mine).count() >= 2, "questions and a dump, all under our name");
}
