//! The threads of the program, all of which exist before its work begins. If the system grants too few (`ulimit -u`, a
//! container's limit of processes), tokio panics or waits forever, at worst in the middle of a backup.

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// Threads for work that blocks: one for a decoder, which blocks until the end, and others for files, names of hosts and
/// compression. More are started if the system grants them.
const BLOCKING: usize = 4;
/// Longer than any run: the system might not grant a thread again that has ended.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// For a thread that exists to begin.
const BEGINNING: Duration = Duration::from_secs(10);

/// Runs the program, with a worker per core.
///
/// # Errors
/// The system grants too few threads.
pub fn run(program: impl Future<Output = u8>) -> Result<u8, Failure> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let needed = workers + BLOCKING;
    let failed = |error: io::Error| Failure::NoThreads { needed, reason: error.to_string() };
    try_to_start(needed).map_err(failed)?;
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(workers).thread_keep_alive(KEPT).enable_all().build();
    let runtime = runtime.map_err(failed)?;
    start_blocking(&runtime).map_err(failed)?;
    let code = runtime.block_on(program);
    // A DNS lookup runs in a thread of its own and cannot be canceled, so do not wait for it.
    runtime.shutdown_background();
    Ok(code)
}

/// Starts that many threads at once, only to see whether the system grants them: tokio has no error for that.
fn try_to_start(count: usize) -> io::Result<()> {
    let mut started = Vec::with_capacity(count);
    for _ in 0..count {
        let (release, released) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new().spawn(move || released.recv().is_ok())?;
        started.push((release, thread));
    }
    for (release, thread) in started {
        drop(release);
        thread.join().ok();
    }
    Ok(())
}

/// Starts the threads for work that blocks. From then on tokio queues what finds none, and does not panic.
fn start_blocking(runtime: &Runtime) -> io::Result<()> {
    let (begins, begun) = mpsc::channel();
    let mut releases = Vec::with_capacity(BLOCKING);
    for _ in 0..BLOCKING {
        let (begins, (release, released)) = (begins.clone(), mpsc::channel::<()>());
        // Each waits for the others, so that none does the work of two.
        runtime.spawn_blocking(move || begins.send(()).is_ok() && released.recv().is_ok());
        releases.push(release);
    }
    for _ in &releases {
        begun.recv_timeout(BEGINNING).map_err(|_| io::Error::from(io::ErrorKind::WouldBlock))?;
    }
    Ok(())
}
