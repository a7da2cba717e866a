//! The disk: room, speed of a durable write, and files that only the hub may read.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Finding, Health};

const FREE_BYTES_MIN: u64 = 1 << 30;
const FREE_BYTES_GOOD: u64 = 5 << 30;
/// Durable writes that are timed.
const WRITES: usize = 20;
/// A commit waits for one of these.
const WRITE_GOOD: Duration = Duration::from_millis(10);
const WRITE_MAX: Duration = Duration::from_millis(100);
/// Files that hold secrets or people.
const PRIVATE: [&str; 4] = ["caller.key", "baiying-ca.key", "hub.sock", "hub.toml"];
/// Sockets of a district and then some.
const OPEN_FILES_GOOD: u64 = 20_000;

pub fn look(folder: &Path) -> Vec<Finding> {
    if !folder.is_dir() {
        let words = format!("数据目录还没有 / no data folder yet: {}", folder.display());
        return vec![Finding::new(Health::Doubtful, words)];
    }
    let mut findings = vec![room(folder), speed(folder), open_files()];
    findings.extend(readable_by_others(folder));
    findings
}

fn room(folder: &Path) -> Finding {
    let Ok(free) = fs4::available_space(folder) else {
        return Finding::new(Health::Doubtful, "磁盘空间未知 / the room on the disk is not known");
    };
    let health = match free {
        FREE_BYTES_GOOD.. => Health::Good,
        FREE_BYTES_MIN.. => Health::Doubtful,
        _ => Health::Bad,
    };
    Finding::new(health, format!("磁盘剩余 / free on the disk: {:.1} GiB", free as f64 / f64::from(1 << 30)))
}

/// The median of a few durable writes where the journal lies.
fn speed(folder: &Path) -> Finding {
    match timed_writes(folder) {
        Ok(took) => {
            let health = match took {
                _ if took <= WRITE_GOOD => Health::Good,
                _ if took <= WRITE_MAX => Health::Doubtful,
                _ => Health::Bad,
            };
            Finding::new(health, format!("一次落盘 / a durable write: {:.1} ms", took.as_secs_f64() * 1e3))
        }
        Err(error) => Finding::new(Health::Bad, format!("写不进数据目录 / the data folder cannot be written: {error}")),
    }
}

fn timed_writes(folder: &Path) -> std::io::Result<Duration> {
    let path = folder.join("doctor.tmp");
    let mut file = File::create(&path)?;
    let mut took = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let began = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        took.push(began.elapsed());
    }
    std::fs::remove_file(&path)?;
    took.sort_unstable();
    Ok(took[WRITES / 2])
}

fn open_files() -> Finding {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let max = line.and_then(|line| line.split_whitespace().nth(3)).and_then(|max| max.parse::<u64>().ok());
    match max {
        Some(max) if max < OPEN_FILES_GOOD => {
            let words = format!(
                "最多打开 {max} 个文件,连不上那么多手机:ulimit -n 65536 / {max} open files: too few for as many phones"
            );
            Finding::new(Health::Doubtful, words)
        }
        _ => Finding::new(Health::Good, "可打开的文件足够 / enough open files"),
    }
}

fn readable_by_others(folder: &Path) -> Vec<Finding> {
    let open = PRIVATE
        .iter()
        .map(|name| folder.join(name))
        .filter(|file| std::fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o077 != 0));
    open.map(|file| {
        let words = format!("别人能读 / others can read {0}: chmod 600 {0}", file.display());
        Finding::new(Health::Bad, words)
    })
    .collect()
}
