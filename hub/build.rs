//! Makes the pages that the hub carries inside itself: `npm ci --ignore-scripts && npm run build` in `hub/web`.
//!
//! The hub must build where Node is not: then a plain page says so, and cargo prints a warning. Nothing here ever fails
//! the build. Pages are made again only when a file of `hub/web` has changed, so that a Rust change costs no npm run.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

const PAGES: [&str; 6] = ["wall", "phone", "resident", "desk", "admin", "sign-in"];
/// What `dist` and `node_modules` hold is named by the digest of what they were made from.
const STAMP: &str = ".made-from";
const NOT_SOURCES: [&str; 2] = ["node_modules", "dist"];

fn main() {
    let web = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("web");
    let sources = sources(&web);
    watch(&web, &sources);
    let digest = digest(&web, &sources);
    let dist = web.join("dist");
    if stamped(&dist, &digest) {
        return;
    }
    match make(&web) {
        Ok(()) => stamp(&dist, &digest),
        Err(why) => {
            println!("cargo:warning=the pages were not made, the hub will serve a plain page instead: {why}");
            println!("cargo:warning=install Node 20.19 or newer with npm, then build again");
            plain_pages(&dist, &why);
        }
    }
}

/// Every file of `hub/web` that is written by hand, in a fixed order.
fn sources(web: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![web.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() && !NOT_SOURCES.iter().any(|skipped| name == *skipped) {
                folders.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Folders too, so that a new file is seen; and the stamp, so that a deleted `dist` is made again.
fn watch(web: &Path, sources: &[PathBuf]) {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", web.join("dist").join(STAMP).display());
    for source in sources {
        println!("cargo:rerun-if-changed={}", source.display());
    }
    for page in PAGES.iter().chain(&["shared"]) {
        println!("cargo:rerun-if-changed={}", web.join(page).display());
    }
}

fn digest(web: &Path, sources: &[PathBuf]) -> String {
    let mut hasher = DefaultHasher::new();
    for source in sources {
        source.strip_prefix(web).unwrap_or(source).hash(&mut hasher);
        fs::read(source).unwrap_or_default().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn stamped(folder: &Path, digest: &str) -> bool {
    fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == digest)
}

/// The stamp is dated back: cargo runs this script again for a watched file that is newer than the script's last start.
fn stamp(folder: &Path, digest: &str) {
    let path = folder.join(STAMP);
    let written = fs::write(&path, digest).and_then(|()| {
        let file = fs::File::options().write(true).open(&path)?;
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400))
    });
    if let Err(error) = written {
        println!("cargo:warning={}: {error}", path.display());
    }
}

fn make(web: &Path) -> Result<(), String> {
    let lock = digest(web, &[web.join("package-lock.json")]);
    let modules = web.join("node_modules");
    if !stamped(&modules, &lock) {
        npm(web, &["ci", "--ignore-scripts"])?;
        stamp(&modules, &lock);
    }
    npm(web, &["run", "build"])
}

fn npm(web: &Path, arguments: &[&str]) -> Result<(), String> {
    let name = format!("npm {}", arguments.join(" "));
    let output = match Command::new("npm").args(arguments).current_dir(web).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err("Node is not installed".into()),
        Err(error) => return Err(format!("{name}: {error}")),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let telling = said.lines().find(|line| line.contains("rror")).or(said.lines().last()).unwrap_or("it said nothing");
    Err(format!("{name} failed: {}", telling.trim()))
}

/// The page where the pages should be: whoever opens it learns what is missing and what to do. Not stamped, so that the
/// next build tries again.
fn plain_pages(dist: &Path, why: &str) {
    let why = why.replace('&', "&amp;").replace('<', "&lt;");
    let page = include_str!("web/plain.html").replace("{why}", &why);
    let _ = fs::remove_dir_all(dist);
    for name in PAGES {
        let folder = dist.join(name);
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("index.html"), &page));
        if let Err(error) = written {
            println!("cargo:warning={}: {error}", folder.display());
        }
    }
}
