//! Backups on a sponsor's shelf, for tests of what reads them: real ones are taken, copied to other times, and changed.
//! Makes no claim about the program but that a backup is taken.

use aws_sdk_s3::types::StorageClass;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;

use crate::support::{Run, Trial, runtime};

/// The three objects of a backup, as keys and bytes.
pub(super) type Objects = [(String, Vec<u8>); 3];

/// A trial's one sponsor, its backups and its bucket.
pub(super) struct Shelf {
    pub(super) trial: Trial,
    pub(super) bucket: String,
    sponsor: &'static str,
}

impl Shelf {
    pub(super) fn of(trial: Trial, sponsor: &'static str) -> Self {
        let bucket = trial.bucket(sponsor).to_owned();
        Self { trial, bucket, sponsor }
    }

    /// With a bucket that the test made.
    pub(super) fn with_bucket(trial: Trial, bucket: String, sponsor: &'static str) -> Self {
        Self { trial, bucket, sponsor }
    }

    /// A step with this command and no other input than the trial's.
    pub(super) fn run(&self, command: &str) -> Run {
        self.trial.run().input("command", command).input("sponsors", self.sponsor)
    }

    /// Takes a backup, each in a second of its own; gives the dump's key.
    pub(super) fn backup(&self, inputs: &[(&str, &str)]) -> String {
        let run = self.trial.run().input("sponsors", self.sponsor);
        let outcome = inputs.iter().fold(run, |run, (name, value)| run.input(name, *value)).run();
        outcome.assert_code(0);
        let location = outcome.output("backup_location");
        location.strip_prefix(&format!("s3://{}/", self.bucket)).unwrap().to_owned()
    }

    /// The same under another time: `20260101-000000`.
    pub(super) fn copy(&self, key: &str, second: &str) -> String {
        let objects = self.copies(key, second);
        let copy = objects[0].0.clone();
        self.put_all(objects.into());
        copy
    }

    /// What [`Self::copy`] would put there.
    pub(super) fn copies(&self, key: &str, second: &str) -> Objects {
        let copy = at(key, second);
        let name = |key: &str| key.rsplit('/').next().unwrap().to_owned();
        let line = String::from_utf8(self.get(&checksum(key))).unwrap().replace(&name(key), &name(&copy));
        let mut manifest = self.manifest(key);
        manifest["key"] = copy.clone().into();
        manifest["timestamp"] = timestamp(second).into();
        let (checksum, described) = (checksum(&copy), self::manifest(&copy));
        [(copy, self.get(key)), (checksum, line.into_bytes()), (described, manifest.to_string().into())]
    }

    /// The same at many times, several at once; gives the dumps' keys in that order.
    pub(super) fn many(&self, key: &str, seconds: impl Iterator<Item = String>) -> Vec<String> {
        let (keys, copies) = self.many_copies(key, seconds);
        self.put_all(copies);
        keys
    }

    /// What [`Self::many`] would put there.
    pub(super) fn many_copies(
        &self,
        key: &str,
        seconds: impl Iterator<Item = String>,
    ) -> (Vec<String>, Vec<(String, Vec<u8>)>) {
        let model = "19990101-000000";
        let objects = self.copies(key, model);
        let (old, mut keys) = (objects[0].0.clone(), Vec::new());
        let [dump, line, described] = objects.map(|(_, bytes)| bytes);
        let [line, described] = [line, described].map(|bytes| String::from_utf8(bytes).unwrap());
        let copies = seconds.flat_map(|second| {
            let new = at(&old, &second);
            let described = described.replace(&old, &new).replace(&timestamp(model), &timestamp(&second));
            keys.push(new.clone());
            let line = line.replace(model, &second);
            [
                (checksum(&new), line.into_bytes()),
                (manifest(&new), described.into_bytes()),
                (new, dump.clone()),
            ]
        });
        let copies = copies.collect();
        (keys, copies)
    }

    /// Changes a manifest.
    pub(super) fn edit(&self, key: &str, change: impl FnOnce(&mut Value)) {
        let mut document = self.manifest(key);
        change(&mut document);
        self.put(&manifest(key), document.to_string());
    }

    pub(super) fn manifest(&self, key: &str) -> Value {
        self.trial.store.get_json(&self.bucket, &manifest(key))
    }

    pub(super) fn get(&self, key: &str) -> Vec<u8> {
        self.trial.store.get(&self.bucket, key)
    }

    pub(super) fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.trial.store.put(&self.bucket, key, bytes);
    }

    pub(super) fn remove(&self, key: &str) {
        let request = self.trial.store.client().delete_object().bucket(&self.bucket).key(key);
        runtime().block_on(request.send()).unwrap();
    }

    /// Puts an object into Deep Archive.
    pub(super) fn freeze(&self, key: &str) {
        let request = self.trial.store.client().put_object().bucket(&self.bucket).key(key);
        let request = request.body(self.get(key).into()).storage_class(StorageClass::DeepArchive);
        runtime().block_on(request.send()).unwrap();
    }

    /// Puts many objects, several at once.
    pub(super) fn put_all(&self, objects: Vec<(String, Vec<u8>)>) {
        let put = |(key, bytes): (String, Vec<u8>)| {
            let request = self.trial.store.client().put_object().bucket(&self.bucket).key(&key);
            // A copy keeps metadata. This one shows that a run of the program began the backup.
            let request = if key.ends_with(".sha256") { request.metadata("write-id", "x") } else { request };
            let sent = request.body(bytes.into()).send();
            async move { drop(sent.await.unwrap()) }
        };
        runtime().block_on(stream::iter(objects).map(put).buffer_unordered(16).collect::<()>());
    }

    pub(super) fn location(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

pub(super) fn checksum(key: &str) -> String {
    format!("{key}.sha256")
}

pub(super) fn manifest(key: &str) -> String {
    format!("{key}.manifest.json")
}

/// The time in a key.
pub(super) fn second(key: &str) -> String {
    let stem = key.split(".sql").next().unwrap();
    stem[stem.len() - "20260101-000000".len()..].to_owned()
}

/// `2026-01-01T00:00:00Z`
pub(super) fn timestamp(second: &str) -> String {
    let part = |from: usize, to: usize| &second[from..to];
    let (day, time) = ([part(0, 4), part(4, 6), part(6, 8)], [part(9, 11), part(11, 13), part(13, 15)]);
    format!("{}T{}Z", day.join("-"), time.join(":"))
}

/// The key under another time.
pub(super) fn at(key: &str, second: &str) -> String {
    let old = self::second(key);
    let day = |second: &str| format!("{}/{}/{}", &second[0..4], &second[4..6], &second[6..8]);
    key.replace(&old, second).replace(&day(&old), &day(second))
}
