use super::*;

fn answer(replayed_at: Option<f64>, is_paused: bool, receives: bool, is_even: bool) -> Answer {
    Answer { replayed_at, now: 1_000_000.0, is_paused, receives, is_even, unlogged: Vec::new() }
}

#[test]
fn only_one_that_receives_and_has_replayed_all_is_fresh() {
    let day = Some(1_000_000.0 - 86_400.0);
    let behind = Lag::AtMost(Duration::from_secs(86_400));
    for (replayed_at, is_paused, receives, is_even, lag) in [
        (day, false, true, true, Lag::None),
        (None, false, true, true, Lag::None),
        (day, true, true, true, behind),
        (day, false, false, true, behind),
        (day, false, true, false, behind),
        (None, false, true, false, Lag::Unknown),
        (None, true, false, false, Lag::Unknown),
    ] {
        let standby = judged(answer(replayed_at, is_paused, receives, is_even));
        assert_eq!(standby.lag, lag, "{is_paused} {receives} {is_even}");
        let now = Timestamp::from_second(1_000_000).unwrap();
        let age = now.duration_since(standby.as_of(now)).as_secs();
        assert_eq!(age, if lag == behind { 86_400 } else { 0 });
    }
}
