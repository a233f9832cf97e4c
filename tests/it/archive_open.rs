//! The way back out of the archive, from the library: what was sealed is opened to what went in, over connections that
//! break; and nothing that was cut, altered, added to or replaced is ever taken for it.

use age::x25519::Identity;
use bytes::Bytes;
use proptest::prelude::{Just, ProptestConfig, prop_assert, prop_assert_eq, prop_oneof, proptest};
use secrecy::ExposeSecret as _;
use sponsor_backup::archive::codec::Format;
use sponsor_backup::archive::pending::Sealed;
use sponsor_backup::archive::{
    ArchiveError, Codec, Identities, Opened, Reader, Recipients, SealOptions, SealedObject, open,
};
use sponsor_backup::store::{Store, StoreError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use super::archive::{BUCKET, GZIP, MIB, ZSTD, bytes, sealed, store_at};
use crate::support::{Action, Moto, Proxy, StrictS3, runtime};

const KEY: &str = "a/dump";
const PIECE: usize = 256 << 10;

/// A server with one sealed object.
struct Case {
    server: StrictS3,
    format: Format,
    identity: Option<Identity>,
    sealed: Sealed,
}

impl Case {
    fn new(plain: &[u8], codec: Codec, encrypted: bool) -> Self {
        let server = StrictS3::start();
        server.bucket(BUCKET);
        let identity = encrypted.then(Identity::generate);
        let keys = identity.as_ref().map(|identity| identity.to_public().to_string()).unwrap_or_default();
        let recipe = SealOptions { codec, recipients: Recipients::parse(&keys).unwrap() };
        let staged = sealed(&server, KEY, plain, &recipe, 5 * MIB);
        let sealed = staged.sealed().clone();
        runtime().block_on(staged.commit(b"{}".to_vec())).unwrap();
        Self { server, format: codec.format, identity, sealed }
    }

    fn store(&self) -> Store {
        store_at(self.server.endpoint(), &self.server, BUCKET)
    }

    fn identities(&self) -> Identities {
        let text = self.identity.as_ref().map(Identity::to_string);
        Identities::parse(text.as_ref().map(|text| text.expose_secret()).unwrap_or_default()).unwrap()
    }

    /// The object as it is stored now.
    fn source(&self) -> SealedObject {
        examined(self.store(), self.format, self.identities())
    }

    /// The same, fetched through a proxy from now on.
    fn through(&self, proxy: &Proxy) -> SealedObject {
        SealedObject { store: store_at(&proxy.endpoint(), &self.server, BUCKET), ..self.source() }
    }

    /// What is read after an attacker has put these bytes in the object's place.
    fn after(&self, stored: Vec<u8>) -> Result<(Vec<u8>, Opened), ArchiveError> {
        self.server.put(BUCKET, KEY, stored);
        read(self.source())
    }

    fn refused(&self, stored: Vec<u8>) -> String {
        self.after(stored).unwrap_err().to_string()
    }

    fn stored(&self) -> Vec<u8> {
        self.server.get(BUCKET, KEY)
    }
}

fn examined(store: Store, format: Format, identities: Identities) -> SealedObject {
    let found = runtime().block_on(store.examine(KEY)).unwrap();
    let encrypted = !identities.is_empty();
    SealedObject {
        store,
        key: KEY.to_owned(),
        mark: found.mark,
        bytes: found.bytes,
        format,
        encrypted,
        identities,
    }
}

fn begin(source: SealedObject, stop: &CancellationToken) -> Reader {
    let _inside = runtime().enter();
    open(source, stop.clone()).unwrap()
}

fn read(source: SealedObject) -> Result<(Vec<u8>, Opened), ArchiveError> {
    let mut reader = begin(source, &CancellationToken::new());
    runtime().block_on(async {
        let mut plain = Vec::new();
        while let Some(piece) = reader.next().await? {
            assert!((1..=PIECE).contains(&piece.len()), "{} bytes", piece.len());
            plain.extend_from_slice(&piece);
        }
        assert_eq!(reader.next().await?, None::<Bytes>, "the end stays the end");
        Ok((plain, reader.finish().await?))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn what_was_sealed_is_opened_to_what_went_in(
        length in prop_oneof![Just(0_usize), 0_usize..3000, Just(4 * PIECE), 1_000_000_usize..9_000_000],
        seed: u64,
        noisy: bool,
        zstd: bool,
        encrypted: bool,
    ) {
        let plain = bytes(length, seed, noisy);
        let case = Case::new(&plain, if zstd { ZSTD } else { GZIP }, encrypted);
        let (read, opened) = read(case.source()).unwrap();
        prop_assert!(read == plain);
        prop_assert_eq!(opened.stored, case.sealed.stored);
        prop_assert_eq!(opened.plain, case.sealed.plain);
    }

    // serves: 11.10(a)/altered
    /// A codec's own sums prove nothing: an object that was cut between two members, or changed where they do not look,
    /// opens; but never as the one that was sealed. An encrypted one does not open at all.
    #[test]
    fn nothing_that_was_changed_passes_for_what_was_sealed(
        seed: u64,
        place in 0.0..1.0,
        bit in 0_u32..8,
        what in 0..3,
        zstd: bool,
        encrypted: bool,
    ) {
        let codec = if zstd { ZSTD } else { GZIP };
        let case = Case::new(&bytes(2_500_000, seed, true), codec, encrypted);
        let mut stored = case.stored();
        let place = (stored.len() as f64 * place) as usize;
        match what {
            0 => stored[place] ^= 1 << bit,
            1 => stored.truncate(place),
            _ => stored.insert(place, seed as u8),
        }
        match case.after(stored) {
            Err(error) => prop_assert!(error.to_string().starts_with("s3://sealed/a/dump"), "{error}"),
            Ok((_, opened)) => prop_assert!(!encrypted && opened.stored != case.sealed.stored),
        }
    }
}

#[test]
fn each_kind_of_damage_is_named() {
    let plain = bytes(2_500_000, 7, true);
    for (codec, encrypted) in [(GZIP, false), (ZSTD, false), (GZIP, true)] {
        let case = Case::new(&plain, codec, encrypted);
        let whole = case.stored();
        let name = if encrypted { "age" } else { codec.format.name() };
        let damaged = |what: &str| format!("s3://sealed/a/dump is damaged: {what}");

        let cut = case.refused(whole[..1_234_567].to_vec());
        let mut altered = whole.clone();
        altered[1_234_567] ^= 1;
        let altered = case.refused(altered);
        let longer = case.refused([&whole[..], b"\0\0 and more"].concat());
        let empty = case.refused(Vec::new());
        if encrypted {
            assert_eq!(cut, damaged("the age stream was cut off or altered"));
            assert_eq!(altered, damaged("the age stream was cut off or altered"));
            assert_eq!(longer, damaged("the age stream was cut off or altered"));
            assert_eq!(case.refused(whole[..60].to_vec()), damaged("the age header is cut off"));
            assert_eq!(case.refused(plain.clone()), damaged("the age header was altered or is missing"));
        } else {
            assert_eq!(cut, damaged(&format!("the {name} stream is cut off")));
            let expected = damaged(&format!("the {name} stream was altered, or continues after its end: "));
            assert!(altered.starts_with(&expected), "{altered}");
            assert!(longer.starts_with(&expected), "{longer}");
            assert_eq!(empty, damaged("there is nothing in it"));
        }
        assert!(case.after(whole).unwrap().0 == plain, "whole again, it opens again");

        let other = if codec.format.name() == "gzip" { Format::Zstd } else { Format::Gzip };
        let error = read(SealedObject { format: other, ..case.source() }).unwrap_err().to_string();
        assert!(error.starts_with(&damaged(&format!("the {} stream was altered", other.name()))), "{error}");
    }
}

#[test]
fn only_an_identity_of_a_recipient_opens_it() {
    let case = Case::new(b"x", GZIP, true);
    let _inside = runtime().enter();
    let none =
        open(SealedObject { identities: Identities::default(), ..case.source() }, CancellationToken::new());
    assert!(matches!(none, Err(ArchiveError::IdentityMissing { .. })));
    let other = Identities::parse(Identity::generate().to_string().expose_secret()).unwrap();
    let wrong = read(SealedObject { identities: other, ..case.source() }).unwrap_err();
    assert_eq!(wrong.to_string(), "none of the given age identities opens s3://sealed/a/dump");
}

#[test]
fn a_connection_that_breaks_is_taken_up_where_it_broke() {
    let plain = bytes(2_500_000, 9, true);
    let case = Case::new(&plain, ZSTD, true);
    let proxy = Proxy::before(case.server.endpoint());
    proxy.spoil(5, Action::CutAnswer(100_000), |_| true);
    let (read_back, opened) = read(case.through(&proxy)).unwrap();
    assert!(read_back == plain);
    assert_eq!(opened.stored, case.sealed.stored);
    let requests = proxy.requests();
    let ranges: Vec<&str> = requests.iter().map(|seen| seen.header("range")).collect();
    assert_eq!(ranges.len(), 6);
    assert_eq!(ranges[..2], ["", "bytes=100000-"]);
    assert!(requests.iter().all(|seen| seen.header("if-match") == case.source().mark));
    assert!(requests.iter().all(|seen| seen.header("x-amz-checksum-mode").is_empty()));

    proxy.spoil(6, Action::CutAnswer(1), |_| true);
    let error = read(case.through(&proxy)).unwrap_err();
    assert!(matches!(error, ArchiveError::Store(StoreError::CutOff { bytes: 6, .. })), "{error}");
}

#[test]
fn a_long_transfer_may_break_more_often() {
    let plain = bytes(60 << 20, 11, true);
    let case = Case::new(&plain, ZSTD, false);
    let proxy = Proxy::before(case.server.endpoint());
    proxy.rule(|_| Action::CutAnswer(8 << 20));
    let (read_back, _) = read(case.through(&proxy)).unwrap();
    assert!(read_back == plain);
    assert!(proxy.requests().len() > 6, "{} connections", proxy.requests().len());
}

#[test]
fn an_answer_that_never_came_is_asked_for_again() {
    let case = Case::new(b"one row", GZIP, false);
    let proxy = Proxy::before(case.server.endpoint());
    proxy.spoil(2, Action::CloseAfter, |_| true);
    assert_eq!(read(case.through(&proxy)).unwrap().0, b"one row");
}

#[test]
fn an_object_replaced_after_its_check_is_not_read() {
    let case = Case::new(&bytes(2_500_000, 13, true), GZIP, false);
    let source = case.source();
    let mut other = case.stored();
    other[2_000_000] ^= 1;
    case.server.put(BUCKET, KEY, other);
    let error = read(source).unwrap_err();
    assert!(
        matches!(error, ArchiveError::Store(StoreError::Replaced { .. })),
        "this server does not know If-Match: {error}"
    );

    let moto = Moto::shared();
    moto.bucket("replaced");
    moto.put("replaced", KEY, "first");
    let store = store_at(moto.endpoint(), moto, "replaced");
    let source = examined(store, Format::Gzip, Identities::default());
    moto.put("replaced", KEY, "other");
    let error = read(source).unwrap_err();
    assert!(matches!(error, ArchiveError::Store(StoreError::Replaced { .. })), "this one does: {error}");
}

#[test]
fn a_dropped_reader_ends_what_works_for_it() {
    let case = Case::new(&bytes(9_000_000, 17, true), GZIP, true);
    let own = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let source = case.source();
    own.block_on(async {
        let mut reader = open(source, CancellationToken::new()).unwrap();
        assert_eq!(reader.next().await.unwrap().unwrap().len(), PIECE);
    });
    // Waits for every thread that still blocks: a decoder without an end would hold this test for ever.
    drop(own);
}

#[test]
fn a_stop_ends_it_though_the_server_is_silent() {
    let case = Case::new(b"x", GZIP, false);
    let proxy = Proxy::before(case.server.endpoint());
    proxy.rule(|_| Action::Delay(Duration::from_secs(100_000)));
    let stop = CancellationToken::new();
    let mut reader = begin(case.through(&proxy), &stop);
    let stopped = runtime().block_on(async {
        let (stopped, ()) = tokio::join!(reader.next(), async { stop.cancel() });
        stopped
    });
    assert!(matches!(stopped, Err(ArchiveError::Stopped)));
}
