//! Prometheus, Pushgateway and Alertmanager of Debian with the rules and configurations of `docs/monitoring.md`, and a receiver
//! that keeps what arrives. All intervals are one second. Knows no metric and no alert.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;

use super::guardian::Guarded;
use super::http::{self, Request, Server};
use super::shared::Owner;
use super::tools;

/// A machine with two busy cores needs far less.
const LIMIT: Duration = Duration::from_secs(120);

/// The blocks of YAML on a page of the repository.
pub(crate) fn yaml_blocks(page: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_owned).collect()
}

/// The first block of the page that contains `part`, with a second for each of its intervals.
fn configuration(part: &str, replaced: &[(&str, &str)]) -> String {
    let blocks = yaml_blocks("docs/monitoring.md");
    let mut text = blocks.into_iter().find(|block| block.contains(part)).unwrap();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from} is not in the configuration with {part}");
        text = text.replace(from, to);
    }
    text
}

/// The three servers and the receiver; they stop when this is dropped.
#[derive(Debug)]
pub(crate) struct Monitoring {
    gateway: Program,
    prometheus: Program,
    alertmanager: Program,
    received: Arc<Mutex<Vec<Value>>>,
    _receiver: Server,
}

#[derive(Debug)]
struct Program {
    server: Guarded,
    /// Host and port.
    address: String,
}

impl Program {
    fn start(name: &str, files: &[(&str, &str)], arguments: impl Fn(&Path) -> Vec<String>) -> Self {
        let folder = Owner::Process.open_folder(name);
        for (file, text) in files {
            std::fs::write(folder.join(file), text).unwrap();
        }
        // Port 0 is chosen by the kernel; all three log it once they listen.
        let listen = "--web.listen-address=127.0.0.1:0".to_owned();
        let program = tools::packaged(name).display().to_string();
        let command: Vec<String> = [program, listen].into_iter().chain(arguments(&folder)).collect();
        let server = Guarded::start(folder, Owner::Process, "TERM", &command, &[]);
        let address = server.ready(name, || {
            let log = server.log();
            let line = log.lines().find(|line| line.contains("msg=\"Listening on\""))?.to_owned();
            let address = line.split_once(" address=")?.1.trim().to_owned();
            let is_ready = || get(&format!("http://{address}/-/ready")).is_some();
            is_ready().then_some(address)
        });
        Self { server, address }
    }
}

impl Monitoring {
    /// With the rules of the repository.
    pub(crate) fn start() -> Self {
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/monitoring/rules.yml");
        Self::with_rules(&std::fs::read_to_string(rules).unwrap())
    }

    /// With these rules, for example with shorter times in `for`.
    pub(crate) fn with_rules(rules: &str) -> Self {
        let received = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&received);
        let receiver = Server::start(move |request: Request| {
            kept.lock().unwrap().push(serde_json::from_slice(request.body()).unwrap());
            async { Ok(hyper::Response::new(http::whole(""))) }
        });
        let file = |folder: &Path, name: &str| folder.join(name).display().to_string();
        let gateway = Program::start("prometheus-pushgateway", &[], |folder| {
            vec![format!("--persistence.file={}", file(folder, "pushed"))]
        });
        let alerting = configuration(
            "webhook_configs:",
            &[
                ("https://alerts.example.com", &receiver.url()),
                // Recovery is sent with the next interval of the group, by default after five minutes.
                ("group_wait: 30s", "group_wait: 1s\n  group_interval: 1s"),
            ],
        );
        let alertmanager = Program::start("prometheus-alertmanager", &[("a.yml", &alerting)], |folder| {
            vec![
                format!("--config.file={}", file(folder, "a.yml")),
                format!("--storage.path={}", file(folder, "data")),
                "--cluster.listen-address=".to_owned(),
            ]
        });
        let scraping = configuration(
            "scrape_configs:",
            &[
                ("localhost:9091", &gateway.address),
                ("localhost:9093", &alertmanager.address),
                ("interval: 30s", "interval: 1s"),
            ],
        );
        let files = [("p.yml", scraping.as_str()), ("rules.yml", rules)];
        let prometheus = Program::start("prometheus", &files, |folder| {
            vec![
                format!("--config.file={}", file(folder, "p.yml")),
                format!("--storage.tsdb.path={}", file(folder, "data")),
            ]
        });
        Self { gateway, prometheus, alertmanager, received, _receiver: receiver }
    }

    /// The gateway's URL, as the input `pushgateway-url` takes it.
    pub(crate) fn gateway(&self) -> String {
        format!("http://{}", self.gateway.address)
    }

    /// Pushes lines to a group such as `job/a/sponsor/b`: POST replaces metrics, PUT the whole group. Fails unless they are accepted.
    pub(crate) fn push(&self, method: Method, group: &str, text: &str) {
        let url = format!("{}/metrics/{group}", self.gateway());
        let body = Bytes::from(text.to_owned());
        let request: Request = hyper::Request::builder().method(method).uri(url).body(body).unwrap();
        let answer = http::send_and_wait(request);
        let why = String::from_utf8_lossy(answer.body());
        assert!(answer.status().is_success(), "{}: {why}", answer.status());
    }

    /// What the gateway has by now, as Prometheus scrapes it.
    pub(crate) fn pushed(&self) -> String {
        get(&format!("{}/metrics", self.gateway())).unwrap()
    }

    /// The series of a query at this moment, each with `metric` (its labels) and `value`.
    pub(crate) fn query(&self, query: &str) -> Vec<Value> {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let url = format!("http://{}/api/v1/query?query={query}", self.prometheus.address);
        let answer: Value = serde_json::from_str(&get(&url).unwrap()).unwrap();
        answer["data"]["result"].as_array().unwrap().clone()
    }

    /// Waits until a query has series.
    pub(crate) fn wait_for_series(&self, query: &str) -> Vec<Value> {
        let ask = || Some(self.query(query)).filter(|series| !series.is_empty());
        tools::wait_for(query, LIMIT, ask)
    }

    /// Every alert that the receiver has got, the oldest first, with `status`, `labels` and `annotations`.
    pub(crate) fn received(&self) -> Vec<Value> {
        let received = self.received.lock().unwrap();
        let alerts = received.iter().filter_map(|message| message["alerts"].as_array());
        alerts.flatten().cloned().collect()
    }

    /// Waits until the receiver gets an alert for a sponsor in this state: `firing` or `resolved`.
    pub(crate) fn wait_for_alert(&self, name: &str, sponsor: &str, status: &str) -> Value {
        let is_meant = |alert: &Value| {
            let labels = &alert["labels"];
            labels["alertname"] == name && labels["sponsor"] == sponsor && alert["status"] == status
        };
        let what = format!("{name} of {sponsor} is {status}");
        tools::wait_for(&what, LIMIT, || self.received().into_iter().find(is_meant))
    }
}

/// The body of a successful answer.
fn get(url: &str) -> Option<String> {
    let request: Request = hyper::Request::get(url).body(Bytes::new()).unwrap();
    let answer = http::runtime().block_on(http::send(request)).ok()?;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    answer.status().is_success().then_some(text)
}
