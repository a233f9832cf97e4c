//! The recipes that the documents print, as a person copies them into a shell: what is stored becomes a database again.

use std::path::Path;
use std::process::Command;

use crate::support::{Cluster, Database, Moto, Proxy, Run, Sample, Sponsor, Trial, tools};

/// The block of a page that holds all of these words.
pub(super) fn block(page: &str, words: &[&str]) -> String {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let found: Vec<&str> = blocks.filter(|block| words.iter().all(|word| block.contains(word))).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].to_owned()
}

/// A server of the test's own: the recipe's database is always called `restored`.
struct Bench {
    cluster: Cluster,
    recipe: String,
}

impl Bench {
    fn on(bin_dir: std::path::PathBuf) -> Self {
        let recipe = block(
            include_str!("../../README.md"),
            &["createdb", "gunzip", "psql", "ON_ERROR_STOP", "session_replication_role"],
        );
        Self { cluster: Cluster::start(bin_dir), recipe }
    }

    /// Backs up what this makes of an empty database, and follows the recipe as a superuser; gives the source and the result.
    fn restored(&self, make: impl Fn(&Database)) -> (Database, Database) {
        let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(&self.cluster).start();
        let source = trial.database("callisto").clone();
        source.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", source.user));
        make(&source);
        let proxy = Proxy::before(trial.store.endpoint());
        proxy.tell_the_right_checksum();
        let run = trial.run().path(self.cluster.bin_dir()).input("s3-endpoint-url", proxy.endpoint());
        run.run().assert_code(0);
        let bucket = trial.bucket("callisto");
        let key = trial.store.keys_in(bucket).into_iter().find(|key| key.ends_with(".sql.gz")).unwrap();
        let folder = tools::open_folder("recipe");
        std::fs::write(
            folder.path().join("a backup.sql.gz"),
            with_settings(&trial.store.get(bucket, &key), &source),
        )
        .unwrap();
        self.cluster.psql("postgres", "DROP DATABASE IF EXISTS restored");
        self.follow(folder.path());
        let restored = Database { name: "restored".to_owned(), ..source.clone() };
        (source, restored)
    }

    #[track_caller]
    fn follow(&self, folder: &Path) {
        let path =
            std::env::join_paths([self.cluster.bin_dir(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let mut bash = Command::new("bash");
        bash.env_clear().env("PATH", path).env("file", "a backup.sql.gz").env("PGUSER", "postgres");
        bash.env("PGHOST", self.cluster.folder().join("data")).env("PGPORT", self.cluster.port().to_string());
        tools::succeed(bash.current_dir(folder).args(["-euc", &self.recipe]));
    }
}

/// A dump with the line that sets what its database sets, where it has none and needs one.
fn with_settings(stored: &[u8], source: &Database) -> Vec<u8> {
    use std::io::{Read as _, Write as _};
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(stored).read_to_end(&mut text).unwrap();
    let tenant = source.psql("SELECT current_setting('app.tenant', true)");
    if text.starts_with(b"-- sponsor-backup") || tenant.is_empty() {
        return stored.to_vec();
    }
    let line = format!(
        "-- sponsor-backup: SELECT pg_catalog.set_config(E'app.tenant', E'{tenant}', false); ALTER DATABASE :\"DBNAME\" SET \"app.tenant\" FROM CURRENT;\n"
    );
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(line.as_bytes()).unwrap();
    encoder.write_all(&text).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn assert_same((source, restored): &(Database, Database), what: &str) {
    // pg_dump restores the columns of inheriting tables in another order.
    let digest = |database: &Database| -> Vec<String> {
        let reordered =
            |line: &&str| !(line.starts_with("\"shapes.ducks\"") || line.starts_with("\"shapes.newts\""));
        database.content_digest().lines().filter(reordered).map(str::to_owned).collect()
    };
    assert_eq!(digest(restored), digest(source), "{what}");
    for sql in [
        "SELECT json_agg(json_build_array(oid, md5(lo_get(oid))) ORDER BY oid) FROM pg_largeobject_metadata",
        "SELECT json_agg(json_build_array(evtname, evtenabled) ORDER BY evtname) FROM pg_event_trigger",
        "SELECT json_agg(json_build_array(schemaname, matviewname, ispopulated) ORDER BY schemaname, matviewname) FROM pg_matviews",
        "SELECT json_agg(json_build_array(schemaname, sequencename, last_value) ORDER BY schemaname, sequencename) FROM pg_sequences",
        "SELECT count(*) FROM pg_views WHERE schemaname !~ '^pg_'",
    ] {
        assert_eq!(restored.psql(sql), source.psql(sql), "{what}: {sql}");
    }
}

// serves: REQ-p00012/open-formats
#[test]
fn the_readmes_recipe_brings_back_every_sample_on_15() {
    let bench = Bench::on(tools::distribution_bin_dir());
    for sample in Sample::of(&bench.cluster) {
        assert_same(&bench.restored(|database| sample.load(database)), &format!("{sample:?}"));
    }
}

// serves: REQ-p00012/open-formats
#[test]
fn the_readmes_recipe_brings_back_every_sample_on_18() {
    let bench = Bench::on(tools::wheel_bin_dir(18));
    for sample in Sample::of(&bench.cluster) {
        assert_same(&bench.restored(|database| sample.load(database)), &format!("{sample:?}"));
    }
}

const RECORDS: &str = "CREATE SCHEMA audit;
  CREATE TABLE audit.ddl (id bigint GENERATED ALWAYS AS IDENTITY, tag text, what text, at timestamptz DEFAULT '2024-01-01Z');
  CREATE FUNCTION audit.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO audit.ddl (tag, what) SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands(); END $$;
  CREATE TABLE visits (id int PRIMARY KEY, site int);
  INSERT INTO visits SELECT i, i % 5 FROM generate_series(1, 50) i;
  CREATE MATERIALIZED VIEW per_site AS SELECT site, count(*) AS n FROM visits GROUP BY site;
  CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION audit.note();
  CREATE TABLE later (id int)";

const FORBIDS: &str = "CREATE SCHEMA audit; CREATE TABLE visits (id int PRIMARY KEY, site int);
  INSERT INTO visits SELECT i, i % 5 FROM generate_series(1, 50) i;
  CREATE MATERIALIZED VIEW per_site AS SELECT site, count(*) AS n FROM visits GROUP BY site;
  CREATE FUNCTION audit.forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('audit.change_ticket', true) IS NULL THEN RAISE EXCEPTION 'DDL needs a change ticket: %', tg_tag; END IF; END $$;
  CREATE EVENT TRIGGER forbid_ddl ON ddl_command_start EXECUTE FUNCTION audit.forbid()";

const GROUPED: &str = "CREATE SCHEMA sales; CREATE TABLE sales.c (id int PRIMARY KEY, name text);
  CREATE TABLE sales.o (id int PRIMARY KEY, c int REFERENCES sales.c, total numeric);
  INSERT INTO sales.c SELECT i, 'n' || i FROM generate_series(1, 5) i;
  INSERT INTO sales.o SELECT i, 1 + i % 5, i FROM generate_series(1, 20) i;
  CREATE VIEW sales.turnover AS SELECT c.id, c.name, sum(o.total) FROM sales.c JOIN sales.o ON o.c = c.id GROUP BY c.id;
  SELECT lo_from_bytea(55555, 'x')";

/// Rows that look like the lines between which the recipe leaves something out; names that look like psql's variables.
const LOOKS: &str = "CREATE TABLE looks (at serial, line text);
  INSERT INTO looks (line) VALUES ('SET row_security = off;'), ('a'), ('-- Name: x; Type: TABLE'), ('DROP SCHEMA IF EXISTS public;'),
    ('-- sponsor-backup: SELECT 1/0;'), ('SET row_security = off;'), ('\\.'), ('b');
  CREATE TABLE sliced (arr int[], \"PORT\" int DEFAULT 1, \"USER\" int DEFAULT 1, CONSTRAINT c CHECK (cardinality(arr[1:\"PORT\"]) >= 0));
  INSERT INTO sliced VALUES ('{1,2}'); CREATE INDEX ON sliced ((arr[1:\"USER\"]))";

#[test]
fn the_readmes_recipe_brings_back_the_awkward_ones() {
    for bin_dir in [tools::distribution_bin_dir(), tools::wheel_bin_dir(18)] {
        let bench = Bench::on(bin_dir);
        for (what, sql) in
            [("records", RECORDS), ("forbids", FORBIDS), ("grouped", GROUPED), ("looks", LOOKS)]
        {
            assert_same(&bench.restored(|database| drop(database.psql_as_owner(sql))), what);
        }
        let tenant = bench.restored(|database| {
            database.psql(&format!("ALTER DATABASE \"{}\" SET \"app.tenant\" = '7'", database.name));
            database.psql_as_owner(
                "CREATE FUNCTION tenant() RETURNS int LANGUAGE sql STABLE AS $$ SELECT current_setting('app.tenant')::int $$;
                 CREATE TABLE t (id int, tenant int DEFAULT public.tenant() CHECK (tenant = public.tenant()));
                 INSERT INTO t (id) SELECT generate_series(1, 9);
                 CREATE MATERIALIZED VIEW mine AS SELECT count(*) FROM t WHERE tenant = current_setting('app.tenant')::int",
            );
        });
        assert_same(&tenant, "tenant");
        assert_eq!(tenant.1.psql("SELECT * FROM mine"), "9");
        let hostile = bench.restored(|database| {
            let (name, user) = (&database.name, &database.user);
            database.psql_as_owner("CREATE TABLE a AS SELECT ARRAY[NULL, 'a'] AS b");
            database.psql(&format!(
                "ALTER DATABASE \"{name}\" SET array_nulls = off; ALTER DATABASE \"{name}\" SET role = \"{user}\";
                 ALTER DATABASE \"{name}\" SET default_transaction_read_only = on"
            ));
        });
        assert_same(&hostile, "hostile");
    }
}

/// A dump of that schema alone creates it, and a new database has it already.
#[test]
fn the_readmes_recipe_brings_back_the_schema_public_alone() {
    let bench = Bench::on(tools::distribution_bin_dir());
    let trial = Trial::plan([Sponsor::named("callisto")]).cluster(&bench.cluster).start();
    trial.run().input("schemas", "public").run().assert_code(0);
    let bucket = trial.bucket("callisto");
    let key = trial.store.keys_in(bucket).into_iter().find(|key| key.ends_with(".sql.gz")).unwrap();
    let folder = tools::open_folder("recipe");
    std::fs::write(folder.path().join("a backup.sql.gz"), trial.store.get(bucket, &key)).unwrap();
    bench.follow(folder.path());
    let source = trial.database("callisto").clone();
    let restored = Database { name: "restored".to_owned(), ..source.clone() };
    assert_same(&(source, restored), "public alone");
}

/// A cut file is not taken for a whole one.
#[test]
fn the_readmes_recipe_fails_where_the_file_is_cut() {
    let bench = Bench::on(tools::distribution_bin_dir());
    let folder = tools::open_folder("recipe");
    std::fs::write(folder.path().join("a backup.sql.gz"), b"\x1f\x8b\x08\x00").unwrap();
    let path =
        std::env::join_paths([bench.cluster.bin_dir(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut bash = Command::new("bash");
    bash.env_clear().env("PATH", path).env("file", "a backup.sql.gz").env("PGUSER", "postgres");
    bash.env("PGHOST", bench.cluster.folder().join("data")).env("PGPORT", bench.cluster.port().to_string());
    let output = bash.current_dir(folder.path()).args(["-c", &bench.recipe]).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
}

/// The page's command, with this trial's inputs in place of the image's.
#[test]
fn the_command_to_restore_after_a_bad_deployment_works() {
    let command = block(include_str!("../../docs/faq.md"), &["sponsor-backup restore"]);
    let trial = Trial::of([Sponsor::named("callisto")]);
    trial.run().input("version", "v2.4.0").run().assert_code(0);
    let role = Cluster::shared().database("role");
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    let target = Database { name: format!("{}_new", role.name), ..role };
    let meant = "postgresql://user:password@host:5432/diary_restored";
    assert!(command.contains(meant));
    let command = command.replace(meant, &target.url());
    for dry in [" --dry-run", ""] {
        let script = format!(
            "sponsor-backup() {{ '{}' \"$@\"; }}\n{}",
            tools::binary().display(),
            command.replace(" --dry-run", dry)
        );
        let run = trial.wire(Run::terminal()).program("/bin/bash").args(["-euc", &script]);
        run.run().assert_code(0);
    }
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
}

/// The policy that `docs/setup.md` offers, with this sponsor's buckets in it.
#[test]
fn the_documented_aws_policy_is_enough_for_every_command() {
    let policy = include_str!("../../docs/aws-policy.json")
        .replace("hht-diary-backups-callisto-eu-west-1", "hht-diary-backups-callisto-*")
        .replace("hht-diary-audit-logs-callisto-eu-west-1", "hht-diary-audit-logs-callisto-*");
    let moto = Moto::with_policy(&serde_json::from_str(&policy).unwrap());
    let trial = Trial::plan([Sponsor::named("callisto")]).store(&moto).start();
    let backup = trial.run().run();
    backup.assert_code(0);
    assert!(!backup.visible().contains("Grant"), "{}", backup.visible());
    for command in ["list", "verify", "drill"] {
        let outcome = trial.run().input("command", command).run();
        outcome.assert_code(0);
        assert!(!outcome.visible().contains("Grant"), "{command}: {}", outcome.visible());
    }
}
