//! Which client tools dump which server, and how the program calls them. Covers incidents F6, F22 and F32.
//! For faults of pg_dump itself, see `dump` and `endless`.

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

/// F6: a psql script plays a future server version.
/// - fault: The server is newer than every pg_dump on the machine
/// - injected: A psql that answers as PostgreSQL 99
/// - seen: `the server runs PostgreSQL 99, newer than every installed pg_dump`, and which package to install. Exit code
///   13
/// - left: A record of the failure
#[test]
fn a_server_newer_than_every_client_gets_its_remedy() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    // This client is the newest on the machine, so the program queries the server with it.
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

/// - fault: A pg_dump on PATH does not work
/// - injected: A script that exits with 3
/// - seen: Success with the next pg_dump. Exit code 0
/// - left: The complete backup
#[test]
fn a_folder_whose_pg_dump_does_not_work_is_passed_over() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let clients = clients::scripted("exit 3", "exit 3");
    let outcome = trial.run().path(clients.path()).run();
    outcome.assert_code(0);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
}

/// - fault: A pg_dump on PATH never prints its version, for example because its network disk is down
/// - injected: A script that sleeps
/// - seen: Success with the next pg_dump after 20 s. Exit code 0
/// - left: The complete backup
/// - fault: SIGTERM arrives during that wait
/// - injected: The signal
/// - seen: `cancelled by SIGTERM`. Exit code 143
/// - left: Nothing. No record, because no sponsor had started
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

/// F6: one run dumps servers of three major versions, each with its own pg_dump. Each psql restores the same rows.
/// - fault: The databases of one run are on servers of three major versions
/// - injected: PostgreSQL 15, 16 and 18, and the clients of each
/// - seen: Success. Exit code 0
/// - left: Three backups, each from the pg_dump of its own version, that restore to the same rows
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

/// F22: other users of the machine cannot see a password in a process, and each process sees only a small environment.
/// - fault: Other users of the machine read the command lines and environments of child processes
/// - injected: Clients that write down their own
/// - seen: Success. Exit code 0
/// - left: No password in a command line. Of the program's own variables, the environment contains only PG variables
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

/// F32: the role's time zone and the time zone of the machine that runs the test are set to Auckland.
/// - fault: The clocks of the machine and the database role are far from UTC
/// - injected: `TZ`, and a role with the time zone Auckland
/// - seen: Success. Exit code 0
/// - left: A backup with its times in UTC
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
