//! Sends one request to a server that nothing waits for long: at most twice, and within five seconds.

use std::time::Duration;

use reqwest::RequestBuilder;

use crate::secrets::http;

const TRIES: usize = 2;
/// Both tries and the pause between them end within [`LIMIT`].
const TRY: Duration = Duration::from_millis(2300);
const PAUSE: Duration = Duration::from_millis(300);
/// Neither a server nor a file system keeps a deployment waiting for longer.
pub const LIMIT: Duration = Duration::from_secs(5);
/// The status of a server that gets too many requests.
const TOO_MANY: u16 = 429;

/// Sends a request, and again if its failure may pass. Nothing of the answer but its status is used.
pub(super) async fn send(request: impl Fn() -> RequestBuilder) -> Result<(), String> {
    let mut last = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        match request().timeout(TRY).send().await.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => return Ok(()),
            Ok(status) if status.is_server_error() || status.as_u16() == TOO_MANY => {
                last = format!("it answered {status}");
            }
            // It would answer the same again.
            Ok(status) => return Err(format!("it answered {status}")),
            Err(error) => last = reason(error),
        }
    }
    Err(last)
}

fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() { "no answer in time".to_owned() } else { http::cause(error).0 }
}
