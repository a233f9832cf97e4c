use super::*;

#[test]
fn deadlines_are_ordered_and_end_before_the_limit() {
    let in_order = [
        Deadline::EndChild,
        Deadline::CompleteUpload,
        Deadline::Undo,
        Deadline::SaveRecord,
        Deadline::EndRun,
    ];
    // A new deadline does not compile until it has its place in the order.
    for (at, deadline) in in_order.into_iter().enumerate() {
        let expected = match deadline {
            Deadline::EndChild => 0,
            Deadline::CompleteUpload => 1,
            Deadline::Undo => 2,
            Deadline::SaveRecord => 3,
            Deadline::EndRun => 4,
        };
        assert_eq!(at, expected);
    }
    let times: Vec<Duration> = in_order.into_iter().map(Deadline::after_stop).chain([LIMIT]).collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_counts_from_the_stop_and_not_from_the_call() {
    let (stop, begun) = (CancellationToken::new(), Instant::now());
    let request = StopRequest::new(stop.clone());
    tokio::time::sleep(Duration::from_secs(10)).await;
    stop.cancel();
    tokio::time::sleep(Duration::from_secs(2)).await;
    request.requested().await;
    request.passed(Deadline::Undo).await;
    assert_eq!(begun.elapsed().as_secs(), 13);
    request.passed(Deadline::CompleteUpload).await;
    assert_eq!(begun.elapsed().as_secs(), 13);
}
