//! Real parts for tests and the demo, and the one builder that drives the built binary.
//! `Run` drives, `Outcome` reports; `Cluster`, `Moto` and `StrictS3` are real servers; `Doppler`, `GitHub` and `Proxy` are scripted;
//! `Trial` puts them together. Nothing here asserts what the product does.
#![allow(
    dead_code,
    unused_imports,
    reason = "the tests and the demo are two programs, and each uses its own part"
)]

mod browser;
pub(crate) mod clients;
mod database;
mod disk;
mod doppler;
mod doppler_answers;
mod doppler_identities;
mod doppler_person;
mod families;
mod github;
mod github_answers;
mod github_contract;
mod guardian;
mod http;
mod keyless;
mod monitoring;
mod mail;
mod moto;
mod newcomer;
mod on_call;
pub(crate) mod oidc;
mod outcome;
pub(crate) mod page;
mod place;
mod pooler;
mod postgres;
mod proxy;
mod road;
mod run;
mod reviewed;
pub(crate) mod runner;
mod running;
mod s3;
mod samples;
pub(crate) mod schemas;
mod seconds;
mod sessions;
mod shared;
mod sponsor;
mod strict_s3;
mod sts;
mod terminal;
mod throttle;
pub(crate) mod tools;
mod trial;
mod wire;

pub(crate) use browser::{Page, Scheme, Seen as SeenPage};
pub(crate) use database::Database;
pub(crate) use disk::Disk;
pub(crate) use doppler::{Asked, Doppler, Trouble};
pub(crate) use doppler_identities::{Identity, Lent};
pub(crate) use families::Family;
pub(crate) use github::{GitHub, REPOSITORY, Trouble as GitHubTrouble};
pub(crate) use http::{HangUp, Request, Response, Server, runtime, send_and_wait, whole};
pub(crate) use keyless::{IDENTITY, Keyless, role_of};
pub(crate) use mail::MailServer;
pub(crate) use monitoring::{Monitoring, yaml_blocks};
pub(crate) use moto::Moto;
pub(crate) use newcomer::{Newcomer, copy_all};
pub(crate) use on_call::{Diary, OnCall, Play, squeezed};
pub(crate) use outcome::{Outcome, Stream};
pub(crate) use place::Place;
pub(crate) use pooler::Pooler;
pub(crate) use postgres::Cluster;
pub(crate) use proxy::{Action, Proxy, Seen};
pub(crate) use reviewed::reviewed;
pub(crate) use road::Road;
pub(crate) use run::Run;
pub(crate) use running::Running;
pub(crate) use s3::{Keys, REGION, Store, Stored};
pub(crate) use samples::Sample;
pub(crate) use sessions::{Granted, Sessions};
pub(crate) use sponsor::Sponsor;
pub(crate) use strict_s3::StrictS3;
pub(crate) use sts::{Role, Sts};
pub(crate) use terminal::{Terminal, Typed};
pub(crate) use throttle::Throttle;
pub(crate) use trial::{CORE_PROJECT, Plan, Trial, project_of, token_variable};
pub(crate) use wire::Wire;
