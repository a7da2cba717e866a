//! The image holds one static binary; this is that binary, in a root of its own with nothing beside it.

use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::harness::{http, hub_binary};
use tokio::process::{Child, Command};

use super::root;

/// Who the image runs as: `USER` of the Dockerfile.
const USER: u32 = 10001;
/// A limit, not a measure.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// `PT_INTERP` of the ELF specification: the segment that names a dynamic loader.
const NEEDS_A_LOADER: u32 = 3;

/// The types of the program headers of a 64-bit little-endian ELF file.
fn segments(elf: &[u8]) -> Result<Vec<u32>> {
    ensure!(elf.starts_with(b"\x7fELF\x02\x01"), "not a 64-bit little-endian ELF file");
    let number =
        |at: usize, bytes: usize| elf[at..at + bytes].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let (first, size, count) = (number(0x20, 8), number(0x36, 2), number(0x38, 2));
    (0..count).map(|index| Ok(u32::try_from(number(first + index * size, 4))?)).collect()
}

#[test]
fn the_binary_needs_no_library() -> Result<()> {
    let segments = segments(&std::fs::read(hub_binary()?)?)?;
    ensure!(!segments.is_empty(), "no segments");
    ensure!(
        !segments.contains(&NEEDS_A_LOADER),
        "the hub is linked dynamically: tests/run builds it as k8s/Dockerfile does"
    );
    Ok(())
}

/// One list of flags: else what was tested would not be what runs.
#[test]
fn the_image_is_built_as_the_tests_build() -> Result<()> {
    let [image, here] = ["k8s/Dockerfile", "tests/run"].map(|file| std::fs::read_to_string(root().join(file)));
    let (image, here) = (image?, here?);
    for flag in ["CARGO_BUILD_TARGET=x86_64-unknown-linux-gnu", "RUSTFLAGS=\"-C target-feature=+crt-static\""] {
        ensure!(image.contains(flag), "k8s/Dockerfile lacks {flag}");
        ensure!(here.contains(flag), "tests/run lacks {flag}");
    }
    ensure!(image.contains(&format!("USER {USER}:{USER}")), "k8s/Dockerfile runs as somebody else");
    ensure!(image.contains("FROM scratch"), "the image holds more than the hub");
    Ok(())
}

#[tokio::test]
async fn the_binary_serves_from_an_empty_root() -> Result<()> {
    let room = tempfile::tempdir()?;
    std::fs::copy(hub_binary()?, room.path().join("hub"))?;
    open_to_all(room.path())?;
    for folder in ["data", "tmp"] {
        std::fs::create_dir(room.path().join(folder))?;
        chown(room.path().join(folder), Some(USER), Some(USER))
            .or_else(|error| if am_root() { Err(error) } else { Ok(()) })?;
    }
    std::fs::create_dir(room.path().join("dev"))?;
    for file in ["dev/random", "dev/urandom"] {
        std::fs::write(room.path().join(file), "")?;
    }
    let mut hub = enclosed(room.path()).spawn().context("chroot")?;
    let answer = answer(&mut hub, room.path()).await;
    hub.kill().await?;
    let told: serde_json::Value = serde_json::from_str(&answer?)?;
    ensure!(told["ok"] == true, "the hub in an empty root is not ready: {told}");
    Ok(())
}

fn am_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// A temporary folder is its maker's alone; the hub in it is somebody else.
fn open_to_all(folder: &Path) -> Result<()> {
    Ok(std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?)
}

/// The hub with `root` for its root: as nobody where this test may become somebody else. Of a system there is what every
/// container runtime gives: random bytes.
fn enclosed(root: &Path) -> Command {
    let user = if am_root() { format!("--userspec={USER}:{USER}") } else { String::new() };
    let enter = "for file in random urandom; do mount --bind /dev/$file \"$1/dev/$file\" || exit 1; done; \
                 exec chroot $2 \"$1\" /hub serve --data /data --port 0";
    let mut command = Command::new("unshare");
    command.args(if am_root() { ["--mount"].as_slice() } else { &["--mount", "--map-root-user"] });
    command.args(["sh", "-c", enter, "sh"]).arg(root).arg(user);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn answer(hub: &mut Child, root: &Path) -> Result<String> {
    let started = std::time::Instant::now();
    while started.elapsed() < READY_WITHIN {
        ensure!(hub.try_wait()?.is_none(), "the hub ended");
        if let Ok(base) = std::fs::read_to_string(root.join("data/address")) {
            let response = http().get(format!("{}/readyz", base.trim())).send().await?;
            if response.status().is_success() {
                return Ok(response.text().await?);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("not ready after {READY_WITHIN:?}")
}
