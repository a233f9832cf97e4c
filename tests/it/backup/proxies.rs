//! A store that is only reached through the proxy of the environment, and one whose address has a path.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::support::{Proxy, Run, Sponsor, StrictS3, Trial};

/// A name that only the proxy knows.
const STORE: &str = "http://store.invalid";

fn through(trial: &Trial, endpoint: &str) -> Run {
    trial.run().input("s3-endpoint-url", endpoint).input("s3-force-path-style", "true")
}

/// The server behind the proxy checks each signature.
#[test]
fn s3_is_reached_through_the_proxy_of_the_environment() {
    let strict = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&strict).start();
    let proxy = Proxy::before(strict.endpoint());
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let before = proxy.requests().len();
        let run = through(&trial, STORE).env(name, proxy.endpoint()).env("NO_PROXY", "127.0.0.1");
        run.run().assert_code(0);
        let seen = proxy.requests().split_off(before);
        assert!(seen.iter().any(|seen| seen.method == "PUT"), "{name}");
        assert!(seen.iter().all(|seen| seen.header("host") == "store.invalid"), "{name}");
    }
}

#[test]
fn a_host_of_no_proxy_is_reached_directly() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    let run = through(&trial, trial.store.endpoint()).env("HTTP_PROXY", proxy.endpoint());
    run.env("NO_PROXY", "localhost,127.0.0.0/8").run().assert_code(0);
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn a_store_with_tls_is_asked_in_a_tunnel() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let proxy = format!("http://user:canary@{}", listener.local_addr().unwrap());
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let heads = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let (mut head, mut piece) = (Vec::new(), [0; 1024]);
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                let Ok(read @ 1..) = client.read(&mut piece) else { break };
                head.extend_from_slice(&piece[..read]);
            }
            heads.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
            let _gone = client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let run = through(&trial, "https://store.invalid").env("HTTPS_PROXY", proxy);
    let outcome = run.env("NO_PROXY", "127.0.0.1").run();
    outcome.assert_code(14);
    let asked = asked.lock().unwrap().clone();
    assert!(asked[0].starts_with("CONNECT store.invalid:443 HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[0].to_lowercase().contains("proxy-authorization: basic "), "{asked:?}");
    assert!(outcome.stdout.contains("If HTTPS_PROXY is set, requests go through that proxy"));
    assert!(!outcome.everything().contains("canary"), "{}", outcome.everything());
}

/// Supabase Storage has such an address, and prints it without the slash.
#[test]
fn an_endpoint_with_a_path_keeps_it_with_and_without_a_slash() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    for path in ["/storage/v1/s3", "/storage/v1/s3/"] {
        let before = proxy.requests().len();
        let endpoint = proxy.endpoint() + path;
        // No server is there: what counts is the request.
        through(&trial, &endpoint).input("dry-run", "true").run();
        let seen = proxy.requests().split_off(before);
        let bucket = format!("/storage/v1/s3/{}", trial.bucket("callisto"));
        assert!(!seen.is_empty() && seen.iter().all(|seen| seen.path.starts_with(&bucket)), "{seen:?}");
    }
    for wrong in ["/?x-id=canary", "/storage#canary"] {
        let outcome = through(&trial, &(proxy.endpoint() + wrong)).run();
        outcome.assert_code(2);
        assert!(outcome.everything().contains("`s3-endpoint-url` contains `?` or `#`"));
        assert!(!outcome.everything().contains("canary"), "{}", outcome.everything());
    }
}
