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
pub(super) struct Lines {
    /// A runner reads standard output. People read standard error.
    pub(super) to_stdout: bool,
    /// Set if each line of the stream begins with its time.
    pub(super) stream_clock: Option<Clock>,
    pub(super) bars: Option<Bars>,
    pub(super) file: OnceLock<(Mutex<File>, Clock)>,
    /// Set once a line could not be written to the file.
    pub(super) is_cut: AtomicBool,
}

impl Lines {
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

    fn stream(&self, text: &str) {
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
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_text_begins_with_its_time() {
        let clock: Clock = || Timestamp::UNIX_EPOCH;
        let lines = ["error: a\nb".to_owned(), String::new(), "hint: c".to_owned()];
        let expected = "1970-01-01T00:00:00Z error: a\n1970-01-01T00:00:00Z b\n1970-01-01T00:00:00Z\n1970-01-01T00:00:00Z hint: c\n";
        assert_eq!(text(&lines, Some(clock)), expected);
        assert_eq!(text(&lines, None), "error: a\nb\n\nhint: c\n");
    }

    #[test]
    fn a_log_file_is_a_regular_file() {
        for path in ["/dev/full", "/dev", "/dev/null"] {
            assert!(Lines::default().append_to(Path::new(path), || Timestamp::UNIX_EPOCH).is_err(), "{path}");
        }
    }

    #[test]
    fn a_line_that_the_file_lacks_is_noticed_once() {
        let lines = Lines::default();
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        lines.file.set((Mutex::new(full), || Timestamp::UNIX_EPOCH)).unwrap();
        assert!(!lines.is_cut.load(Ordering::Relaxed));
        lines.write(&["a line".to_owned()]);
        assert!(lines.is_cut.load(Ordering::Relaxed));
    }

    #[test]
    fn the_file_holds_lines_and_no_command() {
        let path = tempfile::tempdir().unwrap().path().join("log");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let lines = Lines::default();
        lines.append_to(&path, || Timestamp::UNIX_EPOCH).unwrap();
        lines.command(&["::add-mask::secret".to_owned()]);
        lines.write_apart(&["::group::title".to_owned()], &["title".to_owned()]);
        lines.write_at_once("panicked");
        let expected = "1970-01-01T00:00:00Z title\n1970-01-01T00:00:00Z panicked\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}
