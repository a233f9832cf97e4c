//! Sample databases for dump, restore and comparison: the diary, everything of PostgreSQL that a dump may stumble over, and
//! databases as other programs make them. The SQL is next to this file; the mail program's own comes from its package.

use super::database::Database;
use super::postgres::Cluster;
use super::tools;

/// A database's content. Loaded, it belongs to the database's owner as far as PostgreSQL lets ordinary roles own things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sample {
    /// The diary of a small study.
    Diary,
    /// Every kind of object, type, value and name. Its policies name the roles `sample_reader` and `Sample "Writer"`, which
    /// are made too. Its database has settings of its own: time zone, form of bytes.
    Exotic,
    /// Restorable only without the DROP statements of its dump: a view grouped by a primary key, a domain's check that
    /// is not valid for all rows.
    Unclean,
    /// A row of 50 MiB.
    Wide,
    /// What `pgbench -i -s 1` makes: 100 000 accounts.
    Pgbench,
    /// The database of Roundcube, a mail program.
    Roundcube,
    /// Extensions which come with the distribution's server.
    Extensions,
    /// A map in PostGIS.
    Postgis,
}

impl Sample {
    /// What can be loaded on this server: the wheel's have no extensions.
    pub(crate) fn of(cluster: &Cluster) -> Vec<Self> {
        let mut samples =
            vec![Self::Diary, Self::Exotic, Self::Unclean, Self::Wide, Self::Pgbench, Self::Roundcube];
        if cluster.door().is_distribution() {
            samples.extend([Self::Extensions, Self::Postgis]);
        }
        samples
    }

    /// Fills an empty database.
    pub(crate) fn load(self, database: &Database) {
        match self {
            Self::Diary => database.load_diary(60, 600),
            Self::Exotic => load_exotic(database),
            Self::Unclean => load(database, include_str!("samples/unclean.sql")),
            Self::Wide => load(database, include_str!("samples/wide.sql")),
            Self::Pgbench => load_pgbench(database),
            Self::Roundcube => load_roundcube(database),
            Self::Extensions => load(database, include_str!("samples/extensions.sql")),
            Self::Postgis => load(database, include_str!("samples/postgis.sql")),
        }
    }
}

fn load(database: &Database, script: &str) {
    database.script(script, &[("owner", database.user.clone())]);
}

fn load_exotic(database: &Database) {
    for script in [
        include_str!("samples/exotic_values.sql"),
        include_str!("samples/exotic_tables.sql"),
        include_str!("samples/exotic_logic.sql"),
        include_str!("samples/exotic_names.sql"),
        include_str!("samples/exotic_server.sql"),
    ] {
        load(database, script);
    }
    if database.superuser.is_distribution() {
        load(database, include_str!("samples/exotic_distribution.sql"));
    }
    let version: u32 = database.psql("SHOW server_version_num").parse().unwrap();
    if version >= 180_000 {
        load(database, include_str!("samples/exotic_18.sql"));
    }
}

fn load_pgbench(database: &Database) {
    let mut pgbench = database.superuser.client("pgbench");
    pgbench.env("PGOPTIONS", format!("-c role={}", database.user));
    tools::succeed(pgbench.args(["--initialize", "--scale=1", "--quiet"]).arg(&database.name));
}

fn load_roundcube(database: &Database) {
    let path = tools::tools_dir().join("roundcube/usr/share/roundcube/SQL/postgres.initial.sql");
    let schema = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: {}", path.display(), tools::REMEDY));
    let rows = include_str!("samples/roundcube.sql");
    load(database, &format!("SET ROLE :\"owner\";\n{schema}\n{rows}"));
}
