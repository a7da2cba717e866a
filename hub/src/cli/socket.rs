//! Verbs over a socket file (0600) in the data folder: whoever may read the folder may speak to its hub, nobody else.
//!
//! A request is one line of JSON (`{"verb": .., "bytes": n}`) and n bytes of a file; the reply the same way. One
//! connection carries one verb.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::verbs::{Reply, Verb, Verbs};

/// Bytes of a file that comes with a verb or goes back with a reply.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of the line before it.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Verbs at once; one more waits.
const VERBS_MAX: usize = 8;

#[derive(Serialize, Deserialize)]
struct Asked {
    verb: Verb,
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Answered {
    good: bool,
    text: String,
    bytes: u64,
}

/// Makes the socket file. The folder's lock is held.
///
/// # Errors
/// When the file cannot be made.
pub fn bind(file: &Path) -> Result<UnixListener> {
    // One that is there was left by a hub that was killed.
    let _ = std::fs::remove_file(file);
    let listener = UnixListener::bind(file).with_context(|| format!("cannot make {}", file.display()))?;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers verbs until the task is dropped.
///
/// # Errors
/// When the socket fails.
pub async fn serve(listener: UnixListener, verbs: Verbs) -> Result<()> {
    let mut running = JoinSet::new();
    loop {
        while running.len() >= VERBS_MAX {
            running.join_next().await;
        }
        let (stream, _) = listener.accept().await?;
        let verbs = verbs.clone();
        running.spawn(async move {
            if let Err(error) = answer(stream, verbs).await {
                tracing::warn!(error = format!("{error:#}"), "a verb of the command line was not answered");
            }
        });
    }
}

async fn answer(stream: UnixStream, verbs: Verbs) -> Result<()> {
    let mut stream = BufReader::new(stream);
    if stream.fill_buf().await?.is_empty() {
        // Somebody only looked whether a hub runs.
        return Ok(());
    }
    let asked: Asked = read_line(&mut stream).await?;
    let file = read_file(&mut stream, asked.bytes).await?;
    let reply = match verbs.run(asked.verb, file).await {
        Ok(reply) => reply,
        Err(error) => Reply { text: format!("{error:#}"), ..Reply::default() },
    };
    let line = Answered { good: reply.good, text: reply.text, bytes: reply.file.len() as u64 };
    write(&mut stream, &line, &reply.file).await
}

/// Whether a hub runs that answers there.
pub async fn answers(socket: &Path) -> bool {
    UnixStream::connect(socket).await.is_ok()
}

/// Asks the hub that runs on `file`'s folder; `None` when none runs.
///
/// # Errors
/// When the hub goes away before it has answered: then what happened is unknown.
pub async fn ask(socket: &Path, verb: Verb, file: &[u8]) -> Result<Option<Reply>> {
    let Ok(stream) = UnixStream::connect(socket).await else {
        return Ok(None);
    };
    let mut stream = BufReader::new(stream);
    write(&mut stream, &Asked { verb, bytes: file.len() as u64 }, file).await?;
    let answered: Answered = read_line(&mut stream).await.context("the hub went away before it had answered")?;
    let file = read_file(&mut stream, answered.bytes).await?;
    Ok(Some(Reply { text: answered.text, file, good: answered.good }))
}

async fn read_line<T: for<'de> Deserialize<'de>>(stream: &mut BufReader<UnixStream>) -> Result<T> {
    let mut line = Vec::new();
    (&mut *stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
    Ok(serde_json::from_slice(&line)?)
}

async fn read_file(stream: &mut BufReader<UnixStream>, bytes: u64) -> Result<Vec<u8>> {
    ensure!(bytes <= FILE_BYTES_MAX, "a file of {bytes} bytes: at most {FILE_BYTES_MAX} are taken");
    let mut file = vec![0; bytes as usize];
    stream.read_exact(&mut file).await?;
    Ok(file)
}

async fn write(stream: &mut BufReader<UnixStream>, line: &impl Serialize, file: &[u8]) -> Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    stream.write_all(&bytes).await?;
    stream.write_all(file).await?;
    Ok(stream.flush().await?)
}
