//! Writing a backup: to a file beside its place, which takes its name only when it is whole and on disk.

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use matcher::{District, DistrictId};
use uuid::Uuid;

use super::line::{Line, LinesOut, VERSION, state_lines};
use crate::engine::{Doors, EngineHandle};
use crate::records::Office;
use crate::store::rows::{FORMAT, READ_ROWS_MAX};
use crate::store::{CommitRow, Journal, SealedRow, recovery};

/// Bytes of a key file; larger ones are none.
const KEY_BYTES_MAX: u64 = 64 * 1024;

/// What is backed up.
pub struct Source<'a, J> {
    pub folder: &'a Path,
    pub office: &'a Office,
    pub doors: &'a Doors,
    pub journal: &'a J,
}

/// What a backup holds of a district.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub district: DistrictId,
    pub seq: u64,
    pub digest: u64,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "district {}: {} commits, digest {:016x}", self.district, self.seq, self.digest)
    }
}

/// Writes everything of `source` into `file`, which must not exist.
///
/// # Errors
/// When something cannot be read or written; then there is no such file.
pub async fn write<J: Journal>(source: Source<'_, J>, file: &Path) -> Result<Vec<Held>> {
    ensure!(!file.exists(), "{} is there already", file.display());
    let unfinished = file.with_added_extension("part");
    let written = write_to(&source, &unfinished).await;
    if written.is_err() {
        // Whatever went wrong is told; half a backup is of no use to anybody.
        std::fs::remove_file(&unfinished).ok();
    }
    let held = written?;
    std::fs::rename(&unfinished, file).with_context(|| format!("cannot name {}", file.display()))?;
    // The name is on disk only with its folder.
    File::open(file.parent().unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all())?;
    Ok(held)
}

async fn write_to<J: Journal>(source: &Source<'_, J>, file: &Path) -> Result<Vec<Held>> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(file);
    let opened = opened.with_context(|| format!("cannot write {}", file.display()))?;
    let mut out = LinesOut::new(BufWriter::new(opened));
    let made_at_ms = jiff::Timestamp::now().as_millisecond();
    out.put(&Line::Begins { version: VERSION, made_at_ms })?;
    keys(source.folder, &mut out)?;
    source.office.dump(|row| out.put(&Line::Office(row))).await?;
    let mut held = Vec::new();
    for door in source.doors.all() {
        held.push(log(source, door, &mut out).await?);
    }
    let written = out.end()?.into_inner().context("the backup could not be written to its end")?;
    written.sync_all()?;
    Ok(held)
}

fn keys(folder: &Path, out: &mut LinesOut<BufWriter<File>>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        let is_key = name.ends_with(".key") || name.ends_with(".pem");
        let about = entry.metadata()?;
        if is_key && about.is_file() && about.len() <= KEY_BYTES_MAX {
            out.put(&Line::File { text: text_of(&std::fs::read(entry.path())?), name })?;
        }
    }
    Ok(())
}

/// Keys may be any bytes: each stands as the character of its number.
fn text_of(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

async fn log<J: Journal>(
    source: &Source<'_, J>,
    door: &EngineHandle,
    out: &mut LinesOut<BufWriter<File>>,
) -> Result<Held> {
    let version = door.version().await.context("the hub is stopping")?;
    let (district, seq) = (door.district().0, version.district.seq);
    let digest = tokio::task::spawn_blocking(move || version.district.digest()).await?;
    let begun = beginning(source.journal, district, seq).await?;
    let after = begun.as_ref().map_or(0, |state| state.seq);
    out.put(&Line::Log { district, after, seq, digest: format!("{digest:016x}"), format: FORMAT })?;
    if let Some(state) = begun {
        let encoded = tokio::task::spawn_blocking(move || serde_json::to_string(&state)).await??;
        state_lines(&encoded).try_for_each(|line| out.put(&line))?;
    }
    let (mut at, mut reference, mut is_more_sealed) = (after, Uuid::nil(), true);
    while at < seq || is_more_sealed {
        let limit = READ_ROWS_MAX.min(usize::try_from(seq - at)?);
        let commits = source.journal.read(district, at, limit).await?;
        ensure!(!commits.is_empty() || at == seq, "the log ends at {at} instead of {seq}");
        at = commits.last().map_or(at, |row| row.seq);
        commits.into_iter().try_for_each(|row| out.put(&commit(row)?))?;
        let sealed = if is_more_sealed { source.journal.sealed(district, seq, reference).await? } else { Vec::new() };
        is_more_sealed = !sealed.is_empty();
        reference = sealed.last().map_or(reference, |row| row.reference);
        sealed.into_iter().try_for_each(|row| out.put(&sealed_line(row)?))?;
    }
    for row in source.journal.intake(district).await? {
        out.put(&Line::Kept { command: row.command, body: text(row.body)? })?;
    }
    Ok(Held { district: door.district(), seq, digest })
}

/// The state that the log begins with, if old commits were archived; there is a commit after it, with which words can be sealed
/// when it is restored.
async fn beginning(journal: &impl Journal, district: u32, seq: u64) -> Result<Option<District>> {
    let head = journal.head(district).await?.context("the district has no log")?;
    let begun = recovery::beginning(journal, &head).await?;
    ensure!(
        begun.as_ref().is_none_or(|state| state.seq < seq),
        "district {district}: the state that the log begins with is lost; make it again by `hub archive --from FOLDER`"
    );
    Ok(begun)
}

fn commit(row: CommitRow) -> Result<Line> {
    Ok(Line::Commit { seq: row.seq, at_ms: row.at_ms, body: text(row.body)? })
}

fn sealed_line(row: SealedRow) -> Result<Line> {
    Ok(Line::Sealed { reference: row.reference, body: text(row.body)? })
}

fn text(body: Bytes) -> Result<String> {
    Ok(String::from_utf8(body.to_vec())?)
}
