//! What a whole backup costs, as ratios taken pair by pair in one run: `cargo bench --bench backup -- 2048 5` for some
//! 2048 MiB of plain dump and five rounds (256 and three by default). With `folder`, only backups to a folder are measured,
//! and with `jobs` only those over several connections, each limited to 20 MB/s.
//! Needs what `script/setup` installs.
//!
//! Database, S3 server and product share this machine's cores, so the absolute times say little. Asserts nothing but
//! that every backup succeeded.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends with a panic where it cannot go on"
)]

mod measure;
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::os::unix::fs::DirBuilderExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use measure::pairs;
use sponsor_backup::archive::Codec;
use sponsor_backup::databases::postgres::sql::Scan;
use sponsor_backup::secrets::{AUDIT_LOGS_BUCKET, BACKUPS_BUCKET};
use sponsor_backup::store::hash::{Crc64, Hasher};
use support::{Cluster, Database, Outcome, Run, Sponsor, StrictS3, Throttle, Trial, tools};

/// Of the diary's plain dump.
const BYTES_PER_EVENT: u64 = 236;
/// Of the tables for several connections, and their number.
const BYTES_PER_ROW: u64 = 136;
const TABLES: u64 = 12;
const MIB: f64 = (1 << 20) as f64;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --all-targets` starts benchmarks too, to see that they build.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let only_jobs = arguments.iter().any(|argument| argument == "jobs");
    let only_folder = arguments.iter().any(|argument| argument == "folder");
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<u64>().ok());
    let (mebibytes, rounds) = (numbers.next().unwrap_or(256), numbers.next().unwrap_or(3));
    if only_jobs {
        return several_connections(mebibytes, rounds);
    }
    let (cluster, store) = (Cluster::start(tools::distribution_bin_dir()), StrictS3::start());
    let events = mebibytes * (1 << 20) / BYTES_PER_EVENT;
    let sponsor = Sponsor::named("callisto").diary(3000, u32::try_from(events).expect("a smaller database"));
    let trial = Trial::plan([sponsor]).cluster(&cluster).store(&store).start();
    let database = trial.database("callisto");
    println!("server: PostgreSQL, {events} events; S3: in this process; {rounds} rounds\n");
    if !only_folder {
        scan_and_compress(rounds, &cluster, database);
        to_s3(rounds, &cluster, &trial);
    }
    to_folder(rounds, &cluster, &trial);
}

fn to_s3(rounds: u64, cluster: &Cluster, trial: &Trial) {
    let database = trial.database("callisto");
    let gzip = [("compression", "gzip")];
    let zstd = [("compression", "zstd")];
    let lean = [("compression", "gzip"), ("memory-limit", "24MiB")];
    let backup = |inputs: &[(&str, &str)]| backup(trial.run(), inputs);
    let compressed = || pipe(cluster, database, "| gzip -6 >/dev/null");
    pairs(rounds, "gzip / pg_dump | gzip -6", || backup(&gzip), compressed);
    pairs(rounds, "zstd / pg_dump | gzip -6", || backup(&zstd), compressed);
    pairs(rounds, "gzip / pg_dump alone", || backup(&gzip), || pipe(cluster, database, ">/dev/null"));
    pairs(rounds, "gzip in 24 MiB / gzip in 96 MiB", || backup(&lean), || backup(&gzip));
}

/// Four connections and one, each as fast as a managed database often is. The tables are alike, as in a partitioned database.
fn several_connections(mebibytes: u64, rounds: u64) {
    let (cluster, store) = (Cluster::start(tools::distribution_bin_dir()), StrictS3::start());
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(&cluster).store(&store).start();
    let database = trial.database("callisto");
    let rows = mebibytes * (1 << 20) / BYTES_PER_ROW / TABLES;
    for table in 0..TABLES {
        database.psql_as_owner(&format!(
            "CREATE TABLE t{table} AS SELECT n, repeat(md5(n::text), 4) FROM generate_series(1, {rows}) n"
        ));
    }
    let throttle = Throttle::before(database, 20_000_000);
    trial.secret("callisto", "DATABASE_URL", Some(&throttle.url(database)));
    // So that the compressor is not the limit.
    let fast = [("compression", "zstd"), ("compression-level", "1")];
    let over = |jobs| backup(trial.run(), &[fast[0], fast[1], ("jobs", jobs)]);
    for jobs in ["2", "4"] {
        pairs(rounds, &format!("jobs {jobs} / jobs 1 at 20 MB/s"), || over(jobs), || over("1"));
    }
    throttle.set(1 << 40);
    pairs(rounds, "jobs 4 / jobs 1 without a limit", || over("4"), || over("1"));
}

/// The product writes a backup to the disk and reads it back, gzip only writes.
fn to_folder(rounds: u64, cluster: &Cluster, trial: &Trial) {
    let (database, folder) = (trial.database("callisto"), tools::open_folder("bench"));
    for (secret, name) in [(BACKUPS_BUCKET, "backups"), (AUDIT_LOGS_BUCKET, "audit-logs")] {
        let root = folder.path().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&root).unwrap();
        trial.secret("callisto", secret, Some(&format!("file://{}", root.display())));
    }
    let run = || {
        let inputs = ["INPUT_S3-ENDPOINT-URL", "INPUT_S3-FORCE-PATH-STYLE"];
        inputs.into_iter().fold(trial.wire(Run::terminal()).arg("backup"), Run::unset)
    };
    let backup = || backup(run(), &[("compression", "gzip")]);
    let file = format!("| gzip -6 >'{}'", folder.path().join("dump.sql.gz").display());
    pairs(rounds, "gzip to a folder / pg_dump | gzip -6 >file", backup, || pipe(cluster, database, &file));
    pairs(rounds, "gzip to a folder / pg_dump alone", backup, || pipe(cluster, database, ">/dev/null"));
}

/// What reading a dump's text costs compared with compressing it, and of all that is done to its bytes (reading, hashing text and
/// archive, compressing): CPU of one core, the first 64 MiB of the dump. pg_dump's own and S3's share are not counted.
fn scan_and_compress(rounds: u64, cluster: &Cluster, database: &Database) {
    let pg_dump = cluster.bin_dir().join("pg_dump");
    let line = "\"$0\" \"$1\" | head -c 67108864";
    let sample =
        Command::new("bash").args(["-c", line]).arg(pg_dump).arg(database.url()).output().unwrap().stdout;
    let (mut of_gzip, mut of_all): (Vec<f64>, Vec<f64>) = (0..rounds)
        .map(|_| {
            let (mut scan, started) = (Scan::default(), Instant::now());
            sample.chunks(65_536).for_each(|piece| scan.feed(piece));
            let scanning = started.elapsed().as_secs_f64();
            let (started, codec) = (Instant::now(), Codec::Gzip(Codec::GZIP_LEVEL));
            let members: Vec<_> =
                sample.chunks(1 << 20).map(|member| codec.compress(member).unwrap()).collect();
            let compressing = started.elapsed().as_secs_f64();
            let (mut plain, mut stored, mut crc) = (Hasher::default(), Hasher::default(), Crc64::default());
            let started = Instant::now();
            plain.feed(&sample);
            for member in &members {
                stored.feed(member);
                crc.feed(member);
            }
            let hashing = started.elapsed().as_secs_f64();
            (scanning / compressing, scanning / (scanning + compressing + hashing))
        })
        .unzip();
    of_gzip.sort_by(f64::total_cmp);
    of_all.sort_by(f64::total_cmp);
    let middle = of_all.len() / 2;
    println!(
        "CPU of {:.0} MiB: scan / gzip: median {:.3}; scan / all that is done to the bytes: median {:.3}\n",
        sample.len() as f64 / MIB,
        of_gzip[middle],
        of_all[middle]
    );
}

fn backup(run: Run, inputs: &[(&str, &str)]) -> Duration {
    let run = inputs.iter().fold(run, |run, (name, value)| run.input(name, value));
    let outcome = run.deadline(Duration::from_secs(3600)).run();
    outcome.assert_code(0);
    show(inputs, &outcome);
    outcome.took
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

/// A plain dump with this after it, as a shell reads it.
fn pipe(cluster: &Cluster, database: &Database, sink: &str) -> Duration {
    let started = Instant::now();
    let pg_dump = cluster.bin_dir().join("pg_dump");
    let line = format!("\"$0\" --no-owner --no-acl --clean --if-exists \"$1\" {sink}");
    let mut command = Command::new("bash");
    tools::succeed(command.args(["-o", "pipefail", "-c", &line]).arg(pg_dump).arg(database.url()));
    started.elapsed()
}
