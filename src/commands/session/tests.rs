use std::collections::BTreeSet;

use tokio::sync::Notify;

use super::*;

fn sponsor(name: &str) -> Sponsor {
    Sponsor { name: name.to_owned(), code: "ABC".to_owned(), region: None, partners: BTreeSet::new() }
}

#[tokio::test]
async fn a_panic_of_one_sponsor_is_only_its_failure() {
    let panics = true;
    let steps = async {
        assert!(!panics, "canary");
        Ok(())
    };
    let failure = fenced(steps).await.unwrap_err();
    assert_eq!(failure.to_string(), "internal error: panicked (see the lines above)");
}

/// The first sponsor ends only when the third has begun.
#[tokio::test]
async fn a_slow_sponsor_keeps_none_waiting_and_the_order_stays() {
    let sponsors = ["callisto", "io", "titan"].map(sponsor);
    let third = Notify::new();
    let ended = in_parallel(&sponsors, 2, |sponsor| {
        let third = &third;
        async move {
            match sponsor.name.as_str() {
                "callisto" => third.notified().await,
                "titan" => third.notify_one(),
                _ => {}
            }
            (SponsorResult::new(&sponsor.name, Conclusion::disabled(), 0.0), None::<u8>)
        }
    });
    let ended = tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
    let names: Vec<&str> = ended.iter().map(|(result, _)| result.sponsor.as_str()).collect();
    assert_eq!(names, ["callisto", "io", "titan"]);
}

#[tokio::test]
async fn a_panic_around_the_steps_ends_only_that_part() {
    let sponsors = ["callisto", "titan"].map(sponsor);
    let ended = in_parallel(&sponsors, 1, |sponsor| {
        let part = async {
            assert!(sponsor.name != "callisto", "canary");
            (SponsorResult::new(&sponsor.name, Conclusion::disabled(), 0.0), None::<u8>)
        };
        contained(part, |failure| {
            let code = matches!(failure, Failure::Bug(_)).then_some(1);
            (SponsorResult::new(&sponsor.name, Conclusion::failed(None), 0.0), code)
        })
    });
    let ended: Vec<_> =
        ended.await.into_iter().map(|(result, code)| (result.sponsor, code.is_some())).collect();
    assert_eq!(ended, [("callisto".to_owned(), true), ("titan".to_owned(), false)]);
}
