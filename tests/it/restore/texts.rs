//! What a restore prints, kept in `tests/snapshots`.

use super::{confirmed, spoil_the_second};
use crate::support::{Action, Cluster, Database, Moto, Outcome, Proxy, Run, Sponsor, Trial, tools};

/// A sponsor with a backup and another one without, on a store of their own.
fn backed_up() -> (Moto, Trial) {
    let moto = Moto::start();
    let sponsors = [Sponsor::named("callisto"), Sponsor::named("titan").empty()];
    let trial = Trial::plan(sponsors).store(&moto).plain_names().start();
    trial.run().input("sponsors", "callisto").run().assert_code(0);
    (moto, trial)
}

fn in_a_workflow(trial: &Trial, url: &str) -> Run {
    let run = trial.run().input("command", "restore").input("sponsors", "callisto");
    run.env("TARGET_DATABASE_URL", url)
}

fn at_a_terminal(trial: &Trial, target: &Database, arguments: &[&str]) -> Outcome {
    let all = ["restore", "--sponsors", "callisto"].iter().chain(arguments).copied();
    trial.wire(Run::terminal()).args(all).env("TARGET_DATABASE_URL", target.url()).run()
}

fn empty() -> Database {
    Cluster::shared().database("target")
}

#[test]
fn refusals_of_live_databases_read_as_reviewed() {
    let (_moto, trial) = backed_up();
    let live = trial.database("callisto");
    at_a_terminal(&trial, live, &[]).assert_log_reviewed("restore-live");
    at_a_terminal(&trial, live, &["--confirm", "titan/x"])
        .assert_log_reviewed("restore-live-confirmed-wrongly");
    in_a_workflow(&trial, &live.url()).run().assert_log_reviewed("restore-live-in-a-workflow");
    at_a_terminal(&trial, trial.database("titan"), &[]).assert_log_reviewed("restore-live-of-another");
    let target = empty();
    target.psql_as_owner("CREATE TABLE mine (id int)");
    at_a_terminal(&trial, &target, &["--replace"]).assert_log_reviewed("restore-may-be-live");
}

#[test]
fn plans_and_results_of_a_restore_read_as_reviewed() {
    let (_moto, trial) = backed_up();
    let target = empty();
    target.psql_as_owner("CREATE TABLE mine (id int)");
    at_a_terminal(&trial, &target, &[]).assert_log_reviewed("restore-not-empty");
    let name = confirmed(&target);
    let replacing = ["--replace", "--confirm", &name];
    at_a_terminal(&trial, &target, &[&replacing[..], &["--dry-run"]].concat())
        .assert_log_reviewed("restore-planned");
    at_a_terminal(&trial, &target, &replacing).assert_log_reviewed("restore-replaced");
    let absent = Database { name: format!("{}_new", target.name), ..target.clone() };
    target.psql(&format!("ALTER ROLE \"{}\" CREATEDB", target.user));
    at_a_terminal(&trial, &absent, &[]).assert_log_reviewed("restore-created");
}

/// Its sequence moves on before it is read back.
#[test]
fn a_restore_that_differs_reads_as_reviewed() {
    let (_moto, trial) = backed_up();
    let target = empty();
    let folder = tools::open_folder("programs");
    let real = Cluster::shared().bin_dir();
    std::os::unix::fs::symlink(real.join("psql"), folder.path().join("psql")).unwrap();
    let (psql, pg_dump) = (real.join("psql"), real.join("pg_dump"));
    let sql = "SELECT setval('diary_events_event_id_seq', 301)";
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" != --version ]; then {} -Xqo /dev/null -c \"{sql}\"; fi\nexec {} \"$@\"\n",
        psql.display(),
        pg_dump.display()
    );
    let path = folder.path().join("pg_dump");
    std::fs::write(&path, script).unwrap();
    tools::run("chmod", ["755".as_ref(), path.as_os_str()]);
    let outcome = in_a_workflow(&trial, &target.url()).path(folder.path()).run();
    outcome.assert_code(17).assert_log_reviewed("restore-differs");
}

/// The dump is on its way, and does not come.
#[test]
fn a_stopped_restore_reads_as_reviewed() {
    let (_moto, trial) = backed_up();
    let (target, proxy) = (empty(), Proxy::before(trial.store.endpoint()));
    spoil_the_second(&proxy, Action::Delay(std::time::Duration::from_secs(600)));
    let run = in_a_workflow(&trial, &target.url()).input("s3-endpoint-url", proxy.endpoint());
    let running = run.deadline(std::time::Duration::from_secs(60)).start();
    tools::wait_for("the load", std::time::Duration::from_secs(50), || {
        (target.sessions() == 1 && super::fetches(&proxy) == 2).then_some(())
    });
    running.signal("INT");
    running.wait().assert_code(130).assert_log_reviewed("restore-stopped");
}
