//! The samples: each loads on every server that is said to take it, and holds what it is for.

use std::collections::BTreeMap;

use crate::support::{Cluster, Sample};

fn load_all(cluster: &Cluster) -> BTreeMap<String, BTreeMap<String, i64>> {
    let samples = Sample::of(cluster).into_iter().map(|sample| {
        let database = cluster.database(&format!("{sample:?}").to_lowercase());
        sample.load(&database);
        let rows = database.row_counts();
        assert!(rows.values().sum::<i64>() > 0, "{sample:?}: {rows:?}");
        (format!("{sample:?}"), rows)
    });
    samples.collect()
}

fn assert_the_common_ones(samples: &BTreeMap<String, BTreeMap<String, i64>>) {
    assert_eq!(samples["Diary"]["public.diary_events"], 600);
    let exotic = &samples["Exotic"];
    assert_eq!((exotic["shapes.no_columns"], exotic["shapes.rows_without_columns"]), (0, 3));
    assert_eq!(exotic["Name.with \"dots\" & 'quotes'.a\n\\connect x\n--"], 2);
    assert_eq!(exotic["kinds.bytes"], 259);
    assert_eq!(exotic["beside.attachments"], 4);
    assert_eq!(samples["Unclean"]["sales.orders"], 100);
    assert_eq!(samples["Wide"]["public.wide_rows"], 3);
    assert_eq!(samples["Pgbench"]["public.pgbench_accounts"], 100_000);
    assert_eq!(samples["Roundcube"]["public.contacts"], 1000);
}

#[test]
fn the_distributions_server_takes_all_samples() {
    let samples = load_all(Cluster::shared());
    assert_the_common_ones(&samples);
    assert_eq!(samples["Exotic"]["linked.papers"], 6);
    assert_eq!(samples["Extensions"]["public.accounts"], 3);
    assert_eq!((samples["Postgis"]["public.places"], samples["Postgis"]["public.plain"]), (60, 30));
}

#[test]
fn the_wheels_servers_take_all_but_extensions() {
    for major in [16, 18] {
        let samples = load_all(Cluster::of_major(major));
        assert_the_common_ones(&samples);
        assert_eq!(samples.len(), 6, "{:?}", samples.keys());
        assert_eq!(samples["Exotic"].contains_key("recent.bookings"), major == 18);
    }
}

#[test]
fn the_exotic_sample_loaded_twice_has_equal_row_counts() {
    let cluster = Cluster::shared();
    let (first, second) = (cluster.database("exotic"), cluster.database("exotic"));
    Sample::Exotic.load(&first);
    Sample::Exotic.load(&second);
    assert_eq!(first.psql("SELECT count(*) FROM pg_largeobject_metadata"), "4");
    let dump = crate::support::tools::run(cluster.bin_dir().join("pg_dump"), ["--no-owner", &first.url()]);
    assert!(dump.contains("SELECT pg_catalog.lo_create('4100002')"));
    let (first, second) = (first.row_counts(), second.row_counts());
    assert_eq!(first, second);
}
