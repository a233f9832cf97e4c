use super::*;

#[tokio::test(start_paused = true)]
async fn patience_is_counted_from_the_stop_and_not_from_the_question() {
    let (stop, begun) = (CancellationToken::new(), Instant::now());
    let request = StopRequest::new(stop.clone());
    tokio::time::sleep(Duration::from_secs(10)).await;
    stop.cancel();
    tokio::time::sleep(Duration::from_secs(2)).await;
    request.requested().await;
    request.past(Duration::from_secs(3)).await;
    assert_eq!(begun.elapsed().as_secs(), 13);
    request.past(Duration::from_secs(1)).await;
    assert_eq!(begun.elapsed().as_secs(), 13);
}
