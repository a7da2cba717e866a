//! The clock: deadlines follow it, and a certificate is good or not by it.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Finding, Health};

/// No hub of this version can run before this day: 2026-11-01.
const BUILT_AFTER_S: u64 = 1_793_491_200;
/// A file from the future by more than this: the clock was set back.
const AHEAD_MAX: Duration = Duration::from_secs(5);
/// What keeps clocks on Linux, and where each says that it does.
const KEEPERS: [(&str, &str); 3] =
    [("systemd-timesyncd", "/run/systemd/timesync/synchronized"), ("chrony", "/run/chrony"), ("ntpd", "/run/ntpd.pid")];

pub fn look(folder: &Path) -> Vec<Finding> {
    vec![today(), set_back(folder, SystemTime::now()), kept()]
}

fn today() -> Finding {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if now_s >= BUILT_AFTER_S {
        return Finding::new(
            Health::Good,
            format!("时钟 / clock: {}", jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S %Z")),
        );
    }
    Finding::new(Health::Bad, "时钟早于本程序的发布日期,请校时 / the clock is before this hub was made: set it")
}

/// Whether the journal was written after now.
pub fn set_back(folder: &Path, now: SystemTime) -> Finding {
    let written = std::fs::metadata(folder.join("journal.db")).and_then(|file| file.modified());
    let ahead = written.ok().and_then(|written| written.duration_since(now).ok()).unwrap_or_default();
    if ahead <= AHEAD_MAX {
        return Finding::new(Health::Good, "时钟没有倒退 / the clock was not set back");
    }
    let words = format!(
        "数据写于 {} 秒之后:时钟被拨回过 / the data was written {0} s from now: the clock was set back; set it right",
        ahead.as_secs()
    );
    Finding::new(Health::Bad, words)
}

fn kept() -> Finding {
    match KEEPERS.iter().find(|(_, file)| Path::new(file).exists()) {
        Some((keeper, _)) => Finding::new(Health::Good, format!("自动校时 / kept by {keeper}")),
        None => Finding::new(
            Health::Doubtful,
            "没有发现校时服务,请安装 chrony 或 systemd-timesyncd / nothing was found that keeps the clock: install chrony or systemd-timesyncd",
        ),
    }
}
