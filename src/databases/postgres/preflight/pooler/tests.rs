use super::*;

fn shared(answers: [&str; 5]) -> bool {
    shares(&answers.map(str::to_owned))
}

#[test]
fn sessions_of_their_own_keep_their_processes() {
    assert!(!shared(["a", "b", "a", "a", "b"]));
}

#[test]
fn one_process_for_both_sessions_is_seen() {
    assert!(shared(["a", "a", "a", "a", "a"]));
    assert!(shared(["a", "b", "b", "a", "b"]));
}

/// A pooler that lends its idle processes in turn.
#[test]
fn processes_in_turn_are_seen() {
    for idle in 1..=3 {
        let turn = |at: usize| ["a", "b", "c"][at % idle];
        assert!(shared([turn(0), turn(1), turn(2), turn(3), turn(4)]), "{idle}");
    }
}
