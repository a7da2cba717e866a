//! What Kubernetes will be given: every overlay is built and held against strict schemas of a current version, the alert rules
//! are read by Prometheus' own tool, the settings in the overlays by the hub, and the binary of the image is the one tested here.
//!
//! The tools (kustomize, kubernetes-validate, promtool) are installed by `tests/run`, which says where in `BAIYING_TOOLS`.

mod image;
mod manifests;
mod watching;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

/// All overlays that somebody may apply.
const OVERLAYS: [&str; 3] = ["single", "ha", "ha-operators"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}

/// A tool by its name, where `tests/run` has put it, else on the path.
fn tool(name: &str) -> Command {
    let own = std::env::var_os("BAIYING_TOOLS").map(|tools| PathBuf::from(tools).join("bin").join(name));
    Command::new(own.filter(|path| path.is_file()).unwrap_or_else(|| name.into()))
}

/// Runs a tool with `input` and gives what it printed; fails with what it complained of.
fn run(command: &mut Command, input: &str) -> Result<String> {
    let what = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {what}: tests/run installs it"))?;
    let mut pipe = child.stdin.take().context("a pipe")?;
    let input = input.to_owned();
    // Written from beside: a tool that answers while it reads would otherwise wait for us, and we for it.
    let writing = std::thread::spawn(move || std::io::Write::write_all(&mut pipe, input.as_bytes()));
    let Output { status, stdout, stderr } = child.wait_with_output()?;
    drop(writing.join().expect("writing does not panic"));
    let said = String::from_utf8_lossy(&stdout).into_owned();
    ensure!(status.success(), "{what} ended with {status}:\n{said}{}", String::from_utf8_lossy(&stderr));
    Ok(said)
}

/// The manifests of an overlay, as `kubectl apply -k` would send them.
fn built(overlay: &str) -> Result<String> {
    run(tool("kustomize").arg("build").arg(root().join("k8s/overlays").join(overlay)), "")
}
