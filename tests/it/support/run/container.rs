//! The same run in a container, started as GitHub's runner starts one: its options, its mounts, its paths, and values that
//! travel in the environment of docker's client. Two things differ: the network is the machine's own, since a trial's
//! servers listen on loopback, and the engine's socket is not mounted, which the product has no use for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Run;

impl Run {
    /// Has an image do what the built program did, in a container of this name; `docker` holds further options.
    pub(crate) fn in_container(mut self, image: &str, name: &str, docker: &[&str]) -> Self {
        let root = self.folder.path();
        let mounts = [
            (self.step.clone(), "/github/file_commands"),
            (root.join("home"), "/github/home"),
            (root.join("temp"), "/github/runner_temp"),
            (root.join("workspace"), "/github/workspace"),
        ];
        let mut arguments: Vec<OsString> =
            ["run", "--rm", "--name", name, "--network", "host", "--workdir", "/github/workspace"]
                .into_iter()
                .chain(docker.iter().copied())
                .map(Into::into)
                .collect();
        for (variable, value) in &mut self.environment {
            if let Some(inside) = inside(value.as_ref(), &mounts) {
                *value = inside.into();
            }
            arguments.extend(["--env".into(), variable.clone()]);
        }
        for (outside, inside) in &mounts {
            arguments.extend(["--volume".into(), format!("{}:{inside}", outside.display()).into()]);
        }
        arguments.push(image.into());
        arguments.append(&mut self.arguments);
        self.arguments = arguments;
        self.program = engine().0;
        // The client's own way to the engine, which no container hears of.
        if let Some(host) = engine().1 {
            self.arguments.splice(0..0, ["--host".into(), host]);
        }
        self
    }
}

/// docker's client, and the engine that it asks.
pub(crate) fn engine() -> (PathBuf, Option<OsString>) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let client = std::env::split_paths(&path).map(|folder| folder.join("docker")).find(|file| file.exists());
    (client.expect("no docker on PATH: run script/image"), std::env::var_os("DOCKER_HOST"))
}

/// The runner translates a value that is a mounted path or is below one, and no other.
fn inside(value: &Path, mounts: &[(PathBuf, &str)]) -> Option<PathBuf> {
    mounts.iter().find_map(|(outside, inside)| {
        let rest = value.strip_prefix(outside).ok()?;
        Some(if rest.as_os_str().is_empty() { inside.into() } else { Path::new(inside).join(rest) })
    })
}
