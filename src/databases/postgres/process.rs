//! Our child processes. Each leads its own process group, so that everything it starts ends with it. Each ends at
//! most a second after it is asked to, even if it ignores signals.

pub use rustix::process::Signal;

use std::io;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use rustix::process::{Pid, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::stop::Deadline;

/// How long a child may take to cancel its statement on the server and exit, before it is killed.
pub const GRACE: Duration = Deadline::EndChild.after_stop();
/// How long to wait for output after a child has ended: another process may hold its pipes open forever.
const SILENCE: Duration = Duration::from_secs(1);

/// Children that have not ended yet. They must not outlive this process, even if their futures were dropped.
static CHILDREN: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Ends when every child has ended. Children whose futures were dropped have been asked to stop already.
pub async fn wait_for_all() {
    CHILDREN.close();
    CHILDREN.wait().await;
}

/// Starts a program as the leader of its own process group.
///
/// # Errors
/// The program cannot be started.
pub fn start(command: &mut Command) -> io::Result<Child> {
    command.kill_on_drop(true).process_group(0).spawn()
}

/// Waits for a child that leads its own group. When `stop` is canceled, the group gets `polite`, and SIGKILL a second
/// later. Whatever the child leaves behind in its group is killed.
///
/// If a client is killed, its server keeps running the statement and holding its locks until it sends something. So
/// PostgreSQL programs first get the signal at which they cancel their statement.
pub fn supervise(
    child: Child,
    stop: CancellationToken,
    polite: Signal,
) -> JoinHandle<io::Result<ExitStatus>> {
    CHILDREN.spawn(until_it_ends(child, stop, polite))
}

async fn until_it_ends(mut child: Child, stop: CancellationToken, polite: Signal) -> io::Result<ExitStatus> {
    let group = child.id();
    let status = tokio::select! {
        status = child.wait() => Ok(status),
        () = stop.cancelled() => {
            signal(group, polite);
            tokio::time::timeout(GRACE, child.wait()).await
        }
    };
    // This also ends whatever the child left behind, such as a wrapper's pg_dump.
    kill_group(group);
    match status {
        Ok(status) => status,
        Err(_) => child.wait().await,
    }
}

/// Kills a child and its whole process group.
pub fn kill_group(child: Option<u32>) {
    signal(child, Signal::KILL);
}

fn signal(group: Option<u32>, signal: Signal) {
    if let Some(group) = group.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // The group may have ended at this very moment.
        kill_process_group(group, signal).ok();
    }
}

/// How a program ended whose output is wanted.
#[derive(Debug)]
pub enum Ended {
    /// By itself, or after a stop.
    Exited(Output),
    /// It took longer than its time limit.
    Late,
    /// It printed more than [`Limits::bytes`].
    TooLong,
}

/// What a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time limit.
    pub time: Duration,
    /// Maximum number of bytes of standard output, and of standard error.
    pub bytes: usize,
}

/// Runs a program to its end and returns its output. If it exceeds a limit, if `stop` is canceled or if the future is
/// dropped, the program is asked to stop. Only a dropped future does not wait for it.
///
/// # Errors
/// The program cannot be started.
pub async fn output(
    mut command: Command,
    polite: Signal,
    limits: Limits,
    stop: &CancellationToken,
) -> io::Result<Ended> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = start(&mut command)?;
    let full = CancellationToken::new();
    let stdout = reading(child.stdout.take(), limits.bytes, full.clone());
    let stderr = reading(child.stderr.take(), limits.bytes, full.clone());
    let leave = stop.child_token();
    let _leaves_when_dropped = leave.clone().drop_guard();
    let mut child = supervise(child, leave.clone(), polite);
    let (status, in_time) = tokio::select! {
        status = &mut child => (status, true),
        () = full.cancelled() => {
            leave.cancel();
            (child.await, true)
        }
        () = tokio::time::sleep(limits.time) => {
            leave.cancel();
            (child.await, false)
        }
    };
    let status = status.map_err(io::Error::other)??;
    let (stdout, stderr) = (written(stdout).await, written(stderr).await);
    // A program can end by itself before anyone has read that it printed too much.
    Ok(match (full.is_cancelled(), in_time) {
        (true, _) => Ended::TooLong,
        (false, true) => Ended::Exited(Output { status, stdout, stderr }),
        (false, false) => Ended::Late,
    })
}

/// Reads a pipe up to `most` bytes. If it holds more, `full` is canceled and the pipe is closed.
fn reading(
    pipe: Option<impl AsyncRead + Unpin + Send + 'static>,
    most: usize,
    full: CancellationToken,
) -> AbortOnDropHandle<Vec<u8>> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // After a read error, the bytes read so far are the result.
            pipe.take(most as u64 + 1).read_to_end(&mut bytes).await.ok();
            if bytes.len() > most {
                full.cancel();
            }
        }
        bytes
    }))
}

async fn written(reading: AbortOnDropHandle<Vec<u8>>) -> Vec<u8> {
    tokio::time::timeout(SILENCE, reading).await.ok().and_then(Result::ok).unwrap_or_default()
}

#[cfg(test)]
mod tests;
