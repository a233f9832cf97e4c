//! `restore`: one stored backup into the database that was named for it. Everything is as the backup says, or everything is
//! as it was before.

mod before;
mod damage;
mod defaults;
mod failing;
mod forms;
mod live;
mod locks;
mod messages;
mod missing;
mod odd_targets;
mod opening;
mod parallel;
mod partial;
mod planning;
mod platforms;
mod reactions;
mod reports;
mod secrecy;
mod several_hosts;
mod stop;
mod surroundings;
mod tables;
mod targets;
mod texts;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Action, Cluster, Database, Outcome, Proxy, Run, Seen, Sponsor, Trial, tools};

/// A restore of a trial's newest backup, as a workflow step.
fn restore(trial: &Trial, target: &Database) -> Run {
    into(trial, &target.url())
}

/// The same into whatever a URL names.
fn into(trial: &Trial, url: &str) -> Run {
    trial.run().input("command", "restore").env("TARGET_DATABASE_URL", url)
}

/// What must be typed out to replace what is in a database that could be one of callisto's live ones.
fn confirmed(target: &Database) -> String {
    format!("callisto/{}", target.name)
}

/// One sponsor, whose diary is backed up.
fn with_a_backup() -> Trial {
    let trial = Trial::of([Sponsor::named("callisto")]);
    trial.run().run().assert_code(0);
    trial
}

/// An empty database on the server of the trials.
fn empty() -> Database {
    Cluster::shared().database("target")
}

/// The key of a sponsor's one dump.
#[track_caller]
fn dump_key(trial: &Trial, sponsor: &str) -> String {
    let keys = trial.store.keys_in(trial.bucket(sponsor));
    let [key, _, _] = keys.as_slice() else { panic!("not one backup: {keys:?}") };
    key.clone()
}

/// The key of a dump of the same day, a moment after midnight.
fn at_another_time(key: &str) -> String {
    let (day, _) = key.rsplit_once('-').unwrap();
    format!("{day}-000001.sql.gz")
}

/// The message of the one result.
fn message(outcome: &Outcome) -> String {
    outcome.results()[0]["message"].as_str().unwrap_or_default().to_owned()
}

/// `127.0.0.1:port/name`, as messages name it.
fn place(database: &Database) -> String {
    format!("127.0.0.1:{}/{}", database.port, database.name)
}

/// All that a database of the distribution's server holds, in pg_dump's words, without the key that is new each time.
fn all_of(database: &Database) -> String {
    let mut pg_dump = std::process::Command::new(tools::distribution_bin_dir().join("pg_dump"));
    let text = tools::succeed(pg_dump.env("TZ", "UTC").arg("--dbname").arg(database.url()));
    let is_key = |line: &&str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
    text.lines().filter(|line| !is_key(line)).map(|line| format!("{line}\n")).collect()
}

/// How often the product has come to a database of the distribution's server, whatever it did there.
fn visits(database: &Database) -> usize {
    let visit = format!("database={} application_name=sponsor-backup", database.name);
    Cluster::shared().log().lines().filter(|line| line.contains(&visit)).count()
}

fn is_fetch(seen: &Seen) -> bool {
    seen.method == "GET" && seen.path.ends_with(".sql.gz")
}

/// How often the dump's bytes were asked for.
fn fetches(proxy: &Proxy) -> usize {
    proxy.requests().iter().filter(|seen| is_fetch(seen)).count()
}

/// Does something to the second fetch of the dump: the first is for reading it through.
fn spoil_the_second(proxy: &Proxy, action: Action) {
    let seen_before = AtomicUsize::new(0);
    proxy.rule(move |seen| {
        let second = is_fetch(seen) && seen_before.fetch_add(1, Ordering::SeqCst) > 0;
        if second { action.clone() } else { Action::Pass }
    });
}
