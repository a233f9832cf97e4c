//! The archive by itself, from the library: any bytes, any part size, against an S3 server that checks signatures and
//! checksums. What was sealed and committed opens, with the formats' own decoders, to what went in.

use std::io::Read as _;

use proptest::prelude::{Just, ProptestConfig, prop_assert, prop_assert_eq, prop_oneof, proptest};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use sponsor_backup::archive::codec::{Format, Level};
use sponsor_backup::archive::memory::BufferPlan;
use sponsor_backup::archive::seal::{Block, BlockSource};
use sponsor_backup::archive::{Codec, PendingUpload, Progress, Recipients, SealOptions, seal};
use sponsor_backup::databases::postgres::sql::Blocks;
use sponsor_backup::secrets::{AwsCredentials, AwsKeys, StoreName};
use sponsor_backup::store::{AwsSession, Caller, Endpoint, ObjectAttributes};
use sponsor_backup::store::{Store, StoreAccess, Surroundings, Upload};
use tokio_util::sync::CancellationToken;

use crate::support::{self, REGION, StrictS3, runtime};

/// The bucket of these tests.
pub(super) const BUCKET: &str = "sealed";
pub(super) const MIB: u64 = 1 << 20;
pub(super) const GZIP: Codec = Codec { format: Format::Gzip, level: Level::Fixed(1) };
pub(super) const ZSTD: Codec = Codec { format: Format::Zstd, level: Level::Fixed(1) };

/// The library's store for a bucket of the server, spoken to at `endpoint`.
pub(super) fn store_at(endpoint: &str, server: &support::Store, bucket: &str) -> Store {
    let endpoint = Endpoint {
        url: Some(endpoint.to_owned()),
        force_path_style: true,
        expected_bucket_owner: None,
        checksums: true,
    };
    let keys = AwsKeys {
        access_key_id: server.access_key().to_owned(),
        secret_access_key: SecretString::from(server.secret_key()),
        session_token: None,
        called: "x".to_owned(),
    };
    let caller = Caller::new(REGION, &AwsCredentials::Keys(keys), &AwsSession::default());
    let access =
        StoreAccess { endpoint: &endpoint, caller: Some(&caller), surroundings: &Surroundings::default() };
    Store::open(&StoreName::at(&format!("s3://{bucket}")).unwrap(), access).unwrap()
}

fn store(server: &StrictS3) -> Store {
    store_at(server.endpoint(), server, BUCKET)
}

/// Seals the bytes into the bucket of these tests, without making them visible.
pub(super) fn sealed(
    server: &StrictS3,
    key: &str,
    plain: &[u8],
    recipe: &SealOptions,
    part_bytes: u64,
) -> PendingUpload {
    sealed_stream(server, key, Blocks::new(plain), recipe, part_bytes)
}

fn sealed_stream<S: BlockSource>(
    server: &StrictS3,
    key: &str,
    mut stream: S,
    recipe: &SealOptions,
    part_bytes: u64,
) -> PendingUpload {
    let buffers = BufferPlan { part_bytes, parts_in_flight: 2, members_in_flight: 3, source_bytes: 0 };
    let labels = ObjectAttributes { content_type: "application/octet-stream", ..ObjectAttributes::default() };
    let _runtime = runtime().enter();
    let upload =
        Upload::new(&store(server), key.to_owned(), labels, buffers.parts(), CancellationToken::new());
    runtime().block_on(seal(&mut stream, recipe, buffers, upload, &Progress::default())).unwrap()
}

fn open(stored: &[u8], codec: Codec, identity: Option<&age::x25519::Identity>) -> Vec<u8> {
    let mut archive = stored.to_vec();
    if let Some(identity) = identity {
        let decryptor = age::Decryptor::new(stored).unwrap();
        archive.clear();
        let identities = std::iter::once(identity as &dyn age::Identity);
        decryptor.decrypt(identities).unwrap().read_to_end(&mut archive).unwrap();
    }
    let mut plain = Vec::new();
    match codec.format {
        Format::Gzip => {
            flate2::read::MultiGzDecoder::new(archive.as_slice()).read_to_end(&mut plain).unwrap()
        }
        Format::Zstd => zstd::Decoder::new(archive.as_slice()).unwrap().read_to_end(&mut plain).unwrap(),
    };
    plain
}

/// Bytes that no codec makes smaller, or that every codec does.
pub(super) fn bytes(length: usize, seed: u64, noisy: bool) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if noisy { state.to_le_bytes()[3] } else { b'a' + (state % 4) as u8 }
    };
    (0..length).map(|_| next()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn what_was_sealed_opens_to_what_went_in(
        length in prop_oneof![Just(0_usize), 0_usize..3000, 1_000_000_usize..14_000_000],
        seed: u64,
        noisy: bool,
        zstd: bool,
        encrypted: bool,
        part_bytes in 5 * MIB..9 * MIB,
    ) {
        let server = StrictS3::start();
        server.bucket(BUCKET);
        let format = if zstd { Format::Zstd } else { Format::Gzip };
        let codec = Codec { format, level: Level::Auto };
        let identity = encrypted.then(age::x25519::Identity::generate);
        let keys = identity.as_ref().map(|identity| identity.to_public().to_string()).unwrap_or_default();
        let recipe = SealOptions { codec, recipients: Recipients::parse(&keys).unwrap() };
        let plain = bytes(length, seed, noisy);

        let pending = sealed(&server, "a/dump", &plain, &recipe, part_bytes);
        prop_assert!(server.objects(BUCKET).is_empty(), "nothing is visible before the commit");
        let told = pending.sealed().clone();
        runtime().block_on(pending.commit(b"{}".to_vec())).unwrap();

        let stored = server.get(BUCKET, "a/dump");
        prop_assert_eq!(told.plain.bytes, plain.len() as u64);
        prop_assert_eq!(told.stored.bytes, stored.len() as u64);
        prop_assert_eq!(told.stored.sha256, sha256(&stored));
        prop_assert_eq!(told.plain.sha256, sha256(&plain));
        prop_assert_eq!(told.levels.values().sum::<u64>(), told.members);
        prop_assert!(open(&stored, codec, identity.as_ref()) == plain);
        prop_assert!(server.unfinished_uploads().is_empty());
    }
}

/// The same block, as often as it is left.
struct InMemory {
    block: Vec<u8>,
    left: u32,
}

impl BlockSource for InMemory {
    async fn next_block(&mut self) -> std::io::Result<Option<Block>> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        Ok(Some(Block { text: self.block.clone(), begins_piece: false }))
    }
}

#[test]
fn a_text_that_comes_fast_is_compressed_at_lower_levels() {
    let server = StrictS3::start();
    server.bucket(BUCKET);
    let codec = Codec { format: Format::Gzip, level: Level::Auto };
    let recipe = SealOptions { codec, recipients: Recipients::default() };
    // It is in memory, so that compression is always what others wait for.
    let text = InMemory { block: bytes(1 << 20, 3, false), left: 64 };
    let pending = sealed_stream(&server, "a/dump", text, &recipe, 8 * MIB);
    let levels = pending.sealed().levels.clone();
    assert!(levels.keys().all(|level| (1..=4).contains(level)) && levels[&1] > levels[&4], "{levels:?}");
    runtime().block_on(pending.abandon()).unwrap();
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_was_abandoned_leaves_neither_an_object_nor_parts() {
    let server = StrictS3::start();
    server.bucket(BUCKET);
    let recipe = SealOptions { codec: GZIP, recipients: Recipients::default() };
    for length in [1000, 13_000_000] {
        let pending = sealed(&server, "a/dump", &bytes(length, 7, true), &recipe, 5 * MIB);
        let started = server.unfinished_uploads().len();
        assert_eq!(started > 0, length > 1000, "a long stream is sent in parts");
        runtime().block_on(pending.abandon()).unwrap();
        assert!(server.objects(BUCKET).is_empty());
        assert!(server.unfinished_uploads().is_empty());
    }
}
