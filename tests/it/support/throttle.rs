//! A TCP proxy before a server that limits what each connection receives, as a managed database's network does.
//! Passes bytes on as they are.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Database;

/// Bytes that pass at once.
const STEP: usize = 64 << 10;
/// How much of a delay is made up for: that of this proxy, and no pause of its client.
const LATE: Duration = Duration::from_millis(50);

/// A running proxy, for as long as the process lives.
#[derive(Debug)]
pub(crate) struct Throttle {
    port: u16,
    bytes_per_second: Arc<AtomicU64>,
}

impl Throttle {
    /// A proxy before a database's server.
    pub(crate) fn before(database: &Database, bytes_per_second: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (port, server) = (listener.local_addr().unwrap().port(), database.port);
        let limit = Arc::new(AtomicU64::new(bytes_per_second));
        let shared = Arc::clone(&limit);
        std::thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                // Small messages would wait for the receipt of those before.
                [&client, &server].into_iter().for_each(|socket| socket.set_nodelay(true).unwrap());
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || pass(from, to, &AtomicU64::new(u64::MAX)));
                let limit = Arc::clone(&shared);
                std::thread::spawn(move || pass(server, client, &limit));
            }
        });
        Self { port, bytes_per_second: limit }
    }

    /// A database's address through the proxy.
    pub(crate) fn url(&self, database: &Database) -> String {
        database.url().replace(&format!(":{}/", database.port), &format!(":{}/", self.port))
    }

    /// Another limit from now on.
    pub(crate) fn set(&self, bytes_per_second: u64) {
        self.bytes_per_second.store(bytes_per_second, Ordering::Relaxed);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, bytes_per_second: &AtomicU64) {
    let mut bytes = vec![0; STEP];
    let mut next = Instant::now();
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let limit = bytes_per_second.load(Ordering::Relaxed);
        let earliest = Instant::now().checked_sub(LATE).unwrap_or(next);
        next = next.max(earliest) + Duration::from_secs_f64(read as f64 / limit as f64);
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    // The other direction may have ended both already.
    let _ended = (to.shutdown(Shutdown::Write), from.shutdown(Shutdown::Read));
}
