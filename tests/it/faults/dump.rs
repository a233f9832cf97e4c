//! Faults of pg_dump, played by a stand-in: it fails, reports success falsely, or dies.
//! In every run, one more sponsor with the real pg_dump gets its complete backup.

use tempfile::TempDir;

use crate::support::{Outcome, Proxy, Run, Sponsor, Trial, clients};

/// The sponsor whose backup succeeds.
pub(super) const HEALTHY: &str = "titan";

/// What the stand-in does for a sponsor, and the message that the user sees.
pub(super) struct Fault {
    pub(super) sponsor: &'static str,
    pub(super) script: String,
    told: &'static str,
}

pub(super) fn fault(sponsor: &'static str, script: impl Into<String>, told: &'static str) -> Fault {
    Fault { sponsor, script: script.into(), told }
}

/// The first bytes of a real dump, then the script in `then`.
pub(super) fn beginning(bytes: u32, then: &str) -> String {
    format!("{} \"$@\" 2>/dev/null | /usr/bin/head -c {bytes}\n{then}", clients::real("pg_dump"))
}

/// The trial for these faults. Databases are small, so a test enlarges them if it must.
pub(super) fn stage(faults: &[Fault]) -> (Trial, TempDir) {
    let names = faults.iter().map(|fault| fault.sponsor).chain([HEALTHY]);
    let folder = clients::misbehaving_for(faults.iter().map(|fault| (fault.sponsor, fault.script.as_str())));
    (Trial::of(names.map(Sponsor::named)), folder)
}

/// Holds after every fault: only the sponsor with the fault fails, and the healthy sponsor has its backup.
#[track_caller]
pub(super) fn assert_failed(trial: &Trial, outcome: &Outcome, faults: &[Fault]) {
    for Fault { sponsor, told, .. } in faults {
        let result = outcome.result(sponsor);
        assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"dump".into()), "{result:#}");
        let message = result["message"].as_str().unwrap();
        assert!(message.contains(told), "{sponsor}: {message}");
        assert_eq!(trial.store.keys_in(trial.bucket(sponsor)), Vec::<String>::new(), "{sponsor}");
        assert_eq!(trial.store.uploads(trial.bucket(sponsor)), Vec::<String>::new(), "{sponsor}");
        assert_eq!(outcome.log(sponsor)["outcome"], "failure");
        let kept = trial.store.keys_in(trial.log_bucket(sponsor));
        assert_eq!(trial.store.get_json(trial.log_bucket(sponsor), &kept[0])["stage"], "dump");
        assert_eq!(trial.database(sponsor).sessions(), 0, "{sponsor}");
    }
    assert_whole(trial, outcome, HEALTHY);
}

#[track_caller]
pub(super) fn assert_whole(trial: &Trial, outcome: &Outcome, sponsor: &str) {
    assert_eq!(outcome.result(sponsor)["outcome"], "success", "{}", outcome.transcript());
    assert_eq!(trial.store.keys_in(trial.bucket(sponsor)).len(), 3);
}

/// Through this proxy, a store answers multipart uploads as S3 does.
fn through(proxy: &Proxy, run: Run) -> Run {
    proxy.tell_the_right_checksum();
    run.input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB")
}

/// F1. The largest dump has many parts at S3 when it fails.
/// - fault: pg_dump writes nothing and fails
/// - injected: A stand-in that exits with 1
/// - seen: `pg_dump exited with 1: an error that is not shown`. Exit code 13
/// - left: A record of the failure
/// - fault: pg_dump writes one byte and fails
/// - injected: A stand-in that cuts off a real dump and exits with 1
/// - seen: `pg_dump exited with 1: an error that is not shown`. Exit code 13
/// - left: A record of the failure
/// - fault: pg_dump writes 5 MiB and fails before the first part of the upload is full
/// - injected: A stand-in that cuts off a real dump and exits with 1
/// - seen: `pg_dump exited with 1: an error that is not shown`. Exit code 13
/// - left: A record of the failure
/// - fault: pg_dump writes 100 MiB and fails after many parts were uploaded
/// - injected: A stand-in that cuts off a real dump and exits with 1
/// - seen: `pg_dump exited with 1: an error that is not shown`. Exit code 13
/// - left: A record of the failure. The upload is aborted
#[test]
fn bytes_and_then_a_failure_do_not_count_as_a_backup() {
    let words = "echo 'pg_dump: error: last words' >&2; exit 1";
    let told = "pg_dump exited with 1: an error that is not shown";
    let faults = [
        fault("callisto", words, told),
        fault("europa", beginning(1, words), told),
        fault("rhea", beginning(5 << 20, words), told),
        fault("oberon", beginning(100 << 20, words), told),
    ];
    let (trial, folder) = stage(&faults);
    trial.database("rhea").load_noise(6);
    trial.database("oberon").load_noise(104);
    let proxy = Proxy::before(trial.store.endpoint());
    let outcome = through(&proxy, trial.run().path(folder.path())).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
    let parts = proxy.requests().into_iter().filter(|seen| seen.has("partNumber"));
    assert!(parts.filter(|seen| seen.path.contains(trial.bucket("oberon"))).count() > 8);
}

/// - fault: pg_dump writes the whole dump with its trailer and then fails
/// - injected: A stand-in that exits with 1 after a real dump
/// - seen: `pg_dump exited with 1: an error that is not shown`. Exit code 13
/// - left: A record of the failure
#[test]
fn a_whole_dump_does_not_count_when_pg_dump_failed() {
    let words = "echo 'pg_dump: error: last words' >&2; exit 1";
    let script = format!("{} \"$@\"\n{words}", clients::real("pg_dump"));
    let faults = [fault("callisto", script, "pg_dump exited with 1: an error that is not shown")];
    let (trial, folder) = stage(&faults);
    let outcome = trial.run().path(folder.path()).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
}

// serves: 11.10(a)/reliable
/// F2 and F3: the exit status reports success, although the dump is cut off.
/// - fault: pg_dump writes nothing and exits with 0
/// - injected: A stand-in that exits with 0
/// - seen: `the dump is cut off: it does not start like a dump`. Exit code 13
/// - left: A record of the failure
/// - fault: The dump is cut off and pg_dump exits with 0
/// - injected: A stand-in that passes on 9000 bytes and exits with 0
/// - seen: `the dump is cut off`. Exit code 13
/// - left: A record of the failure
/// - fault: The dump is cut off after some parts were uploaded, and pg_dump exits with 0
/// - injected: A stand-in that passes on 20 MB and exits with 0
/// - seen: `the dump is cut off`. Exit code 13
/// - left: A record of the failure. The upload is aborted
#[test]
fn a_dump_that_is_cut_off_fails_though_pg_dump_succeeds() {
    let told = "the dump is cut off: its \\unrestrict line is missing or does not match";
    let faults = [
        fault("callisto", "exit 0", "the dump is cut off: it does not start like a dump"),
        fault("europa", beginning(9000, "exit 0"), told),
        fault("rhea", beginning(20_000_000, "exit 0"), told),
    ];
    let (trial, folder) = stage(&faults);
    trial.database("rhea").load_noise(24);
    let proxy = Proxy::before(trial.store.endpoint());
    let outcome = through(&proxy, trial.run().path(folder.path())).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
    assert!(proxy.requests().iter().any(|seen| seen.has("partNumber")));
}

/// Content of the database can look like the end of a dump. A dump that is cut off after it must not count as a backup.
/// - fault: A row contains the trailer's text, and the dump is cut off after it
/// - injected: A stand-in that ends with the line of that row and exits with 0
/// - seen: `the dump is cut off`. Exit code 13
/// - left: A record of the failure
/// - fault: A function's body contains the trailer's lines, and the dump is cut off after them
/// - injected: A stand-in that ends with those lines and exits with 0
/// - seen: `the dump is cut off: its \unrestrict line is missing`. Exit code 13
/// - left: A record of the failure
/// - fault: The same with a pg_dump from before August 2025, which writes no `\restrict` line
/// - injected: A stand-in that leaves out `\restrict`, ends with those lines and exits with 0
/// - seen: `the dump is cut off: its end marker is inside a statement or a row`. Exit code 13
/// - left: A record of the failure
#[test]
fn the_trailers_words_in_the_database_do_not_end_a_dump() {
    let real = clients::real("pg_dump");
    let cut = |filter: &str| format!("{real} \"$@\" 2>/dev/null {filter}\nexit 0");
    let behind_the_lines = "/usr/bin/sed '/dump complete/{n;q}'";
    let restriction = "its \\unrestrict line is missing or does not match";
    let faults = [
        fault("callisto", cut("| /usr/bin/sed '/dump complete/q'"), restriction),
        fault("europa", cut(&format!("| {behind_the_lines}")), restriction),
        fault(
            "rhea",
            cut(&format!("| /usr/bin/grep -v '^.restrict' | {behind_the_lines}")),
            "its end marker is inside a statement or a row",
        ),
    ];
    let (trial, folder) = stage(&faults);
    let trailer = r"\n--\n-- PostgreSQL database dump complete\n--\n";
    trial.database("callisto").psql_as_owner(&format!("CREATE TABLE a_rumor AS SELECT E'{trailer}' AS it"));
    let body = trailer.replace(r"\n", "\n");
    for sponsor in ["europa", "rhea"] {
        let function =
            format!("CREATE FUNCTION rumor() RETURNS text LANGUAGE sql AS $_$ SELECT '{body}' $_$");
        trial.database(sponsor).psql_as_owner(&function);
    }
    let outcome = trial.run().path(folder.path()).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
}

/// - fault: pg_dump is killed in the middle of a table, after some parts were uploaded
/// - injected: A stand-in that sends itself SIGKILL after 20 MB
/// - seen: `pg_dump was killed by signal 9`. Exit code 13
/// - left: A record of the failure. The upload is aborted
#[test]
fn a_pg_dump_that_dies_in_the_middle_leaves_nothing() {
    let faults = [fault("callisto", beginning(20_000_000, "kill -9 $$"), "pg_dump was killed by signal 9")];
    let (trial, folder) = stage(&faults);
    trial.database("callisto").load_noise(24);
    let proxy = Proxy::before(trial.store.endpoint());
    let outcome = through(&proxy, trial.run().path(folder.path())).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
    assert!(proxy.requests().iter().any(|seen| seen.has("partNumber")));
}
