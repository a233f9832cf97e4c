//! A database far larger than the memory that was granted. Row F16 of the failures that happened to others.

use crate::support::{Sponsor, StrictS3, Trial};

const MIB: u64 = 1 << 20;

#[test]
fn memory_does_not_grow_with_the_dump() {
    let strict = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&strict).start();
    trial.database("callisto").load_noise(300);
    let outcome = trial.run().input("memory-limit", "24MiB").run();
    outcome.assert_code(0);
    let record = &outcome.logs()[0].1;
    let dumped = record["dump_size_bytes"].as_u64().unwrap();
    println!("dump of {} MiB, peak memory {} MiB", dumped / MIB, outcome.peak_memory / MIB);
    assert!(dumped > 300 * MIB);
    assert!(outcome.peak_memory > 0);
    // The figure is for people; what must hold on any machine and in any build is that the dump was never held.
    assert!(outcome.peak_memory < dumped / 2, "peak memory is {} MiB", outcome.peak_memory / MIB);
    assert!(strict.unfinished_uploads().is_empty());
}
