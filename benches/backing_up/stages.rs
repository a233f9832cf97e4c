//! The pure parts of the pipeline, each alone on one core: the first 64 MiB of a dump that is in memory.

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use sponsor_backup::archive::codec::Format;
use sponsor_backup::databases::postgres::sql::Scan;
use sponsor_backup::store::hash::{Crc64, Hasher};

use crate::measure::{Spread, Table};
use crate::support::{Cluster, Database};
use crate::{BLOCK, MIB};

const SAMPLE: &str = "67108864";

/// Wall clock, in which nothing waits.
fn seconds(run: impl FnOnce()) -> f64 {
    let started = Instant::now();
    run();
    started.elapsed().as_secs_f64()
}

pub(crate) fn measure(rounds: u64, cluster: &Cluster, database: &Database) -> (Table, Table) {
    let pg_dump = cluster.bin_dir().join("pg_dump");
    let line = format!("\"$0\" \"$1\" | head -c {SAMPLE}");
    let output = Command::new("bash").args(["-c", &line]).arg(pg_dump).arg(database.url()).output();
    let text = output.unwrap().stdout;
    let mut stages = Table::default();
    let mut add = |name: &str, ratio: Option<f64>, run: &dyn Fn()| -> f64 {
        let median = Spread::of((0..rounds).map(|_| seconds(run))).median;
        let speed = format!("{:.0}", text.len() as f64 / MIB / median);
        stages.row(&[name, &speed, &ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))]);
        median
    };
    let scan = add("scan and digest of rows", None, &|| {
        let mut scan = Scan::default();
        text.chunks(BLOCK).for_each(|block| scan.feed(block));
        black_box(&scan);
    });
    let hash = add("SHA-256", None, &|| {
        let mut hasher = Hasher::default();
        hasher.feed(&text);
        black_box(hasher.read());
    });
    add("CRC64NVME", None, &|| {
        let mut crc = Crc64::default();
        crc.feed(&text);
        black_box(crc.read());
    });
    let mut fastest = f64::MAX;
    for (format, levels) in [(Format::Gzip, &[1, 2, 4, 6][..]), (Format::Zstd, &[1, 2, 3])] {
        for &level in levels {
            let sealed = |block: &[u8]| format.compress(block, level).unwrap().len();
            let bytes: usize = text.chunks(BLOCK).map(sealed).sum();
            let ratio = text.len() as f64 / bytes as f64;
            let run = || _ = black_box(text.chunks(BLOCK).map(sealed).sum::<usize>());
            let took = add(&format!("{} {level}", format.name()), Some(ratio), &run);
            if (format, level) == (Format::Gzip, 1) {
                fastest = took;
            }
        }
    }
    let mut scanner = Table::default();
    // Of a pipeline that hashes the text and compresses it. Reading, the archive's own hash and the upload only make it smaller.
    let ratio = (scan + hash + fastest) / (hash + fastest);
    scanner.row(&[
        "CPU of the pipeline at gzip 1, with the scanner / without it",
        "1.05",
        &format!("{ratio:.3}"),
        "–",
        "–",
    ]);
    (stages, scanner)
}
