//! A TCP connection that can be cut: a listener that passes bytes both ways to a server on this machine. Reads none of them.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A running listener. Its thread ends with the process: it waits for connections until then.
#[derive(Debug)]
pub(crate) struct Wire {
    port: u16,
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    /// Passes everything to this port of 127.0.0.1.
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let ends = Arc::<Mutex<Vec<TcpStream>>>::default();
        let open = Arc::clone(&ends);
        std::thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let copies = [client.try_clone().unwrap(), server.try_clone().unwrap()];
                open.lock().unwrap().extend(copies);
                pass(client.try_clone().unwrap(), server.try_clone().unwrap());
                pass(server, client);
            }
        });
        Self { port, ends }
    }

    /// What clients are given in place of the server's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection there is.
    pub(crate) fn cut(&self) {
        for end in self.ends.lock().unwrap().drain(..) {
            // One that has ended is cut.
            let _cut = end.shutdown(Shutdown::Both);
        }
    }
}

/// Until one side ends; the other then hears of it.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut bytes = [0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            if to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        let _ended = to.shutdown(Shutdown::Write);
    });
}
