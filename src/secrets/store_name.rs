//! What `SPONSOR_BACKUPS_BUCKET` and `SPONSOR_AUDIT_LOGS_BUCKET` hold: the name of a bucket, or the URL of a folder. Pure.

use std::fmt;
use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::odd_character;
use super::place::{BUCKET, FOLDER, Form};

const SCHEME: &str = "file://";
/// What a URL's path cannot hold as it is (URL standard, "path percent-encode set"), and what shells and Markdown read.
pub const PATH_ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The store of a sponsor's backups or records. Displays as a bucket name, or as `file:///srv/backups`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreName(Name);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Bucket(String),
    /// An absolute path without `.`, `..`, empty names and a slash at its end.
    Folder(String),
}

/// What to open. Only `store` matches on it: for all others, a store is a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind<'a> {
    /// The bucket with this name.
    Bucket(&'a str),
    /// The folder at this absolute path.
    Folder(&'a Path),
}

/// What only some stores can do with an object, or know about it. `store` reports the same of an open store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// Lock an object until a date.
    Locks,
    /// Keep objects in classes that differ in price and speed.
    StorageClasses,
    /// Make an object of an archive tier readable.
    Thaw,
    /// Name the account that owns it.
    Owner,
    /// Be reached at a URL.
    Endpoint,
}

impl fmt::Display for Ability {
    /// What a store without it does not have.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Locks => "Object Lock",
            Self::StorageClasses => "storage classes",
            Self::Thaw => "archive tier",
            Self::Owner => "AWS account",
            Self::Endpoint => "S3 endpoint",
        })
    }
}

/// Why a text names no store. The problem does not show the text: it may be a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It is not a bucket name.
    Bucket(String),
    /// It was meant as a folder.
    Folder(String),
}

impl Misfit {
    pub(super) fn form(&self) -> &'static Form {
        match self {
            Self::Bucket(_) => &BUCKET,
            Self::Folder(_) => &FOLDER,
        }
    }

    pub(super) fn problem(&self) -> &str {
        let (Self::Bucket(problem) | Self::Folder(problem)) = self;
        problem
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Bucket(name) => formatter.write_str(name),
            Name::Folder(path) => write!(formatter, "{SCHEME}{}", utf8_percent_encode(path, PATH_ENCODED)),
        }
    }
}

impl StoreName {
    /// The store that a secret's value names.
    ///
    /// # Errors
    /// The text is neither a bucket name nor a folder URL.
    pub(super) fn parse(text: &str) -> Result<Self, Misfit> {
        if is_meant_as_folder(text) {
            return folder_path(text).map(|path| Self(Name::Folder(path))).map_err(Misfit::Folder);
        }
        match no_bucket_name(text) {
            Some(problem) => Err(Misfit::Bucket(problem)),
            None => Ok(Self(Name::Bucket(text.to_owned()))),
        }
    }

    /// The store in a folder.
    ///
    /// # Errors
    /// The path is not one that a URL leads back to. Says why.
    pub fn folder(path: &Path) -> Result<Self, String> {
        let text = path.to_str().ok_or("it is not UTF-8")?;
        let name = Self(Name::Folder(text.to_owned()));
        match Self::parse(&name.to_string()) {
            Ok(read) if read == name => Ok(name),
            Ok(_) => Err("it ends with a slash".to_owned()),
            Err(misfit) => Err(misfit.problem().to_owned()),
        }
    }

    /// The store at a location: `s3://bucket` or `file:///srv/backups`.
    ///
    /// # Errors
    /// It names none. Says why, without the text.
    pub fn at(location: &str) -> Result<Self, String> {
        let name = match location.strip_prefix("s3://") {
            Some(bucket) => bucket.strip_suffix('/').unwrap_or(bucket),
            None if is_meant_as_folder(location) => location,
            None => return Err("it begins with neither s3:// nor file:///".to_owned()),
        };
        Self::parse(name).map_err(|misfit| misfit.problem().to_owned())
    }

    /// What to open, for `store` alone.
    #[must_use]
    pub fn kind(&self) -> StoreKind<'_> {
        match &self.0 {
            Name::Bucket(name) => StoreKind::Bucket(name),
            Name::Folder(path) => StoreKind::Folder(Path::new(path)),
        }
    }

    /// The bucket's name, if it is a bucket.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        match &self.0 {
            Name::Bucket(name) => Some(name),
            Name::Folder(_) => None,
        }
    }

    /// Whether such a store can do this. The only list of what folders cannot do, before a store is open.
    #[must_use]
    pub fn has(&self, ability: Ability) -> bool {
        match (&self.0, ability) {
            (Name::Bucket(_), _) => true,
            (
                Name::Folder(_),
                Ability::Locks | Ability::StorageClasses | Ability::Thaw | Ability::Owner | Ability::Endpoint,
            ) => false,
        }
    }

    /// Whether it takes a region and AWS credentials to open it.
    #[must_use]
    pub fn needs_aws(&self) -> bool {
        matches!(self.0, Name::Bucket(_))
    }

    /// `s3://bucket/` or `file:///srv/backups/`.
    #[must_use]
    pub fn location(&self) -> String {
        match &self.0 {
            Name::Bucket(name) => format!("s3://{name}/"),
            Name::Folder(_) => format!("{self}/"),
        }
    }

    /// For people: `bucket NAME`, or `folder /srv/backups`.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.0 {
            Name::Bucket(name) => format!("bucket {name}"),
            Name::Folder(path) => format!("folder {path}"),
        }
    }

    /// Why a sponsor cannot keep its records here and its backups there, as far as the texts show it. One bucket may hold
    /// both, since `preflight` warns and older setups have it.
    pub(super) fn problem_next_to(&self, backups: &Self) -> Option<&'static str> {
        let (Name::Folder(mine), Name::Folder(theirs)) = (&self.0, &backups.0) else { return None };
        let (mine, theirs) = (Path::new(mine), Path::new(theirs));
        if mine == theirs {
            Some("it is the folder of SPONSOR_BACKUPS_BUCKET")
        } else if mine.starts_with(theirs) {
            Some("it is inside the folder of SPONSOR_BACKUPS_BUCKET")
        } else {
            theirs.starts_with(mine).then_some("it contains the folder of SPONSOR_BACKUPS_BUCKET")
        }
    }
}

/// Bucket names have no slash and no colon, and do not begin with a dot, so that a path and a wrong URL get the advice for folders.
pub(super) fn is_meant_as_folder(text: &str) -> bool {
    let scheme = text.get(.."file:".len());
    text.starts_with(['/', '~', '.']) || scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
}

/// The path of a folder's URL, or why it has none.
fn folder_path(url: &str) -> Result<String, String> {
    const TILDE: &str = "`~` is not expanded";
    let Some(rest) = url.strip_prefix(SCHEME) else {
        let problem = match url.get(..SCHEME.len()) {
            _ if url.starts_with(['/', '.']) => "it is a path, not a URL",
            _ if url.starts_with('~') => TILDE,
            Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => "`file://` is not in lower case",
            _ => "it does not begin with file:///",
        };
        return Err(problem.to_owned());
    };
    // Its beginning would be another folder, and its end may be a token.
    if rest.contains(['?', '#']) {
        return Err("it contains `?` or `#`".to_owned());
    }
    let path = match rest.split_once('/') {
        Some(("", path)) => path,
        _ if rest.starts_with('~') => return Err(TILDE.to_owned()),
        // Not shown: it may hold a user name and a password.
        Some(_) => return Err("it names a host".to_owned()),
        None => return Err("it does not begin with file:///".to_owned()),
    };
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Err("it is the root of the file system".to_owned());
    }
    if path.starts_with('~') {
        return Err(TILDE.to_owned());
    }
    let names: Result<Vec<String>, &str> = path.split('/').map(decoded).collect();
    match names {
        Ok(names) => Ok(format!("/{}", names.join("/"))),
        Err(problem) => Err(format!("{problem} in /{path}")),
    }
}

/// One name of a path, decoded.
fn decoded(name: &str) -> Result<String, &'static str> {
    let mut codes = name.split('%').skip(1);
    // A percent sign without its digits would stay as it is.
    let is_code = |after: &str| {
        after.get(..2).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if !codes.all(is_code) {
        return Err("`%` without two hexadecimal digits");
    }
    let decoded = percent_decode_str(name).decode_utf8().map_err(|_| "`%` codes that are not UTF-8")?;
    match &*decoded {
        "" => Err("an empty name"),
        "." | ".." => Err("`.` or `..`"),
        name if name.contains('/') => Err("an encoded slash"),
        name if name.contains(char::is_control) => Err("a control character"),
        name => Ok(name.to_owned()),
    }
}

/// Why a text is not a bucket name (S3 user guide, "Bucket naming rules").
fn no_bucket_name(name: &str) -> Option<String> {
    if name.starts_with("s3://") {
        return Some("it begins with s3://".to_owned());
    }
    if let Some(problem) = odd_character(name, "-.") {
        return Some(problem);
    }
    match name.len() {
        3..=63 => None,
        1 => Some("it has 1 character".to_owned()),
        length => Some(format!("it has {length} characters")),
    }
}

#[cfg(test)]
mod tests;
