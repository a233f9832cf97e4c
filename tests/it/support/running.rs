//! A run that is under way: its lines so far, signals, its memory, and the wait for its end. Never leaves it running.

use std::io::{BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::outcome::{Line, Outcome, Stream, Usage};
use super::seconds::Seconds;
use super::tools;

/// How long a run's own children may go on after it.
const LINGERING: Duration = Duration::from_secs(5);

/// A process that was started by [`Run::start`](super::Run::start); killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    lines: Arc<Mutex<Vec<Line>>>,
    readers: Vec<JoinHandle<()>>,
    folder: Arc<TempDir>,
    step: PathBuf,
    started: Instant,
    deadline: Duration,
    seconds: Seconds,
    peak_memory: Arc<AtomicU64>,
}

impl Running {
    pub(super) fn new(
        mut child: Child,
        folder: Arc<TempDir>,
        step: PathBuf,
        deadline: Duration,
        seconds: Seconds,
    ) -> Self {
        let lines = Arc::default();
        let readers = vec![
            collect(child.stdout.take().unwrap(), Stream::Out, &lines),
            collect(child.stderr.take().unwrap(), Stream::Error, &lines),
        ];
        let peak_memory = watch_memory(child.id());
        Self { child, lines, readers, folder, step, started: Instant::now(), deadline, seconds, peak_memory }
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The folder that it runs in.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// Sends a signal by name: `TERM`, `INT`, `KILL`, `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        tools::signal(name, self.pid());
    }

    /// What it has printed so far, both streams in the order of arrival.
    pub(crate) fn printed(&self) -> String {
        self.lines.lock().unwrap().iter().map(|line| format!("{}\n", line.text)).collect()
    }

    /// Waits until `text` is printed; panics when the run's deadline comes first.
    pub(crate) fn wait_until_printed(&self, text: &str) {
        tools::wait_for(text, self.deadline, || self.printed().contains(text).then_some(()));
    }

    /// The pids of its children, such as pg_dump.
    pub(crate) fn children(&self) -> Vec<u32> {
        let pid = self.pid();
        let tasks =
            std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
        let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
            .collect()
    }

    /// Waits for the end. A run beyond its deadline is killed, and the test fails with what it had printed.
    pub(crate) fn wait(mut self) -> Outcome {
        let status = self.wait_for_status();
        let took = self.started.elapsed();
        self.wait_for_readers();
        let usage = Usage { took, peak_memory: self.peak_memory() };
        let lines = std::mem::take(&mut *self.lines.lock().unwrap());
        Outcome::new(status, lines, Arc::clone(&self.folder), self.step.clone(), usage)
    }

    /// Both streams end with the last process that holds them: one that outlives the run is a failure of its own.
    fn wait_for_readers(&mut self) {
        let ended = Instant::now();
        while !self.readers.iter().all(JoinHandle::is_finished) {
            let lingers = ended.elapsed() > LINGERING;
            assert!(!lingers, "a child outlives the run; it had printed:\n{}", self.printed());
            std::thread::sleep(Duration::from_millis(5));
        }
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
    }

    fn wait_for_status(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            if self.started.elapsed() > self.deadline {
                self.child.kill().unwrap();
                panic!("not done after {:?}; it had printed:\n{}", self.deadline, self.printed());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The largest resident memory so far in bytes, as the kernel counts it.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.peak_memory.load(Ordering::Relaxed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After an orderly wait both fail, which is right: there is nothing left to end.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
        self.seconds.ended();
    }
}

fn collect(
    source: impl Read + Send + 'static,
    stream: Stream,
    lines: &Arc<Mutex<Vec<Line>>>,
) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    std::thread::spawn(move || {
        let mut source = BufReader::new(source);
        let mut bytes = Vec::new();
        while source.read_until(b'\n', &mut bytes).unwrap() > 0 {
            let text = String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned();
            lines.lock().unwrap().push(Line { stream, text });
            bytes.clear();
        }
    })
}

/// Reads the kernel's high-water mark until the process is gone; what the last 5 ms added may be missed.
fn watch_memory(pid: u32) -> Arc<AtomicU64> {
    let peak = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&peak);
    std::thread::spawn(move || {
        while let Some(bytes) = high_water_mark(pid) {
            seen.fetch_max(bytes, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    peak
}

fn high_water_mark(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}
