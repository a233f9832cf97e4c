//! What both benchmarks share.

use std::time::Duration;

/// The median ratio of A's time to B's, their rounds interleaved.
pub(crate) fn pairs(
    rounds: u64,
    name: &str,
    mut a: impl FnMut() -> Duration,
    mut b: impl FnMut() -> Duration,
) {
    // To repeat one pair without the rest.
    if std::env::var("ONLY").is_ok_and(|only| !name.contains(&only)) {
        return;
    }
    let mut ratios: Vec<f64> = (0..rounds)
        .map(|_| {
            let (a, b) = (a().as_secs_f64(), b().as_secs_f64());
            println!("  {a:.1} s / {b:.1} s");
            a / b
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "wall {name}: median {:.2} [{:.2}..{:.2}]\n",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1]
    );
}
