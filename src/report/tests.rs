//! The table over command, state, dry run and number of sponsors: whatever says how a run ended says the same.

mod texts;

use super::summary::{self, Subject, Title};
use super::{SponsorResult, lines, outputs, overall, workflow};
use crate::verification::conclusion::{
    BackupFacts, ContentTotals, CopyFacts, CopyProof, HoldFacts, Restored, VerifyCounts,
};
use crate::verification::{Comparison, Conclusion, Outcome, State};

/// A comparison that comes to each verdict.
fn comparison(state: State) -> Comparison {
    use crate::databases::postgres::proof::Side;
    use crate::databases::postgres::sql::Scan;
    let dump = "COPY s.a (x) FROM stdin;\n1\n\\.\nCOPY s.b (x) FROM stdin;\n1\n\\.\n";
    let other = dump.replacen("\n1\n", "\n2\n", usize::from(state == State::Different));
    let (before, after) = (Scan::of(dump), Scan::of(&other));
    let (contents, restored) = (before.contents().unwrap(), after.contents().unwrap());
    let left_out = (state == State::Incomplete).then(Default::default);
    Comparison::new(
        &Side { contents: &contents, inventory: before.inventory(), majors: (15, 15) },
        &Side { contents: &restored, inventory: after.inventory(), majors: (15, 15) },
        left_out.as_ref(),
    )
}

fn backup(tables: u64, partial: bool, before: Option<u64>) -> Conclusion {
    let held = ContentTotals { tables, rows: 10 * tables, bytes: 1000 };
    Conclusion::of_backup(&BackupFacts { held, partial, rows_before: before })
}

fn restore(state: State, falls_short: bool) -> Conclusion {
    Conclusion::of_restore(Restored { comparison: Some(&comparison(state)), falls_short })
}

/// Every way in which one sponsor's part of a command can end, with the outcome and the state that it must have.
fn endings(subject: Subject) -> Vec<(Conclusion, Outcome, Option<State>)> {
    use Outcome::{Disabled, Failure, Success};
    use State::{
        Complete, Different, Empty, Incomplete, Partial, PartlyVerified, Proven, Unverified, Verified,
    };
    let reading = |verified, not_verified| Conclusion::of_reading(VerifyCounts { verified, not_verified });
    let mut endings = match subject {
        Subject::Backup => vec![
            (backup(3, false, None), Success, Some(Complete)),
            (backup(3, false, Some(9)), Success, Some(Complete)),
            (backup(3, true, Some(9)), Success, Some(Partial)),
            (backup(0, true, None), Success, Some(Partial)),
            (backup(0, false, None), Success, Some(Empty)),
            (backup(0, false, Some(0)), Success, Some(Empty)),
            (backup(0, false, Some(1)), Failure, Some(Empty)),
            (backup(0, true, Some(1)), Failure, Some(Empty)),
            (backup(3, false, None).but_failed(), Failure, Some(Complete)),
        ],
        Subject::Verify => vec![
            (reading(2, 0), Success, Some(Verified)),
            (reading(2, 1), Failure, Some(PartlyVerified)),
            (reading(0, 1), Failure, Some(Unverified)),
            (reading(0, 0), Failure, None),
            (reading(2, 0).but_failed(), Failure, Some(Verified)),
        ],
        Subject::Restore | Subject::Drill => vec![
            (restore(Proven, false), Success, Some(Proven)),
            (restore(Proven, true), Failure, Some(Proven)),
            (restore(Incomplete, false), Failure, Some(Incomplete)),
            (restore(Different, false), Failure, Some(Different)),
            (restore(Proven, false).but_failed(), Failure, Some(Proven)),
            (Conclusion::of_restore(Restored { comparison: None, falls_short: false }), Failure, None),
        ],
        Subject::Record => vec![(Conclusion::of_record("s3://b/deployments/x.json"), Success, None)],
        Subject::Copy => {
            let copied = |tables, partial| {
                Conclusion::of_copy(&CopyFacts { proof: CopyProof::Contents, tables, partial })
            };
            vec![
                (copied(Some(3), false), Success, Some(Complete)),
                (copied(None, false), Success, Some(Complete)),
                (copied(Some(3), true), Success, Some(Partial)),
                (copied(Some(0), false), Success, Some(Empty)),
                (copied(Some(3), false).but_failed(), Failure, Some(Complete)),
            ]
        }
        Subject::Hold => endings_of_holds(),
        Subject::Matrix
        | Subject::List
        | Subject::History
        | Subject::HoldList
        | Subject::Show
        | Subject::Diff
        | Subject::Prune
        | Subject::Report
        | Subject::Metrics
        | Subject::NotifyTest
        | Subject::Preflight => {
            vec![(Conclusion::of_listing(0), Success, None)]
        }
    };
    endings.push((Conclusion::failed(None), Failure, None));
    endings.push((Conclusion::disabled(), Disabled, None));
    endings
}

fn endings_of_holds() -> Vec<(Conclusion, Outcome, Option<State>)> {
    use Outcome::{Failure, Success};
    let hold =
        |wanted, read_back: &[Option<bool>]| Conclusion::of_hold(HoldFacts::ReadBack { wanted, read_back });
    vec![
        (hold(true, &[Some(true); 3]), Success, None),
        (hold(false, &[Some(false); 3]), Success, None),
        (hold(true, &[Some(true), Some(true), None]), Failure, None),
        (hold(true, &[Some(true), Some(false), Some(true)]), Failure, None),
        (hold(false, &[]), Failure, None),
        (Conclusion::of_hold(HoldFacts::ByRecord), Success, None),
    ]
}

fn result(name: &str, conclusion: Conclusion) -> SponsorResult {
    let mut result = SponsorResult { ..SponsorResult::new(name, conclusion, 1.0) };
    if conclusion.is_failure() {
        result.fail("proof", "something is wrong".to_owned(), None);
    }
    result
}

const SUBJECTS: [Subject; 18] = [
    Subject::Backup,
    Subject::Record,
    Subject::Matrix,
    Subject::List,
    Subject::History,
    Subject::Show,
    Subject::Diff,
    Subject::Verify,
    Subject::Restore,
    Subject::Drill,
    Subject::Copy,
    Subject::Hold,
    Subject::HoldList,
    Subject::Prune,
    Subject::Report,
    Subject::Metrics,
    Subject::NotifyTest,
    Subject::Preflight,
];

/// What must hold of everything that is written about these results.
fn check(title: Title<'_>, results: &[SponsorResult]) {
    let all = overall(results);
    let text = summary::of_results(title, results);
    let headline = text.lines().next().unwrap();
    let (states, names): (Vec<_>, Vec<_>) =
        results.iter().map(|result| (result.conclusion().state(), result.sponsor.clone())).unzip();
    let context = format!("{title:?} {states:?}: {headline}");
    let are = |outcome| results.iter().all(|result| result.outcome() == outcome);
    let any = |outcome| results.iter().any(|result| result.outcome() == outcome);
    // The green sign means a success without anything else to report.
    let is_plain = |result: &SponsorResult| {
        result.outcome() == Outcome::Success && !result.conclusion().state().is_some_and(State::is_notable)
    };
    assert_eq!(headline.contains('✅'), results.iter().all(is_plain), "{context}");
    assert_eq!(headline.contains('❌'), any(Outcome::Failure), "{context}");
    // One drill has a chapter of its own, and no row.
    let names = if title.subject == Subject::Drill && results.len() == 1 { Vec::new() } else { names };
    for name in names {
        let row = text.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap();
        let one = results.iter().find(|result| result.sponsor == name).unwrap();
        assert_eq!(row.contains('✅'), is_plain(one), "{context}: {row}");
        let title = lines::of_result(one).remove(0);
        if !one.conclusion().is_success() {
            for word in ["backed up ", "verified,", "restored,", "proved"] {
                assert!(!title.contains(word), "{context}: {title}");
            }
        }
    }
    // What the numbers would hide is in the headline, and nothing that is not a success is counted as one.
    for state in State::ALL.into_iter().filter(|state| state.is_notable() && states.contains(&Some(*state))) {
        assert!(headline.contains(&state.name().replace('-', " ")), "{context}");
    }
    let outputs = outputs::of_results(results, all);
    let output = |name| outputs.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    assert_eq!(output("outcome"), all.outcome().name(), "{context}");
    assert_eq!(output("outcome") == "success", !any(Outcome::Failure) && any(Outcome::Success), "{context}");
    assert_eq!(output("outcome") == "disabled", are(Outcome::Disabled), "{context}");
    let is_known =
        !results.iter().any(|one| one.conclusion().is_failure() && one.conclusion().state().is_none());
    let worst = states.iter().flatten().max().filter(|_| is_known);
    assert_eq!(output("state"), worst.map_or("", |state| state.name()), "{context}");
    let annotations = workflow::annotations_of(results);
    let errors = annotations.iter().filter(|one| one.command().starts_with("::error")).count();
    assert_eq!(errors, results.iter().filter(|result| result.conclusion().is_failure()).count(), "{context}");
}

#[test]
fn whatever_says_how_a_run_ended_says_the_same() {
    for subject in SUBJECTS {
        let title = Title { subject, environment: "production", about: "now", dry_run: false };
        let endings = endings(subject);
        for (conclusion, outcome, state) in &endings {
            assert_eq!((conclusion.outcome(), conclusion.state()), (*outcome, *state), "{subject:?}");
            check(title, &[result("callisto", *conclusion)]);
            for (other, ..) in &endings {
                let two = [result("callisto", *conclusion), result("titan", *other)];
                check(title, &two);
                for (third, ..) in &endings {
                    let third = result("rhea", *third);
                    check(title, &[two[0].clone(), two[1].clone(), third]);
                }
            }
        }
    }
}

#[test]
fn a_dry_run_is_never_green_and_says_that_nothing_was_done() {
    for subject in [Subject::Backup, Subject::Record, Subject::Verify, Subject::Restore, Subject::Drill] {
        let title = Title { subject, environment: "production", about: "now", dry_run: true };
        let (planned, failed) = (Conclusion::planned(), Conclusion::failed(None));
        for conclusions in [vec![planned], vec![planned, planned], vec![planned, failed], vec![failed]] {
            let names = ["callisto", "titan"];
            let results: Vec<_> =
                conclusions.iter().zip(names).map(|(conclusion, name)| result(name, *conclusion)).collect();
            let text = summary::of_results(title, &results);
            let headline = text.lines().next().unwrap();
            assert!(!text.contains('✅'), "{text}");
            assert!(headline.contains("dry run: nothing was "), "{headline}");
            let is_failure = conclusions.contains(&failed);
            assert_eq!(headline.contains('❌'), is_failure, "{headline}");
            let expected = if is_failure { Outcome::Failure } else { Outcome::Planned };
            assert_eq!(overall(&results).outcome(), expected);
            let state = if is_failure { None } else { Some(State::Planned) };
            assert_eq!(overall(&results).state(), state);
        }
    }
}
