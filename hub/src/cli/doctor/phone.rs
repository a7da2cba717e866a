//! Whether a phone reaches the hub: a QR code that turns green when it is opened.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Finding, Health};
use crate::boot::{DataFolder, Paper, on_paper, qr};
use crate::cli::socket;
use crate::cli::verbs::Verb;

/// How long a phone is waited for.
const WAIT_MAX: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(500);

pub async fn look(folder: &Path) -> Result<Finding> {
    let socket = DataFolder::socket(folder);
    let Some(begun) = socket::ask(&socket, Verb::BeginProbe, &[]).await? else {
        let words = "没有运行中的 hub:请先 hub serve --lan,再运行 doctor / no hub runs here: start it, then ask again";
        return Ok(Finding::new(Health::Doubtful, words));
    };
    if !begun.good {
        return Ok(Finding::new(Health::Doubtful, begun.text));
    }
    let address = begun.text;
    let code = qr(&address)?;
    println!(
        "用手机扫码,{0} 秒内 / scan it with a phone within {0} s:\n{1}\n{address}",
        WAIT_MAX.as_secs(),
        on_paper(&code, Paper::White)
    );
    let opened = wait(&socket, &address).await?;
    if opened && std::io::stdout().is_terminal() {
        turn_green(&code)?;
    }
    Ok(if opened {
        Finding::new(Health::Good, "手机能打开 / a phone reaches the hub")
    } else {
        let words = "没有手机打开:检查是否同一网络、防火墙、证书 / no phone opened it: same network? firewall? is the own authority trusted (/trust)?";
        Finding::new(Health::Bad, words)
    })
}

async fn wait(socket: &Path, address: &str) -> Result<bool> {
    let code = address.rsplit('/').next().unwrap_or_default().to_owned();
    let began = Instant::now();
    while began.elapsed() < WAIT_MAX {
        let reply = socket::ask(socket, Verb::ProbeOpened { code: code.clone() }, &[]).await?;
        if reply.context("the hub has stopped meanwhile")?.good {
            return Ok(true);
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(false)
}

/// Prints the code again over itself, in green.
fn turn_green(code: &str) -> Result<()> {
    let up = code.lines().count() + 1;
    let mut out = std::io::stdout();
    write!(out, "\x1b[{up}A{}\n\x1b[1B", on_paper(code, Paper::Green))?;
    Ok(out.flush()?)
}
