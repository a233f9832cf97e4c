//! Bugs of this program while it archives a dump.

use std::pin::Pin;
use std::task::{Context, Poll};

use sponsor_backup::archive::memory::BufferPlan;
use sponsor_backup::archive::{Progress, Recipients, SealOptions, seal};
use sponsor_backup::databases::postgres::sql::Blocks;
use sponsor_backup::store::ObjectAttributes;
use sponsor_backup::store::Upload;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;

use crate::archive::{BUCKET, GZIP, MIB, bytes, store_at};
use crate::support::{Proxy, StrictS3, runtime};

/// A stream that returns some bytes and then panics.
struct Panics(Vec<u8>);

impl AsyncRead for Panics {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        assert!(!self.0.is_empty(), "a bug on purpose");
        let length = buffer.remaining().min(self.0.len());
        buffer.put_slice(&self.0.drain(..length).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

/// - fault: A bug of this program panics while it archives a dump
/// - injected: From the library: a stream that panics after 13 MiB, when two parts were sent
/// - seen: `its sealing panicked`
/// - left: An empty bucket. The upload is aborted
#[test]
fn a_panic_leaves_no_parts() {
    let server = StrictS3::start();
    server.bucket(BUCKET);
    let flow = BufferPlan { part_bytes: 5 * MIB, parts_in_flight: 2, members_in_flight: 3, source_bytes: 0 };
    let labels = ObjectAttributes { content_type: "application/octet-stream", ..ObjectAttributes::default() };
    let proxy = Proxy::before(server.endpoint());
    let store = store_at(&proxy.endpoint(), &server, BUCKET);
    let recipe = SealOptions { codec: GZIP, recipients: Recipients::default() };
    let mut stream = Blocks::new(Panics(bytes(13 << 20, 7, true)));
    let cause = runtime().block_on(async {
        let upload = Upload::new(&store, "a/dump".to_owned(), labels, flow.parts(), CancellationToken::new());
        let broken = seal(&mut stream, &recipe, flow, upload, &Progress::default()).await.unwrap_err();
        broken.abandon().await
    });
    assert!(cause.to_string().contains("its sealing panicked"), "{cause}");
    assert!(proxy.requests().iter().any(|seen| seen.has("partNumber")));
    assert!(server.unfinished_uploads().is_empty());
    assert!(server.objects(BUCKET).is_empty());
}
