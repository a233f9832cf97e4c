//! Feeds one target until its time is over. An input whose outcome was not seen before is a seed from then on: that is how
//! a run finds its way into a reader, step by step.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::dice::Dice;

/// What came of an input, in a few words; or the property that it broke.
pub(crate) type Outcome = Result<String, String>;

/// How many seeds are kept.
const MOST_SEEDS: usize = 2000;
/// Time limit of one input, on a busy machine and in a build without optimization.
const PATIENCE: Duration = Duration::from_secs(60);
const SLOW: Duration = Duration::from_secs(10);
/// Mebibytes that this process may take, all targets together.
const MEMORY: u64 = 1500;

/// One reader of foreign bytes.
pub(crate) struct Target<'a> {
    pub(crate) name: &'static str,
    pub(crate) seeds: Vec<Vec<u8>>,
    pub(crate) tokens: &'a [&'a [u8]],
    /// Largest input, in bytes.
    pub(crate) longest: usize,
}

impl Target<'_> {
    /// Tries inputs until the time is over; the dice of a property fall for one input always in the same way.
    pub(crate) fn run(mut self, property: impl Fn(&[u8], &mut Dice) -> Outcome) {
        let (seed, time) = (seed(), time());
        say(&format!("fuzz {}: seed {seed}", self.name));
        let watch = Watch::start(self.name);
        let judge = |input: &[u8]| judged(input, &property, &watch);
        for (path, input) in kept(self.name) {
            if let Err(broken) = judge(&input) {
                panic!("{} breaks a property: {broken}", path.display());
            }
            self.seeds.push(input);
        }
        let (mut dice, begun, mut tried) = (Dice::new(seed), Instant::now(), 0_u64);
        let mut outcomes = BTreeSet::new();
        for input in &self.seeds {
            match judge(input) {
                Ok(outcome) => drop(outcomes.insert(outcome)),
                Err(broken) => self.fail(seed, input, &broken, &judge),
            }
        }
        while begun.elapsed() < time {
            let (one, other) = (dice.below(self.seeds.len()), dice.below(self.seeds.len()));
            let input = dice.mutated(&self.seeds[one], &self.seeds[other], self.tokens, self.longest);
            tried += 1;
            match judge(&input) {
                Ok(outcome) => {
                    if outcomes.len() < MOST_SEEDS && outcomes.insert(outcome) {
                        self.seeds.push(input);
                    }
                }
                Err(broken) => self.fail(seed, &input, &broken, &judge),
            }
        }
        let (seconds, kinds) = (begun.elapsed().as_secs(), outcomes.len());
        say(&format!("fuzz {}: {tried} inputs in {seconds} s, {kinds} kinds of outcomes", self.name));
        assert!(memory() < MEMORY, "{}: {} MiB of memory were taken", self.name, memory());
    }

    fn fail(&self, seed: u64, input: &[u8], broken: &str, judge: &impl Fn(&[u8]) -> Outcome) {
        let small = smaller(input, judge);
        let broken = judge(&small).err().unwrap_or_else(|| broken.to_owned());
        let path = keep(self.name, &small);
        panic!(
            "{} with seed {seed}: {broken}\n  input: {:?}\n  kept as {}",
            self.name,
            shown(&small),
            path.display()
        );
    }
}

fn judged(input: &[u8], property: &impl Fn(&[u8], &mut Dice) -> Outcome, watch: &Watch) -> Outcome {
    watch.begin(input);
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| property(input, &mut Dice::of(input))));
    watch.end();
    match outcome {
        Ok(Ok(_)) if begun.elapsed() > SLOW => Err(format!("it took {:?}", begun.elapsed())),
        Ok(outcome) => outcome,
        Err(_) => Err("it panicked".to_owned()),
    }
}

/// Takes pieces away as long as the property stays broken.
fn smaller(input: &[u8], judge: &impl Fn(&[u8]) -> Outcome) -> Vec<u8> {
    let (mut small, begun) = (input.to_vec(), Instant::now());
    let mut piece = small.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < small.len() && begun.elapsed() < Duration::from_secs(20) {
            let without = [&small[..at], &small[(at + piece).min(small.len())..]].concat();
            if judge(&without).is_err() { small = without } else { at += piece }
        }
        piece /= 2;
    }
    small
}

/// Ends the process where an input takes for ever: nothing else can stop a loop.
struct Watch(mpsc::Sender<Option<Vec<u8>>>);

impl Watch {
    fn start(name: &'static str) -> Self {
        let (sender, receiver) = mpsc::channel::<Option<Vec<u8>>>();
        std::thread::spawn(move || {
            let mut current: Option<Vec<u8>> = None;
            loop {
                match receiver.recv_timeout(PATIENCE) {
                    Ok(next) => current = next,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {
                        let Some(input) = &current else { continue };
                        let path = keep(name, input);
                        say(&format!("fuzz {name}: no end in {PATIENCE:?}; kept as {}", path.display()));
                        std::process::abort();
                    }
                }
            }
        });
        Self(sender)
    }

    fn begin(&self, input: &[u8]) {
        self.0.send(Some(input.to_vec())).unwrap();
    }

    fn end(&self) {
        self.0.send(None).unwrap();
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz").join(name)
}

/// The files of the target's folder, in the order of names.
fn kept(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(files) = std::fs::read_dir(folder(name)) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn keep(name: &str, input: &[u8]) -> PathBuf {
    let path = folder(name).join(format!("found-{:08x}", Dice::of(input).below(1 << 32)));
    std::fs::create_dir_all(folder(name)).unwrap();
    std::fs::write(&path, input).unwrap();
    path
}

fn shown(input: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&input[..input.len().min(2000)]).into_owned();
    if input.len() > 2000 {
        write!(text, "… {} bytes in all", input.len()).unwrap();
    }
    text
}

fn seed() -> u64 {
    match std::env::var("FUZZ_SEED") {
        Ok(seed) => seed.parse().expect("FUZZ_SEED is a number"),
        Err(_) => RandomState::new().hash_one("seed"),
    }
}

fn time() -> Duration {
    let seconds = std::env::var("FUZZ_SECONDS").unwrap_or_else(|_| "2".to_owned());
    Duration::from_secs_f64(seconds.parse().expect("FUZZ_SECONDS is a number"))
}

/// The most memory that this process ever held, in MiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or_default() >> 10
}

/// Past the capture of the test runner: where the process itself dies, what was captured is lost.
fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}
