//! What a whole restore costs, as ratios taken pair by pair in one run: `cargo bench --bench restore -- 800 3` for some 800 MiB of
//! plain dump and three rounds (200 and three by default). `OTHER=/path/to/sponsor-backup` also compares backups and drills with
//! those of another build, such as an earlier release. `ONLY=drill` measures only the pairs with that word in their names. Needs what
//! `script/setup` installs.
//!
//! Database, S3 server and product share this machine's cores, so the absolute times say little. Asserts nothing but
//! that every restore succeeded.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends with a panic when it cannot go on"
)]

mod measure;
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use measure::Table;
use support::{Cluster, Database, REGION, Run, Sponsor, StrictS3, Trial, tools};

/// Of the dump's text.
const BYTES_PER_ROW: u64 = 250;
/// One large table with four indexes, one of a tenth of it, `surveys` of a hundredth, and many small ones.
const TABLES: &str = "
    CREATE FUNCTION pg_temp.text(n bigint) RETURNS text LANGUAGE sql AS $$
      SELECT string_agg(substr(md5((n * 31 + i)::text), 1, 3 + (n + i)::int % 7), ' ') FROM generate_series(1, 24) i $$;
    CREATE TABLE patients (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO patients SELECT n, 'patient ' || n FROM generate_series(1, 3000) n;
    CREATE TABLE events (id bigint PRIMARY KEY, patient int NOT NULL REFERENCES patients, at timestamptz NOT NULL, kind text NOT NULL, note text);
    INSERT INTO events SELECT n, 1 + n % 3000, timestamptz '2026-01-01' + n * interval '7 s', 'kind ' || n % 9, pg_temp.text(n) FROM generate_series(1::bigint, {rows}) n;
    CREATE TABLE audit AS SELECT id, patient, at, note FROM events WHERE id % 10 = 0;
    CREATE TABLE surveys AS SELECT id, patient, at, note FROM events WHERE id % 100 = 0;
    CREATE INDEX ON events (patient, at); CREATE INDEX ON events (at); CREATE INDEX ON events (kind, id); CREATE INDEX ON audit (patient);
    ALTER TABLE audit ADD PRIMARY KEY (id); ALTER TABLE surveys ADD PRIMARY KEY (id);
    DO $$BEGIN FOR i IN 1..50 LOOP EXECUTE format('CREATE TABLE small_%s AS SELECT * FROM patients LIMIT 40', i); END LOOP; END$$";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --all-targets` starts benchmarks too, to see that they build.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<u64>().ok());
    let (mebibytes, rounds) = (numbers.next().unwrap_or(200), numbers.next().unwrap_or(3));
    let (cluster, store) = (Cluster::start(tools::distribution_bin_dir()), StrictS3::start());
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(&cluster).store(&store).start();
    let database = trial.database("callisto");
    let rows = mebibytes * (1 << 20) / BYTES_PER_ROW;
    database.psql_as_owner(&TABLES.replace("{rows}", &rows.to_string()));
    database.psql(&format!("ALTER ROLE \"{}\" CREATEDB", database.user));
    println!("server: PostgreSQL, {rows} events; S3: in this process; {rounds} rounds\n");
    let bench =
        Bench { rounds, cluster: &cluster, trial: &trial, next: Cell::new(0), table: RefCell::default() };
    bench.backups();
    bench.restores();
    bench.drills();
    println!("\n{}", bench.table.into_inner().shown(&["pair, A / B", "goal", "wall", "CPU", "A / B in s"]));
}

struct Bench<'a> {
    rounds: u64,
    cluster: &'a Cluster,
    trial: &'a Trial,
    next: Cell<u32>,
    table: RefCell<Table>,
}

impl Bench<'_> {
    fn pair(&self, name: &str, a: impl FnMut() -> Duration, b: impl FnMut() -> Duration) {
        self.table.borrow_mut().pair(self.rounds, (name, "–"), a, b);
    }

    fn other() -> Option<PathBuf> {
        std::env::var_os("OTHER").map(PathBuf::from)
    }

    fn backups(&self) {
        let run = |run: Run| timed(run, &[]);
        run(self.trial.run());
        if let Some(other) = Self::other() {
            let sizes = Cell::new((0, 0));
            let size = || {
                let stored = self.trial.store.objects(self.trial.bucket("callisto"));
                stored
                    .iter()
                    .filter(|object| object.key.ends_with(".gz"))
                    .map(|object| object.size)
                    .next_back()
            };
            let this = || {
                let took = run(self.trial.run());
                sizes.set((size().unwrap(), sizes.get().1));
                took
            };
            let that = || {
                let took = run(self.trial.run().program(&other));
                sizes.set((sizes.get().0, size().unwrap()));
                took
            };
            self.pair("backup / that of the other build", this, that);
            let (this, that) = sizes.get();
            println!("stored: {this} / {that} bytes: {:.4}\n", this as f64 / that as f64);
        }
    }

    fn restores(&self) {
        let dump = self.prepare();
        let key = self
            .trial
            .store
            .keys_in(self.trial.bucket("callisto"))
            .into_iter()
            .find(|key| key.ends_with(".gz"))
            .unwrap();
        let location = format!("s3://{}/{key}", self.trial.bucket("callisto"));
        let restore_with = |name: &'static str, value: &'static str| {
            let target = self.absent();
            let run = self.trial.run().env("TARGET_DATABASE_URL", target.url());
            let took = timed(run, &[("command", "restore"), (name, value)]);
            self.drop(&target);
            took
        };
        let restore = |jobs| restore_with("jobs", jobs);
        let one_table = || restore_with("tables", "public.surveys");
        let by_hand = || {
            self.fill_new(&format!(
                "'{}' s3 cp --no-progress '{location}' - | gunzip | psql -qXo /dev/null -v ON_ERROR_STOP=1 \"$TARGET\"",
                aws()
            ))
        };
        let custom =
            || self.fill_new(&format!("pg_restore -j2 --no-owner -d \"$TARGET\" '{}'", dump.display()));
        self.pair("restore --jobs 2 / aws s3 cp - | gunzip | psql", || restore("2"), by_hand);
        self.pair("restore --jobs 2 / pg_restore -j2 of -Fc", || restore("2"), custom);
        self.pair("restore --jobs 2 / restore", || restore("2"), || restore("1"));
        self.pair("restore of a table of 1 % of the data / restore", one_table, || restore("1"));
        std::fs::remove_file(dump).unwrap();
    }

    fn drills(&self) {
        let two = || timed(self.trial.run(), &[("command", "drill"), ("jobs", "2")]);
        let one = || timed(self.trial.run(), &[("command", "drill")]);
        self.pair("drill --jobs 2 / drill", two, one);
        if let Some(other) = Self::other() {
            let other = || timed(self.trial.run().program(&other), &[("command", "drill")]);
            self.pair("drill --jobs 2 / that of the other build", two, other);
        }
    }

    /// A dump in pg_dump's own format.
    fn prepare(&self) -> PathBuf {
        let dump = std::env::temp_dir().join(format!("sponsor-backup-bench-{}", tools::unique()));
        let mut pg_dump = Command::new(self.cluster.bin_dir().join("pg_dump"));
        let url = self.trial.database("callisto").url();
        tools::succeed(pg_dump.args(["-Fc", "-Z1", "--no-owner", "--no-acl", "-f"]).arg(&dump).arg(url));
        dump
    }

    fn absent(&self) -> Database {
        self.next.set(self.next.get() + 1);
        let database = self.trial.database("callisto").clone();
        Database { name: format!("{}_{}", database.name, self.next.get()), ..database }
    }

    fn drop(&self, target: &Database) {
        self.cluster.psql("postgres", &format!("DROP DATABASE \"{}\"", target.name));
    }

    /// The time of a shell command that fills a new database, and of making that.
    fn fill_new(&self, command: &str) -> Duration {
        let (target, store) = (self.absent(), &self.trial.store);
        let started = Instant::now();
        self.cluster
            .psql("postgres", &format!("CREATE DATABASE \"{}\" OWNER \"{}\"", target.name, target.user));
        let mut shell = Command::new("bash");
        shell.args(["-o", "pipefail", "-c", command]).env("TARGET", target.url());
        shell.env("AWS_ENDPOINT_URL", store.endpoint()).env("AWS_DEFAULT_REGION", REGION);
        shell.env("AWS_ACCESS_KEY_ID", store.access_key()).env("AWS_SECRET_ACCESS_KEY", store.secret_key());
        tools::succeed(&mut shell);
        let took = started.elapsed();
        self.drop(&target);
        took
    }
}

fn aws() -> String {
    tools::python_tool("aws").display().to_string()
}

fn timed(run: Run, inputs: &[(&str, &str)]) -> Duration {
    let run = inputs.iter().fold(run, |run, (name, value)| run.input(name, value));
    let outcome = run.deadline(Duration::from_secs(3600)).run();
    outcome.assert_code(0);
    println!(
        "  {inputs:?}: {:.1} s, peak memory {} MiB",
        outcome.took.as_secs_f64(),
        outcome.peak_memory >> 20
    );
    outcome.took
}
