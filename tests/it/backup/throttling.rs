//! Answers of a store that is busy for a moment, or of the key service behind it: what another attempt may cure is sent
//! again, and what none cures ends at once. A sponsor for each answer, all in one run.

use std::time::Duration;

use crate::support::{Action, Outcome, Proxy, Seen, Sponsor, Trial};

const TEMPORARY: [(u16, &str); 8] = [
    (429, "TooManyRequests"),
    (429, "AnyCodeOfTheirs"),
    (400, "KMS.ThrottlingException"),
    (400, "IncompleteBody"),
    (400, "BadDigest"),
    (400, "RequestTimeout"),
    (409, "OperationAborted"),
    (503, "SlowDown"),
];

const FINAL: [(u16, &str); 5] = [
    (403, "KMS.DisabledException"),
    (400, "KMS.KMSInvalidStateException"),
    (403, "AllAccessDisabled"),
    (400, "ExpiredToken"),
    (403, "RequestTimeTooSkewed"),
];

/// Its first letters make a code of its own.
fn name(at: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(at).unwrap());
    format!("{letter}-answer")
}

fn answer((status, code): (u16, &str)) -> Action {
    let message = "<Message>Reduce your request rate.</Message>";
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    Action::Status(status, format!("{head}\n<Error><Code>{code}</Code>{message}</Error>"))
}

/// A run in which the first requests of a kind, a number per sponsor, get that sponsor's answer.
struct Played {
    trial: Trial,
    proxy: Proxy,
    outcome: Outcome,
}

impl Played {
    fn of(answers: &'static [(u16, &str)], noise: u32, times: usize, kind: fn(&Seen) -> bool) -> Self {
        let names = (0..answers.len()).map(name);
        let trial = Trial::of(names.clone().map(|name| Sponsor::named(&name).empty()));
        if noise > 0 {
            names.clone().for_each(|name| trial.database(&name).load_noise(noise));
        }
        let proxy = Proxy::before(trial.store.endpoint());
        proxy.tell_the_right_checksum();
        let buckets: Vec<_> = names.map(|name| trial.bucket(&name).to_owned()).collect();
        let left = std::sync::Mutex::new(vec![times; answers.len()]);
        proxy.rule(move |seen| {
            let bucket = seen.path.split('/').nth(1).unwrap_or_default();
            let Some(at) = buckets.iter().position(|own| own == bucket).filter(|_| kind(seen)) else {
                return Action::Pass;
            };
            let left = &mut left.lock().unwrap()[at];
            if *left == 0 {
                return Action::Pass;
            }
            *left -= 1;
            answer(answers[at])
        });
        let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("max-parallel", "8");
        let outcome = run.input("memory-limit", "192MiB").deadline(Duration::from_secs(300)).run();
        Self { trial, proxy, outcome }
    }

    fn attempts(&self, at: usize, kind: fn(&Seen) -> bool) -> usize {
        let bucket = format!("/{}/", self.trial.bucket(&name(at)));
        self.proxy.requests().iter().filter(|seen| seen.path.starts_with(&bucket) && kind(seen)).count()
    }

    /// Nothing is left, neither object nor upload, and the message names operation and code.
    #[track_caller]
    fn assert_failed(&self, at: usize, code: &str) {
        let result = self.outcome.result(&name(at));
        let message = result["message"].as_str().unwrap();
        let names_both = message.contains("the upload to s3://") && message.contains(&format!(": {code}"));
        assert!(names_both, "{code}: {result}");
        let bucket = self.trial.bucket(&name(at));
        assert_eq!(self.trial.store.keys_in(bucket), Vec::<String>::new());
        assert_eq!(self.trial.store.uploads(bucket), Vec::<String>::new());
    }

    fn hint(&self, at: usize) -> String {
        let annotations = self.outcome.annotations("error");
        annotations.into_iter().find(|text| text.contains(&name(at))).unwrap_or_default()
    }

    #[track_caller]
    fn assert_backed_up(&self, answers: &[(u16, &str)]) {
        self.outcome.assert_code(0);
        for (at, (status, code)) in answers.iter().enumerate() {
            let bucket = self.trial.bucket(&name(at));
            assert_eq!(self.trial.store.keys_in(bucket).len(), 3, "{status} {code}");
            assert_eq!(self.trial.store.uploads(bucket), Vec::<String>::new(), "{status} {code}");
            assert_eq!(self.outcome.result(&name(at))["outcome"], "success", "{status} {code}");
        }
    }
}

fn is_first_part(seen: &Seen) -> bool {
    seen.method == "PUT" && seen.query.contains("partNumber=1&")
}

fn is_dump(seen: &Seen) -> bool {
    seen.method == "PUT" && seen.path.ends_with(".sql.gz") && seen.query.contains("PutObject")
}

#[test]
fn a_part_that_meets_a_temporary_answer_is_sent_again() {
    let played = Played::of(&TEMPORARY, 24, 1, is_first_part);
    played.assert_backed_up(&TEMPORARY);
    for (at, answer) in TEMPORARY.iter().enumerate() {
        assert_eq!(played.attempts(at, is_first_part), 2, "{answer:?}");
    }
}

#[test]
fn a_creation_and_a_completion_are_sent_again_too() {
    let is_one = |seen: &Seen| seen.method == "POST" && (seen.has("uploads") || seen.has("uploadId"));
    // One of each: the second is answered by the next.
    let played = Played::of(&TEMPORARY, 24, 1, |seen| seen.method == "POST" && seen.has("uploads"));
    played.assert_backed_up(&TEMPORARY);
    assert!((0..TEMPORARY.len()).all(|at| played.attempts(at, is_one) == 3));
    let played = Played::of(&TEMPORARY, 24, 1, |seen| seen.method == "POST" && seen.has("uploadId"));
    played.assert_backed_up(&TEMPORARY);
}

#[test]
fn an_answer_without_a_body_is_known_by_its_status() {
    let played = Played::of(&TEMPORARY[..2], 0, 1, |seen| seen.method == "HEAD");
    played.assert_backed_up(&TEMPORARY[..2]);
}

#[test]
fn a_temporary_answer_that_stays_ends_after_five_attempts() {
    let played = Played::of(&TEMPORARY, 0, usize::MAX, is_dump);
    played.outcome.assert_code(14);
    for (at, (_, code)) in TEMPORARY.iter().enumerate() {
        played.assert_failed(at, code);
        assert_eq!(played.attempts(at, is_dump), 5, "{code}");
        let hint = played.hint(at);
        assert!(hint.contains("throttling") && !hint.contains("Grant") && !hint.contains("policy"), "{hint}");
    }
}

#[test]
fn an_answer_that_no_attempt_cures_ends_at_once() {
    let played = Played::of(&FINAL, 0, usize::MAX, is_dump);
    played.outcome.assert_code(14);
    for (at, (_, code)) in FINAL.iter().enumerate() {
        played.assert_failed(at, code);
        assert_eq!(played.attempts(at, is_dump), 1, "{code}");
        assert!(!played.hint(at).contains("throttling"), "{code}");
    }
}

#[test]
fn reading_a_backup_outlasts_a_temporary_answer() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    trial.run().run().assert_code(0);
    let proxy = Proxy::before(trial.store.endpoint());
    for temporary in TEMPORARY {
        let is_dump = |seen: &Seen| seen.method == "GET" && seen.path.ends_with(".sql.gz");
        proxy.spoil(1, answer(temporary), is_dump);
        let before = proxy.requests().len();
        let outcome = trial.run().input("command", "verify").input("s3-endpoint-url", proxy.endpoint()).run();
        outcome.assert_code(0);
        let asked = proxy.requests().split_off(before).iter().filter(|seen| is_dump(seen)).count();
        assert!(asked >= 2, "{temporary:?}: {asked}");
    }
}
