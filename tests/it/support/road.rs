//! A TCP forward, as a tunnel or a pooler's port is one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Database;

/// A way to a server that counts who takes it.
#[derive(Debug)]
pub(crate) struct Road {
    /// Its own port on 127.0.0.1.
    pub(crate) port: u16,
    taken: Arc<AtomicUsize>,
}

impl Road {
    /// To this port of 127.0.0.1.
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let road = Self { port: listener.local_addr().unwrap().port(), taken: Arc::default() };
        let taken = Arc::clone(&road.taken);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                taken.fetch_add(1, Ordering::SeqCst);
                let far = TcpStream::connect(("127.0.0.1", port)).unwrap();
                carry(near.try_clone().unwrap(), far.try_clone().unwrap());
                carry(far, near);
            }
        });
        road
    }

    /// A database's address by this road.
    pub(crate) fn url(&self, database: &Database) -> String {
        database.url().replace(&format!(":{}/", database.port), &format!(":{}/", self.port))
    }

    /// How often it was taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

/// Until either side has had enough.
fn carry(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut piece = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _closed = to.shutdown(std::net::Shutdown::Both);
    });
}
