use std::time::Instant;

use super::*;

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command
}

/// Far beyond a second, and far below what the scripts would take.
const SOON: Duration = Duration::from_secs(30);

fn within(time: Duration) -> Limits {
    Limits { time, bytes: 1000 }
}

fn exited(ended: io::Result<Ended>) -> Output {
    match ended.unwrap() {
        Ended::Exited(output) => output,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_program_writes_is_kept_with_its_status() {
    let never = CancellationToken::new();
    let command = shell("echo out; echo err >&2; exit 3");
    let output = exited(output(command, Signal::INT, within(SOON), &never).await);
    assert_eq!(
        (output.status.code(), output.stdout, output.stderr),
        (Some(3), b"out\n".to_vec(), b"err\n".to_vec())
    );
}

#[tokio::test]
async fn a_program_that_ignores_signals_is_killed_with_its_children() {
    let begun = Instant::now();
    let deaf = "trap '' INT TERM; /bin/sleep 600 & /bin/sleep 600";
    let never = CancellationToken::new();
    let late = output(shell(deaf), Signal::INT, within(Duration::from_millis(50)), &never).await;
    assert!(matches!(late.unwrap(), Ended::Late));
    let stop = CancellationToken::new();
    stop.cancel();
    let stopped = exited(output(shell(deaf), Signal::INT, within(Duration::from_secs(600)), &stop).await);
    assert!(!stopped.status.success());
    assert!(begun.elapsed() < SOON);
}

#[tokio::test]
async fn a_program_that_prints_too_much_is_ended() {
    let begun = Instant::now();
    let never = CancellationToken::new();
    for script in ["exec /usr/bin/yes", "/usr/bin/yes >&2", "printf %1001d 7"] {
        let ended = output(shell(script), Signal::INT, within(Duration::from_secs(600)), &never).await;
        assert!(matches!(ended.unwrap(), Ended::TooLong), "{script}");
    }
    let just = output(shell("printf %1000d 7"), Signal::INT, within(SOON), &never).await;
    assert_eq!(exited(just).stdout.len(), 1000);
    assert!(begun.elapsed() < SOON);
}

#[tokio::test]
async fn a_dropped_program_is_awaited_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (begun, left) = (folder.path().join("begun"), folder.path().join("left"));
    let script = format!(
        "trap 'echo > {}; exit 1' INT; echo > {}; while :; do /bin/sleep 0.05; done",
        left.display(),
        begun.display()
    );
    let never = CancellationToken::new();
    let running = output(shell(&script), Signal::INT, within(Duration::from_secs(600)), &never);
    let started = async {
        while !begun.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = running => panic!("it has no end of its own"),
        () = started => {}
    }
    tokio::time::timeout(SOON, wait_for_all()).await.unwrap();
    assert!(left.exists());
}
