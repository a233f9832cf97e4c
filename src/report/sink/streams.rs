//! Where lines for people go: a stream, and the log file if there is one.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use indicatif::{MultiProgress, ProgressBar};
use jiff::Timestamp;
use rustix::fs::OFlags;

/// The clock of the program.
pub(super) type Clock = fn() -> Timestamp;

/// The bars of a terminal, by sponsor.
type Bars = (MultiProgress, Mutex<BTreeMap<String, ProgressBar>>);

/// The stream of a run and its log file.
#[derive(Debug, Default)]
pub(super) struct LogStreams {
    /// A runner reads standard output. People read standard error.
    pub(super) to_stdout: bool,
    /// Set if each line of the stream begins with its time.
    pub(super) stream_clock: Option<Clock>,
    pub(super) bars: Option<Bars>,
    pub(super) file: OnceLock<(Mutex<File>, Clock)>,
    /// Set once a line could not be written to the file.
    pub(super) is_cut: AtomicBool,
}

impl LogStreams {
    /// Appends every further line to a regular file, each with its time. Only its owner can read a new file.
    pub(super) fn append_to(&self, path: &Path, clock: Clock) -> std::io::Result<()> {
        // A pipe whose reader sleeps would hold the run, and no signal would end it.
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let file =
            OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(nonblocking).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::other("not a regular file"));
        }
        // A second file is never asked for.
        self.file.set((Mutex::new(file), clock)).ok();
        Ok(())
    }

    /// Writes lines to the stream and the file.
    pub(super) fn write(&self, lines: &[String]) {
        self.write_apart(lines, lines);
    }

    /// Writes lines to the stream alone, without times.
    pub(super) fn untimed<'a>(&self, lines: impl Iterator<Item = &'a str>) {
        self.stream(&lines.map(|line| format!("{line}\n")).collect::<String>());
    }

    /// Writes commands of the runner: the file does not hold them, and least of all the masks.
    pub(super) fn command(&self, commands: &[String]) {
        self.write_apart(commands, &[]);
    }

    /// Writes one form to the stream and another one to the file.
    pub(super) fn write_apart(&self, to_stream: &[String], to_file: &[String]) {
        let text = text(to_stream, self.stream_clock);
        match &self.bars {
            Some((all, _)) => all.suspend(|| self.stream(&text)),
            None => self.stream(&text),
        }
        if let Some((file, clock)) = self.file.get() {
            let text = self::text(to_file, Some(*clock));
            let written = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
            // The disk may be full by now. That must not end a backup, but the reader of the file must not miss lines.
            if let Err(error) = written
                && !self.is_cut.swap(true, Ordering::Relaxed)
            {
                let warning = format!("warning: the file in `log-file` lacks lines from here on: {error}");
                self.stream(&self::text(&[warning], self.stream_clock));
            }
        }
    }

    /// Writes a line while the program panics: nothing may be waited for, this thread may hold it itself.
    pub(super) fn write_at_once(&self, line: &str) {
        let line = [line.to_owned()];
        self.stream(&text(&line, self.stream_clock));
        if let Some((file, clock)) = self.file.get()
            && let Ok(mut file) = file.try_lock()
        {
            file.write_all(text(&line, Some(*clock)).as_bytes()).ok();
        }
    }

    /// Writes to the stream as it is.
    pub(super) fn stream(&self, text: &str) {
        // A stream without a reader cannot be reported anywhere.
        if self.to_stdout {
            std::io::stdout().lock().write_all(text.as_bytes()).ok();
        } else {
            std::io::stderr().lock().write_all(text.as_bytes()).ok();
        }
    }
}

fn text(lines: &[String], clock: Option<Clock>) -> String {
    let Some(clock) = clock else { return lines.iter().map(|line| format!("{line}\n")).collect() };
    let now = clock().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let timed = |line: &str| if line.is_empty() { format!("{now}\n") } else { format!("{now} {line}\n") };
    lines.iter().flat_map(|line| line.split('\n')).map(timed).collect()
}

#[cfg(test)]
mod tests;
