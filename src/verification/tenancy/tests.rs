mod folders;

use jiff::Timestamp;

use super::*;
use crate::databases::postgres::identity::ReachedAt;

fn sponsor(name: &str, partners: &[&str]) -> Sponsor {
    let partners = partners.iter().map(|name| (*name).to_owned()).collect();
    Sponsor { name: name.to_owned(), code: "ABC".to_owned(), region: None, partners }
}

/// A place with these names, the first of which is shown.
fn place(names: &[&str], above: &[&str]) -> PlaceOfObjects {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let kind = if names[0].starts_with('/') { "folder" } else { "bucket" };
    PlaceOfObjects {
        shown: format!("{kind} {}", names[0]),
        names: all(names),
        above: all(above),
        silent: None,
    }
}

fn identity(system: &str, oid: u32, second: i64) -> Identity {
    Identity {
        system_identifier: system.to_owned(),
        database_oid: oid,
        database: "app".to_owned(),
        server_started_at: Timestamp::from_second(second).unwrap(),
        in_recovery: false,
        reached_at: ReachedAt { address: None, port: 5432 },
    }
}

/// Callisto and titan with these addresses and identities: the verdict on each one's database, and the lookalikes.
fn two(
    urls: [&str; 2],
    identities: [Option<Identity>; 2],
    partners: [&[&str]; 2],
) -> ([Result<(), String>; 2], usize) {
    let sponsors = [sponsor("callisto", partners[0]), sponsor("titan", partners[1])];
    let connections = urls.map(|url| Connection::parse(&secrecy::SecretString::from(url)).unwrap());
    let all: Vec<SponsorResources<'_>> = (0..2)
        .map(|at| SponsorResources {
            sponsor: &sponsors[at],
            places: Vec::new(),
            connection: Some(&connections[at]),
            identity: identities[at].as_ref(),
        })
        .collect();
    let conflicts = find_conflicts(&all, &[]);
    let told = sponsors.each_ref().map(|it| conflicts.database(it).map_err(|error| error.to_string()));
    (told, conflicts.lookalikes.len())
}

const NOBODY: [&[&str]; 2] = [&[], &[]];

#[test]
fn without_identities_the_address_decides_and_both_are_refused() {
    let base = "postgres://app@db.example/app";
    for (other, is_shared) in [
        ("postgres://app@db.example/other", false),
        ("postgres://app@db.example:5433/app", false),
        // Another user, another way to write the host, one of several hosts: the same database.
        ("postgres://app@db.example/app", true),
        ("postgres://titan@db.example/app", true),
        ("postgres://titan@DB.example.:5432/app?sslmode=require", true),
        ("postgres://titan@elsewhere/app?host=standby.example,db.example", true),
    ] {
        let (told, _) = two([base, other], [None, None], NOBODY);
        assert_eq!(
            told.iter().filter(|told| told.is_err()).count(),
            if is_shared { 2 } else { 0 },
            "{other}"
        );
    }
    let (told, _) = two(["postgres://a@localhost/app", "postgres://a@127.0.0.1/app"], [None, None], NOBODY);
    assert_eq!(
        told[0].clone().unwrap_err(),
        "database localhost:5432/app is also used by sponsor titan as 127.0.0.1:5432/app"
    );
    // Behind a pooler of Supabase only the user distinguishes projects.
    let pooled = |user: &str| format!("postgres://postgres.{user}@aws-0-eu.pooler.supabase.com/postgres");
    assert_eq!(two([&pooled("abc"), &pooled("xyz")], [None, None], NOBODY).0, [Ok(()), Ok(())]);
    assert!(two([&pooled("abc"), &pooled("abc")], [None, None], NOBODY).0.iter().all(Result::is_err));
}

#[test]
fn identities_decide_whatever_the_addresses_are() {
    let (direct, tunnel) = ("postgres://app@db.example/app", "postgres://app@localhost:5499/app");
    let live = || Some(identity("7", 5, 100));
    let (told, lookalikes) = two([direct, tunnel], [live(), live()], NOBODY);
    assert!(told.iter().all(Result::is_err) && lookalikes == 0, "{told:?}");
    // A standby, or a copy of one snapshot: said, not refused.
    let (told, lookalikes) = two([direct, tunnel], [live(), Some(identity("7", 5, 101))], NOBODY);
    assert_eq!((told, lookalikes), ([Ok(()), Ok(())], 1));
    // One address, two databases: a proxy that distinguishes them in another way.
    let (told, lookalikes) = two([direct, direct], [live(), Some(identity("8", 5, 100))], NOBODY);
    assert_eq!((told, lookalikes), ([Ok(()), Ok(())], 0));
    // One is unknown.
    assert!(two([direct, direct], [live(), None], NOBODY).0.iter().all(Result::is_err));
    assert_eq!(two([direct, tunnel], [live(), None], NOBODY).0, [Ok(()), Ok(())]);
    // By consent.
    assert_eq!(two([direct, tunnel], [live(), live()], [&["titan"], &["callisto"]]).0, [Ok(()), Ok(())]);
}

#[test]
fn partners_may_share_and_a_third_who_is_none_of_both_may_not() {
    let sponsors = [
        sponsor("callisto", &["titan"]),
        sponsor("titan", &["callisto", "rhea"]),
        sponsor("rhea", &["titan"]),
    ];
    let all: Vec<SponsorResources<'_>> = sponsors
        .iter()
        .map(|sponsor| SponsorResources {
            sponsor,
            places: vec![place(&["one-bucket"], &[])],
            connection: None,
            identity: None,
        })
        .collect();
    let conflicts = find_conflicts(&all, &[]);
    let told = sponsors.each_ref().map(|it| conflicts.places(it).map_err(|error| error.to_string()));
    let shared = |other: &str| Err(format!("bucket one-bucket is also used by sponsor {other}"));
    assert_eq!(told, [shared("rhea"), Ok(()), shared("callisto")]);
}

#[test]
fn folders_are_compared_by_identity_and_by_what_is_above() {
    let (slash, srv) = (["/", "inode 2"], ["/", "inode 2", "/srv", "inode 5"]);
    let [a, moved] = [place(&["/srv/a", "inode 7"], &srv), place(&["/mnt/a", "inode 7"], &slash)];
    let inner = place(&["/mnt/x", "inode 9"], &["/", "inode 2", "inode 7"]);
    for (one, other, told) in [
        (&a, &a, ["folder /srv/a is also used by sponsor titan", "folder /srv/a is also used by sponsor io"]),
        (
            &a,
            &moved,
            [
                "folder /srv/a is also used by sponsor titan as folder /mnt/a",
                "folder /mnt/a is also used by sponsor io as folder /srv/a",
            ],
        ),
        (
            &inner,
            &a,
            [
                "folder /mnt/x is inside folder /srv/a of sponsor titan",
                "folder /srv/a contains folder /mnt/x of sponsor io",
            ],
        ),
    ] {
        let sponsors = [sponsor("io", &[]), sponsor("titan", &[])];
        // Each has its own other place, and all of them are below one root.
        let own = ["/srv/b", "/srv/c"].map(|path| place(&[path], &srv));
        let resources = [(one, 0), (other, 1)].map(|(shared, at)| SponsorResources {
            sponsor: &sponsors[at],
            places: vec![own[at].clone(), shared.clone()],
            connection: None,
            identity: None,
        });
        let conflicts = find_conflicts(&resources, &[]);
        assert_eq!(sponsors.each_ref().map(|it| conflicts.places(it).unwrap_err().to_string()), told);
    }
}

#[test]
fn a_bucket_that_is_called_after_another_sponsor_is_its_own() {
    let known = ["io", "io-2", "rhea"].map(str::to_owned);
    for (bucket, owner) in [
        ("hht-diary-backups-io-eu-west-1", Some("io")),
        ("hht-diary-backups-io-2-eu-west-1", Some("io-2")),
        ("hht-diary-audit-logs-rhea-eu-west-1", Some("rhea")),
        ("hht-diary-backups-rheas-eu-west-1", None),
        ("somewhere-else", None),
        ("/srv/io/backups", Some("io")),
        ("/srv/io-2/audit-logs", Some("io-2")),
        ("/srv/rheas/backups", None),
        ("/srv/rhea", None),
        ("/srv/rhea/backups/old", None),
        ("/backups", None),
    ] {
        assert_eq!(owner_by_name(bucket, &known), owner, "{bucket}");
    }
    // Who took it is refused; who owns it is not.
    let sponsors = [sponsor("rhea", &[]), sponsor("io", &[])];
    let claim = |sponsor| SponsorResources {
        sponsor,
        places: vec![place(&["hht-diary-backups-rhea-eu-west-1"], &[])],
        connection: None,
        identity: None,
    };
    let conflicts = find_conflicts(&sponsors.each_ref().map(claim), &known);
    assert!(conflicts.places(&sponsors[0]).is_ok());
    let told = conflicts.places(&sponsors[1]).unwrap_err().to_string();
    assert_eq!(told, "bucket hht-diary-backups-rhea-eu-west-1 appears to belong to sponsor rhea");
}

#[test]
fn a_folder_below_another_sponsors_is_that_sponsors_too() {
    let known = ["io", "rhea"].map(str::to_owned);
    let io = [sponsor("io", &[])];
    let resources = SponsorResources {
        sponsor: &io[0],
        places: vec![place(&["/srv/rhea/backups/inner"], &["/", "/srv", "/srv/rhea", "/srv/rhea/backups"])],
        connection: None,
        identity: None,
    };
    let told = find_conflicts(&[resources], &known).places(&io[0]).unwrap_err().to_string();
    assert_eq!(told, "folder /srv/rhea/backups/inner appears to belong to sponsor rhea");
}

#[test]
fn places_of_sponsors_that_are_not_selected_are_compared() {
    let known = ["io", "rhea", "titan"].map(str::to_owned);
    let others = [
        ("titan".to_owned(), vec![place(&["one"], &[]), place(&["/srv/logs", "inode 7"], &["/", "/srv"])]),
        // Rhea's secrets name what is io's by its name. That is rhea's mistake.
        ("rhea".to_owned(), vec![place(&["hht-diary-backups-io-eu-west-1"], &[])]),
    ];
    let judged = |own: PlaceOfObjects, partners: &[&str]| {
        let (io, mut conflicts) = (sponsor("io", partners), Conflicts::default());
        conflicts.compare_with_unselected(&io, &[place(&["own"], &[]), own], &known, &others);
        conflicts.places(&io).map_err(|error| error.to_string())
    };
    let refused = |text: &str| Err(text.to_owned());
    assert_eq!(judged(place(&["one"], &[]), &[]), refused("bucket one is also used by sponsor titan"));
    assert_eq!(
        judged(place(&["/mnt/x", "inode 7"], &["/", "/mnt"]), &[]),
        refused("folder /mnt/x is also used by sponsor titan as folder /srv/logs")
    );
    assert_eq!(
        judged(place(&["/srv/logs/in"], &["/", "/srv", "/srv/logs"]), &[]),
        refused("folder /srv/logs/in is inside folder /srv/logs of sponsor titan")
    );
    assert_eq!(judged(place(&["hht-diary-backups-io-eu-west-1"], &[]), &[]), Ok(()));
    assert_eq!(judged(place(&["another"], &[]), &[]), Ok(()));
    assert_eq!(judged(place(&["one"], &[]), &["titan"]), Ok(()), "by consent");
}
