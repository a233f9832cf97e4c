//! What a whole backup costs, as ratios taken pair by pair in one run: `cargo bench --bench backup -- 2048 5` for some 2048 MiB of
//! plain dump and five rounds (256 and three by default), `-- 100 1 quick` without the figures that take long. `ONLY=zstd` measures
//! the pairs with that word in their names. `script/bench` installs what it needs.
//!
//! Database, S3 server and product share this machine's cores, so the absolute times say little. Asserts nothing but
//! that every backup succeeded.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends with a panic where it cannot go on"
)]

#[path = "backing_up/figures.rs"]
mod figures;
mod measure;
#[path = "backing_up/recipes.rs"]
mod recipes;
#[path = "backing_up/stages.rs"]
mod stages;
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::time::Duration;

use measure::Table;
use recipes::Recipes;
use sponsor_backup::secrets::{AUDIT_LOGS_BUCKET, BACKUPS_BUCKET};
use support::{Cluster, Outcome, Run, Sponsor, StrictS3, Throttle, Trial, tools};

/// Of the diary's plain dump, as measured.
const BYTES_PER_EVENT: u64 = 257;
/// Of the tables for several connections, and their number.
const BYTES_PER_ROW: u64 = 136;
const TABLES: u64 = 12;
const MIB: f64 = (1 << 20) as f64;
const BLOCK: usize = 1 << 20;

const GZIP: &[(&str, &str)] = &[("compression", "gzip")];
const ZSTD: &[(&str, &str)] = &[("compression", "zstd")];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --all-targets` starts benchmarks too, to see that they build.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let is_quick = arguments.iter().any(|argument| argument == "quick");
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<u64>().ok());
    let (mebibytes, rounds) = (numbers.next().unwrap_or(256), numbers.next().unwrap_or(3));
    let (cluster, store) = (Cluster::start(tools::distribution_bin_dir()), StrictS3::with_checksums());
    let events = mebibytes * (1 << 20) / BYTES_PER_EVENT;
    let sponsor = Sponsor::named("callisto").diary(3000, u32::try_from(events).expect("a smaller database"));
    let trial = Trial::plan([sponsor]).cluster(&cluster).store(&store).start();
    println!("{events} events, {rounds} rounds\n");

    let (stages, mut pairs) = stages::measure(rounds, &cluster, trial.database("callisto"));
    whole_runs(&mut pairs, rounds, &cluster, &trial);
    read_back(&mut pairs, rounds, &trial, &store.elsewhere());
    several_connections(&mut pairs, rounds, mebibytes, &cluster, &store);
    let many = if is_quick { 10 } else { 100 };
    many_sponsors(&mut pairs, (rounds, many), &cluster, &store);
    let mut found = Table::default();
    let small = Trial::plan([Sponsor::named("callisto")]).cluster(&cluster).store(&store).start();
    let sizes: &[u64] = if is_quick { &[100] } else { &[100, 1600, 10_240] };
    figures::memory(&mut found, &small, sizes);
    figures::files(&mut found, &trial);
    let empty = Trial::plan([Sponsor::named("callisto").empty()]).cluster(&cluster).store(&store).start();
    figures::cold_start(&mut found, rounds, &empty);
    if !is_quick && measure::is_wanted("sponsors in one process") {
        let trial = Trial::plan(sponsors(200)).cluster(&cluster).store(&store).start();
        figures::many(&mut found, &trial, trial.run(), "200 sponsors in one process");
        let trial = Trial::plan(sponsors(1000).map(Sponsor::empty)).cluster(&cluster).store(&store).start();
        let client = figures::scripted(trial.database("sponsor0000"));
        figures::many(
            &mut found,
            &trial,
            trial.run().path(client.path()),
            "1000 sponsors in one process, scripted pg_dump",
        );
    }

    println!("\n# Tables\n");
    println!("{}", pairs.shown(&["pair, A / B", "goal", "wall", "CPU", "A / B in s"]));
    println!("{}", found.shown(&["figure", "goal", "found"]));
    println!("{}", stages.shown(&["part, on one core", "MiB/s", "ratio"]));
}

/// Sponsors with small diaries.
fn sponsors(count: usize) -> impl Iterator<Item = Sponsor> {
    // Codes are three letters, and each is another one.
    let letter = |number: usize| char::from(b'A' + u8::try_from(number % 26).unwrap());
    let code =
        move |number: usize| String::from_iter([letter(number / 676), letter(number / 26), letter(number)]);
    (0..count)
        .map(move |number| Sponsor::named(&format!("sponsor{number:04}")).code(&code(number)).diary(5, 200))
}

fn whole_runs(table: &mut Table, rounds: u64, cluster: &Cluster, trial: &Trial) {
    let recipes = Recipes::new(cluster, trial);
    let run = |inputs: &[(&str, &str)]| backup(trial.run(), inputs);
    let (gzip, zstd) = (|| run(GZIP), || run(ZSTD));
    let lean = || run(&[("compression", "gzip"), ("memory-limit", "24MiB")]);
    table.pair(rounds, ("gzip / pg_dump >/dev/null", "1.30"), gzip, || recipes.floor());
    table.pair(rounds, ("zstd / pg_dump >/dev/null", "1.15"), zstd, || recipes.floor());
    table.pair(rounds, ("gzip / pg_dump | gzip -6, streamed to S3", "0.30, CPU 0.35"), gzip, || {
        recipes.stream("gzip -6")
    });
    table.pair(rounds, ("gzip / pg_dump | pigz -6, streamed to S3", "–"), gzip, || {
        recipes.stream("pigz -6")
    });
    table.pair(rounds, ("zstd / pg_dump | zstd -1, streamed to S3", "0.80, CPU 0.80"), zstd, || {
        recipes.stream("zstd -q -1")
    });
    table
        .pair(rounds, ("gzip / dump to a file, gzip -9, to S3 and back", "0.14"), gzip, || recipes.classic());
    table.pair(rounds, ("gzip / restic backup --stdin", "–"), gzip, || recipes.restic());
    table.pair(rounds, ("gzip / pg_dump | gzip -6 | rclone rcat", "–"), gzip, || recipes.rclone());
    table.pair(rounds, ("gzip in 24 MiB / gzip in 96 MiB", "–"), lean, gzip);
    slow_server(table, rounds, trial, &recipes);
    to_folder(table, rounds, trial, &recipes);
}

/// To a server that keeps no checksums of whole objects, so that a backup is read back.
fn read_back(table: &mut Table, rounds: u64, trial: &Trial, forgetful: &StrictS3) {
    [trial.bucket("callisto"), trial.log_bucket("callisto")]
        .into_iter()
        .for_each(|name| forgetful.bucket(name));
    let elsewhere = || backup(trial.run().input("s3-endpoint-url", forgetful.endpoint()), GZIP);
    let name = "gzip to a store without checksums / to one that keeps them, as S3 does";
    table.pair(rounds, (name, "–"), elsewhere, || backup(trial.run(), GZIP));
}

/// Through a proxy that passes on so much of each connection.
fn slow_server(table: &mut Table, rounds: u64, trial: &Trial, recipes: &Recipes<'_>) {
    let (database, own) = (trial.database("callisto"), trial.database("callisto").url());
    let slow = Throttle::before(database, 60_000_000);
    trial.secret("callisto", "DATABASE_URL", Some(&slow.url(database)));
    let stored = std::cell::Cell::new(0);
    let gzip = || {
        let outcome = run_of(trial.run(), GZIP);
        stored.set(outcome.logs()[0].1["backup_size_bytes"].as_u64().unwrap_or_default());
        outcome.took
    };
    let through = slow.url(database);
    table.pair(rounds, ("gzip / pg_dump >/dev/null, server at 60 MB/s", "1.03"), gzip, || {
        recipes.floor_of(&through)
    });
    if stored.get() > 0 {
        let ratio = stored.get() as f64 / recipes.bytes_of("gzip -9") as f64;
        table.row(&["the same, bytes stored / gzip -9", "1.00", &format!("{ratio:.3}"), "–", "–"]);
    }
    trial.secret("callisto", "DATABASE_URL", Some(&own));
}

/// Several connections and one, each as fast as a managed database often is. The tables are alike, as in a partitioned database.
fn several_connections(table: &mut Table, rounds: u64, mebibytes: u64, cluster: &Cluster, store: &StrictS3) {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).store(store).start();
    let database = trial.database("callisto");
    let rows = mebibytes * (1 << 20) / BYTES_PER_ROW / TABLES;
    for number in 0..TABLES {
        database.psql_as_owner(&format!(
            "CREATE TABLE t{number} AS SELECT n, repeat(md5(n::text), 4) FROM generate_series(1, {rows}) n"
        ));
    }
    let throttle = Throttle::before(database, 20_000_000);
    trial.secret("callisto", "DATABASE_URL", Some(&throttle.url(database)));
    let over = |jobs: &str| backup(trial.run(), &[("jobs", jobs)]);
    let at_20 = "--jobs 4 / --jobs 1, each connection at 20 MB/s";
    table.pair(rounds, (at_20, "0.30"), || over("4"), || over("1"));
    table.pair(rounds, ("--jobs 2 / --jobs 1, each connection at 20 MB/s", "–"), || over("2"), || over("1"));
    throttle.set(u64::MAX);
    table.pair(rounds, ("--jobs 4 / --jobs 1, without a limit", "–"), || over("4"), || over("1"));
}

/// The product writes a backup to the disk and reads it back, gzip only writes.
fn to_folder(table: &mut Table, rounds: u64, trial: &Trial, recipes: &Recipes<'_>) {
    let folder = tools::open_folder("bench");
    for (secret, name) in [(BACKUPS_BUCKET, "backups"), (AUDIT_LOGS_BUCKET, "audit-logs")] {
        use std::os::unix::fs::DirBuilderExt as _;
        let root = folder.path().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&root).unwrap();
        trial.secret("callisto", secret, Some(&format!("file://{}", root.display())));
    }
    let run = || {
        let inputs = ["INPUT_S3-ENDPOINT-URL", "INPUT_S3-FORCE-PATH-STYLE"];
        inputs.into_iter().fold(trial.wire(Run::terminal()).arg("backup"), Run::unset)
    };
    let file = folder.path().join("dump.sql.gz");
    table.pair(
        rounds,
        ("gzip to a folder / pg_dump | gzip -6 >file", "–"),
        || backup(run(), GZIP),
        || recipes.to_file(&file),
    );
    trial.secret("callisto", BACKUPS_BUCKET, Some(trial.bucket("callisto")));
    trial.secret("callisto", AUDIT_LOGS_BUCKET, Some(trial.log_bucket("callisto")));
}

/// All of them in one process, and one after the other as a shell does it.
fn many_sponsors(table: &mut Table, (rounds, count): (u64, usize), cluster: &Cluster, store: &StrictS3) {
    let name = format!("{count} small sponsors in one process / dump, gzip -9, to S3 and back in a loop");
    if !measure::is_wanted(&name) {
        return;
    }
    let trial = Trial::plan(sponsors(count)).cluster(cluster).store(store).start();
    let together = || backup(trial.run(), &[]);
    let in_a_loop = || trial.names().iter().map(|name| Recipes::of(cluster, &trial, name).classic()).sum();
    table.pair(rounds, (&name, "0.15"), together, in_a_loop);
}

fn backup(run: Run, inputs: &[(&str, &str)]) -> Duration {
    run_of(run, inputs).took
}

fn run_of(run: Run, inputs: &[(&str, &str)]) -> Outcome {
    let run = inputs.iter().fold(run, |run, (name, value)| run.input(name, *value));
    let outcome = run.deadline(Duration::from_secs(3600)).run();
    outcome.assert_code(0);
    show(inputs, &outcome);
    outcome
}

fn show(inputs: &[(&str, &str)], outcome: &Outcome) {
    let bytes = |key: &str| outcome.logs()[0].1[key].as_f64().unwrap_or_default();
    let (dump, stored) = (bytes("dump_size_bytes"), bytes("backup_size_bytes"));
    let seconds = outcome.took.as_secs_f64();
    println!(
        "  {inputs:?}: {:.0} MiB to {:.0} MiB ({:.2}) in {seconds:.1} s, {:.0} MiB/s, peak memory {:.0} MiB",
        dump / MIB,
        stored / MIB,
        dump / stored,
        dump / MIB / seconds,
        outcome.peak_memory as f64 / MIB
    );
}
