//! Recording proxies in front of every service of a run: Doppler, both sponsors' databases, and S3.

use std::collections::BTreeSet;

use crate::support::{Cluster, Outcome, Proxy, Road, Run, Seen, Sponsor, Trial};

/// Two sponsors with their own keys, all behind recording proxies.
struct Watched {
    trial: Trial,
    s3: Proxy,
    roads: [Road; 2],
}

/// The secrets that a run requests to compare addresses.
const ADDRESS_ALONE: [&str; 3] = ["DATABASE_URL", "DOPPLER_PROJECT", "DOPPLER_CONFIG"];

const SPONSORS: [&str; 2] = ["callisto", "titan"];

fn key_of(sponsor: &str) -> String {
    format!("AKIAOF{}", sponsor.to_uppercase())
}

impl Watched {
    fn start() -> Self {
        let trial = Trial::of(SPONSORS.map(|name| {
            Sponsor::named(name).diary(2, 5).secret("SPONSOR_AWS_ACCESS_KEY_ID", Some(&key_of(name)))
        }));
        let roads = SPONSORS.map(|name| {
            let database = trial.database(name);
            let road = Road::to(database.port);
            trial.secret(name, "DATABASE_URL", Some(&road.url(database)));
            road
        });
        let s3 = Proxy::before(trial.store.endpoint());
        Self { trial, s3, roads }
    }

    fn run(&self, command: &str) -> Run {
        self.trial.run().input("command", command).input("s3-endpoint-url", self.s3.endpoint())
    }

    /// Runs for callisto alone and checks the recorded requests. Returns what the run requested from Doppler with
    /// titan's token.
    #[track_caller]
    fn only_callisto(&self, run: Run, asks_its_database: bool) -> (Outcome, Vec<Vec<String>>) {
        let trial = &self.trial;
        let (asked, seen) = (trial.doppler.requests().len(), self.s3.requests().len());
        let before = self.roads.each_ref().map(Road::taken);
        let outcome = run.input("sponsors", "callisto").run();
        outcome.assert_code(0);
        let after = self.roads.each_ref().map(Road::taken);
        assert_eq!(after[1], before[1], "somebody went to titan's database");
        assert_eq!(after[0] > before[0], asks_its_database, "callisto's database");
        let mut titans = Vec::new();
        for asked in trial.doppler.requests().split_off(asked) {
            let place = (asked.project.as_str(), asked.config.as_str());
            match place {
                ("hht-diary-core", "production") => assert_eq!(asked.token, trial.core_token),
                ("hht-diary-callisto", "production") => assert_eq!(asked.token, trial.token("callisto")),
                // Other environments can have live databases, too. A service token does not give access to their
                // secrets.
                ("hht-diary-callisto", "staging" | "dev") => assert_eq!(asked.token, trial.token("callisto")),
                ("hht-diary-titan", "production" | "staging" | "dev") => {
                    assert_eq!(asked.token, trial.token("titan"));
                    titans.push(asked.secrets);
                }
                other => panic!("who is {other:?}?"),
            }
        }
        let requests = self.s3.requests().split_off(seen);
        assert!(!requests.is_empty(), "nothing was asked of S3");
        for seen in requests {
            self.assert_own("callisto", &seen);
        }
        (outcome, titans)
    }

    #[track_caller]
    fn assert_own(&self, sponsor: &str, seen: &Seen) {
        let bucket = bucket_of(seen);
        let own = [self.trial.bucket(sponsor), self.trial.log_bucket(sponsor)];
        assert!(own.contains(&bucket), "{sponsor} asked for {} {}", seen.method, seen.path);
        let credential = format!("Credential={}/", key_of(sponsor));
        assert!(seen.header("authorization").contains(&credential), "{}", seen.header("authorization"));
    }
}

fn bucket_of(seen: &Seen) -> &str {
    seen.path.split('/').nth(1).unwrap()
}

// serves: 11.10(d)/own-sponsor
/// - fault: A run for one sponsor could reach another sponsor
/// - injected: Recording proxies in front of Doppler, both databases and S3, with `backup`, `record`, `list`, `verify`
///   and `drill` for callisto
/// - seen: Success for each. Exit code 0
/// - left: Only these requests: callisto's config with callisto's token, the manifest, connections to callisto's host,
///   and callisto's two buckets with callisto's key. To compare them, `backup`, `record` and `drill` also request the
///   names of titan's two stores, and `backup` the address of its database
#[test]
fn a_run_for_one_sponsor_reaches_no_other_sponsor() {
    let watched = Watched::start();
    // The backup comes first, because the other commands read it.
    for (command, asks_its_database) in
        [("backup", true), ("record", false), ("list", false), ("verify", false), ("drill", false)]
    {
        let mut run = watched.run(command);
        if command == "record" {
            run = run.input("outcome", "success");
        }
        let (_, titans) = watched.only_callisto(run, asks_its_database);
        // What writes compares, so that nothing of callisto reaches titan's stores, and titan's database never callisto's.
        let looked: &[&str] = match command {
            "backup" => &ADDRESS_ALONE[..1],
            _ => &[],
        };
        let stores: &[&str] = match command {
            "list" | "verify" => &[],
            _ => &["SPONSOR_BACKUPS_BUCKET", "SPONSOR_AUDIT_LOGS_BUCKET"],
        };
        let looked = [looked, stores].concat();
        let place = &ADDRESS_ALONE[1..];
        let expected = if looked.is_empty() { Vec::new() } else { vec![[&looked[..], place].concat()] };
        assert_eq!(titans, expected, "{command}");
    }
}

/// - fault: A restore could reach another sponsor's data
/// - injected: The same proxies, and a restore into a database that no sponsor uses
/// - seen: Success. Exit code 0
/// - left: For titan, only a request for the address of its database, to reject it as a target. No connection to
///   titan's database
#[test]
fn a_restore_asks_of_other_sponsors_for_their_address_alone() {
    let watched = Watched::start();
    watched.only_callisto(watched.run("backup"), true);
    let target = Cluster::shared().database("target");
    let run = watched.run("restore").env("TARGET_DATABASE_URL", target.url());
    // The restore queries callisto's own live database for its identity.
    let (_, titans) = watched.only_callisto(run, true);
    assert!(!titans.is_empty() && titans.iter().all(|asked| *asked == ADDRESS_ALONE), "{titans:?}");
}

// serves: 11.10(d)/own-sponsor
/// - fault: Two sponsors of one run could use each other's keys
/// - injected: A backup of both at once, each with its own keys
/// - seen: Success for both. Exit code 0
/// - left: Each request for a bucket carries the key of the bucket's own sponsor
#[test]
fn each_request_of_a_run_carries_the_key_of_its_own_sponsor() {
    let watched = Watched::start();
    watched.run("backup").run().assert_code(0);
    let mut buckets = BTreeSet::new();
    for seen in watched.s3.requests() {
        let bucket = bucket_of(&seen).to_owned();
        let owns = |sponsor: &&str| {
            bucket == watched.trial.bucket(sponsor) || bucket == watched.trial.log_bucket(sponsor)
        };
        let owner = SPONSORS.into_iter().find(owns).unwrap_or_else(|| panic!("whose is {bucket}?"));
        watched.assert_own(owner, &seen);
        buckets.insert(bucket);
    }
    assert_eq!(buckets.len(), 4, "{buckets:?}");
    assert!(watched.roads.iter().all(|road| road.taken() > 0));
}
