//! Each sponsor has one time limit, and a run ends within five seconds of a signal, whatever a server or program is
//! doing.

use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::{Duration, Instant};

use crate::support::{Cluster, Database, Outcome, Run, Running, Sponsor, Trial, clients, tools};

/// The documented limit.
const OVER: Duration = Duration::from_secs(5);
const A_WHILE: Duration = Duration::from_secs(60);
const OURS: &str = "SELECT count(*) FROM pg_database WHERE datname LIKE 'sponsor\\_backup\\_%'";

fn backed_up(cluster: &Cluster) -> Trial {
    let trial = Trial::plan([Sponsor::named("callisto")]).cluster(cluster).start();
    trial.run().run().assert_code(0);
    trial
}

/// A role with the right to create databases, and the URL of a database that does not exist.
fn absent(cluster: &Cluster) -> (String, String) {
    let name = format!("visitor_{}", tools::unique());
    cluster.psql("postgres", &format!("CREATE ROLE {name} LOGIN CREATEDB PASSWORD 'visit'"));
    let at = |database: &str| format!("postgresql://{name}:visit@127.0.0.1:{}/{database}", cluster.port());
    (at("postgres"), at(&format!("{name}_new")))
}

fn restore(trial: &Trial, url: &str) -> Run {
    trial.run().input("command", "restore").env("TARGET_DATABASE_URL", url)
}

fn drill(trial: &Trial, url: &str) -> Run {
    trial.run().input("command", "drill").env("TARGET_DATABASE_URL", url)
}

#[track_caller]
fn stopped(running: Running, signal: &str) -> Outcome {
    let at = Instant::now();
    running.signal(signal);
    let outcome = running.wait();
    let took = at.elapsed();
    assert!(took < OVER, "{took:?} after the signal; {}", outcome.transcript());
    outcome.assert_code(if signal == "TERM" { 143 } else { 130 });
    outcome
}

/// - fault: The preparation and the dump each stay within `timeout`, but together exceed it
/// - injected: psql and pg_dump that sleep for 6 seconds each, and a `timeout` of 8 seconds
/// - seen: ``timed out after 8s (input `timeout`)``. Exit code 13
/// - left: A record of the failure, no backup
#[test]
fn a_sponsor_has_one_clock_for_all_of_its_turn() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let real = |name: &str| clients::real(name);
    let version = format!("if [ \"$1\" = --version ]; then exec {} --version; fi", real("pg_dump"));
    let slow = clients::scripted(
        &format!("{version}\n/bin/sleep 6\nexec {} \"$@\"", real("pg_dump")),
        &format!("/bin/sleep 6\nexec {} \"$@\"", real("psql")),
    );
    let outcome = trial.run().path(slow.path()).input("timeout", "8s").run();
    outcome.assert_code(13);
    assert_eq!(outcome.result("callisto")["message"], "timed out after 8s (input `timeout`)");
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// Client programs. Their psql sleeps when it has to create a database.
fn slow_to_create() -> tempfile::TempDir {
    let real = |name: &str| clients::real(name);
    clients::scripted(
        &format!("exec {} \"$@\"", real("pg_dump")),
        &format!("case \"$*\" in *'CREATE DATABASE'*) /bin/sleep 25 ;; esac\nexec {} \"$@\"", real("psql")),
    )
}

#[track_caller]
fn wait_until_it_sleeps(running: &Running) {
    tools::wait_for("the creation", A_WHILE, || {
        let line = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        running.children().iter().any(|pid| line(pid).contains("CREATE DATABASE")).then_some(())
    });
}

/// - fault: A signal arrives while a PostgreSQL client creates a database and hangs
/// - injected: A stand-in for psql that sleeps for 25 seconds before `CREATE DATABASE`, then SIGTERM or SIGINT
/// - seen: The end of the run within 5 s, and `target` is `unchanged`. Exit code 143 or 130
/// - left: No database
#[test]
fn a_signal_during_create_database_ends_in_time_and_leaves_none() {
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let trial = backed_up(&cluster);
    let (host, new) = absent(&cluster);
    let slow = slow_to_create();
    for (run, signal) in [(drill(&trial, &host), "TERM"), (restore(&trial, &new), "INT")] {
        let running = run.path(slow.path()).start();
        wait_until_it_sleeps(&running);
        let outcome = stopped(running, signal);
        assert_eq!(outcome.result("callisto")["target"], "unchanged");
        assert_eq!(cluster.psql("postgres", OURS), "0");
    }
}

/// - fault: A signal arrives, or the time limit expires, while the server waits to create a database
/// - injected: A lock on `pg_database`, then SIGTERM or a `timeout` of 10 seconds
/// - seen: After SIGTERM, exit code 143 within 5 s. After the time limit, `timed out` and exit code 16. `target` is
///   `unchanged`
/// - left: No database. The program cancels the statement on the server
#[test]
fn a_statement_that_waits_on_the_server_is_cancelled_there() {
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let trial = backed_up(&cluster);
    let (host, new) = absent(&cluster);
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND state = 'active'";
    let lock = trial.database("callisto").hold("LOCK TABLE pg_catalog.pg_database IN SHARE MODE");
    for run in [drill(&trial, &host), restore(&trial, &new)] {
        let running = run.start();
        tools::wait_for("the statement", A_WHILE, || {
            (cluster.psql("postgres", waiting) == "1").then_some(())
        });
        let outcome = stopped(running, "TERM");
        assert_eq!(outcome.result("callisto")["target"], "unchanged");
        assert_eq!(cluster.psql("postgres", waiting), "0");
    }
    let outcome = restore(&trial, &new).input("timeout", "10s").run();
    outcome.assert_code(16);
    assert_eq!(outcome.result("callisto")["message"], "timed out after 10s (input `timeout`)");
    assert_eq!(cluster.psql("postgres", waiting), "0");
    drop(lock);
    assert_eq!(cluster.psql("postgres", OURS), "0");
}

/// - fault: A signal arrives while a server accepts the connection and never answers
/// - injected: A silent listener as database and as target, then SIGTERM
/// - seen: The end of the run within 5 s. Exit code 143
/// - left: Nothing
#[test]
fn a_signal_while_a_server_is_silent_is_over_in_time() {
    let trial = backed_up(Cluster::shared());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("postgresql://a:b@127.0.0.1:{port}/app");
    let connected = |running: Running| {
        let (_held, _) = listener.accept().unwrap();
        stopped(running, "TERM")
    };
    connected(restore(&trial, &url).start());
    connected(drill(&trial, &url).start());
    trial.secret("callisto", "DATABASE_URL", Some(&url));
    connected(trial.run().start());
}

/// - fault: A signal arrives while the program reads a file that never ends
/// - injected: A named pipe as `secrets-file`, `manifest`, `age-identity-file` and `drill-checks`, then SIGTERM
/// - seen: The end of the run within 5 s. Exit code 143
/// - left: Nothing
#[test]
fn a_signal_while_a_pipe_is_read_is_over_in_time() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    for (command, input) in [
        ("backup", "secrets-file"),
        ("list", "manifest"),
        ("verify", "age-identity-file"),
        ("drill", "drill-checks"),
    ] {
        let run = trial.run().input("command", command);
        let pipe = run.workspace().join("pipe");
        tools::succeed(std::process::Command::new("mkfifo").arg(&pipe));
        let running = run.input(input, &pipe).start();
        // A pipe opens in this mode only while another process reads it.
        let _held = tools::wait_for("the reading", A_WHILE, || {
            std::fs::File::options().write(true).custom_flags(0o4000).open(&pipe).ok()
        });
        stopped(running, "TERM");
    }
}

/// - fault: A file with age identities never ends
/// - injected: A named pipe without a writer as `age-identity-file`, and a `timeout` of 3 seconds
/// - seen: ``has no end after 3s (input `timeout`)``. Exit code 2
/// - left: Nothing
#[test]
fn a_pipe_of_identities_is_read_within_the_time_limit() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    for command in ["verify", "drill"] {
        let run = trial.run().input("command", command).input("timeout", "3s").deadline(A_WHILE);
        tools::run("mkfifo", [run.workspace().join("pipe")]);
        let outcome = run.input("age-identity-file", "pipe").run();
        outcome.assert_code(2);
        assert!(
            outcome.visible().contains("has no end after 3s (input `timeout`)"),
            "{}",
            outcome.transcript()
        );
    }
}

/// - fault: A run is killed after it created its database and before it marked it
/// - injected: A database with a name like ours, without a mark
/// - seen: The next drill on that server reports its name
/// - left: That database, for the user to drop
#[test]
fn a_database_that_a_killed_run_left_unmarked_is_named() {
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let trial = backed_up(&cluster);
    let (host, _) = absent(&cluster);
    let role = host.split(['/', ':']).nth(3).unwrap();
    let left = format!("sponsor_backup_drill_{}", "0a".repeat(16));
    cluster.psql("postgres", &format!("CREATE DATABASE {left} OWNER {role}"));
    let outcome = drill(&trial, &host).run();
    outcome.assert_code(0);
    assert!(outcome.stdout.contains(&left), "{}", outcome.transcript());
    assert_eq!(outcome.result("callisto")["target"], "unchanged");
    assert_eq!(cluster.psql("postgres", OURS), "1");
}

/// The name identifies a database on the shared server.
fn is_there(database: &Database) -> bool {
    let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", database.name);
    Cluster::shared().psql("postgres", &sql) == "1"
}

/// - fault: Reading the database back fails after the restore was committed
/// - injected: A pg_dump that fails, for a target with a table of its own and for a target that does not exist
/// - seen: Exit code 17 and stage `proof`. `target` is `replaced` or `created`
/// - left: The restored database
#[test]
fn a_failure_after_the_commit_is_never_called_unchanged() {
    let trial = backed_up(Cluster::shared());
    let failing = clients::misbehaving("echo 'pg_dump: error: out of memory' >&2; exit 1");
    let full = Cluster::shared().database("target");
    full.psql_as_owner("CREATE TABLE old (id int)");
    let role = Cluster::shared().database("target");
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    let new = Database { name: format!("{}_new", role.name), ..role };
    for (target, state) in [(full, "replaced"), (new, "created")] {
        let run = restore(&trial, &target.url()).input("replace", "true").path(failing.path());
        let outcome = run.input("confirm", format!("callisto/{}", target.name)).run();
        outcome.assert_code(17);
        let result = outcome.result("callisto");
        assert_eq!((&result["stage"], &result["target"]), (&"proof".into(), &state.into()));
        assert!(is_there(&target));
        assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
    }
}
