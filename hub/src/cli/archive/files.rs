//! Archive files: commits one a line, gzip, named by district and the first and last commit.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;

use crate::cli::verify::Replay;

/// Bytes of one line of a journal file.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

const BEGINNING: &str = "district-";
const ENDING: &str = ".jsonl.gz";

/// A file that has its name only because it was found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFile {
    pub path: PathBuf,
    pub district: u32,
    /// The seq of its first commit.
    pub first: u64,
    /// The seq of its last commit.
    pub last: u64,
}

impl ArchiveFile {
    /// The file in `folder` for these commits, whether or not it is there.
    pub fn new(folder: &Path, district: u32, first: u64, last: u64) -> Self {
        let path = folder.join(format!("{BEGINNING}{district}-{first:012}-{last:012}{ENDING}"));
        Self { path, district, first, last }
    }

    /// By its name; `None` if it is another kind of file.
    fn of(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_prefix(BEGINNING)?.strip_suffix(ENDING)?;
        let mut numbers = name.split('-');
        let district = numbers.next()?.parse().ok()?;
        let (first, last) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        (numbers.next().is_none() && 1 <= first && first <= last).then_some(Self { path, district, first, last })
    }
}

/// The file in `folder` that has commit `seq` of a district, the longest if there are several.
///
/// # Errors
/// When the folder cannot be read.
pub fn with_commit(folder: &Path, district: u32, seq: u64) -> Result<Option<ArchiveFile>> {
    let cannot = || format!("cannot read the folder {} / 无法读取该文件夹", folder.display());
    let mut found: Option<ArchiveFile> = None;
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        let Some(file) = ArchiveFile::of(entry.with_context(cannot)?.path()) else { continue };
        let has_it = file.district == district && (file.first..=file.last).contains(&seq);
        if has_it && found.as_ref().is_none_or(|best| best.last < file.last) {
            found = Some(file);
        }
    }
    Ok(found)
}

/// The lines of a journal file without their ends, packed or plain.
///
/// # Errors
/// When it cannot be opened; later, when it cannot be read on: then it is cut off or altered.
pub fn lines(path: &Path) -> Result<impl Iterator<Item = Result<Vec<u8>>> + use<>> {
    let name = path.display().to_string();
    let mut file = BufReader::new(File::open(path).with_context(|| format!("cannot read {name}"))?);
    let is_packed = file.fill_buf().with_context(|| format!("cannot read {name}"))?.starts_with(&[0x1f, 0x8b]);
    let mut reader: Box<dyn BufRead + Send> =
        if is_packed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
    Ok(std::iter::from_fn(move || {
        let mut line = Vec::new();
        match reader.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(read) if read as u64 > LINE_BYTES_MAX => {
                return Some(Err(anyhow::anyhow!(
                    "{name}: a line has over {LINE_BYTES_MAX} bytes: this is no journal file"
                )));
            }
            Ok(_) => {}
            Err(err) => {
                return Some(Err(err).with_context(|| format!("{name} is cut off or altered / 文件不完整或被改动")));
            }
        }
        line.pop_if(|end| *end == b'\n');
        Some(Ok(line))
    }))
}

/// Replays commits of a district up to `to_seq` out of the files in `folder`. What is missing or wrong is a fault of `replay`.
///
/// # Errors
/// When the folder cannot be read.
pub fn replay(folder: &Path, district: u32, to_seq: u64, replay: &mut Replay) -> Result<()> {
    while replay.seq() < to_seq {
        let next = replay.seq() + 1;
        let Some(file) = with_commit(folder, district, next)? else {
            replay.fault(format!(
                "commit {next} of district {district} is in no file of {}: bring the file that holds it / \
                 缺少含第 {next} 条提交的归档文件",
                folder.display()
            ));
            return Ok(());
        };
        if let Err(err) = replay_file(&file, to_seq, replay) {
            replay.fault(format!("{err:#}"));
            return Ok(());
        }
    }
    Ok(())
}

fn replay_file(file: &ArchiveFile, to_seq: u64, replay: &mut Replay) -> Result<()> {
    let (next, name) = (replay.seq() + 1, file.path.display());
    let mut lines = lines(&file.path)?;
    for seq in file.first..=file.last.min(to_seq) {
        let line = lines.next().with_context(|| format!("{name} ends before commit {seq}"))??;
        if seq >= next && !replay.take_bytes(&line, &format!("{name}, commit {seq}")) {
            bail!("{name} cannot be replayed from commit {seq} on");
        }
    }
    Ok(())
}
