//! `hub serve`.

use std::process::ExitCode;

use anyhow::{Result, anyhow};

use super::args::ServeArgs;
use super::verbs::Verb;
use crate::boot::starter::FIRST_ACCOUNT;
use crate::boot::{self, Purpose, Running, Steps};

pub async fn run(args: ServeArgs) -> Result<ExitCode> {
    let settings = args.settings()?;
    boot::begin_telemetry(&settings.log)?;
    let stop_asked = boot::asked_to_stop()?;
    let running = boot::start(&args.folder.data, &settings, Purpose::Service, &mut Steps::default()).await?;
    welcome(&running).await?;
    tokio::select! {
        who = stop_asked => tracing::info!(signal = who, "stopping"),
        // A hub without a writer must not look alive: whoever supervises it starts it again.
        ended = running.rooms.districts.ended() => return ended.and(Err(anyhow!("no district is left to serve"))),
    }
    running.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Where the hub is, and, while its administrator has no password, a link to sign in by.
async fn welcome(running: &Running) -> Result<()> {
    println!("百应已就绪 / Baiying is ready: {}", running.base);
    if running.on_the_network() {
        let code = boot::qr(&format!("{}/", running.base))?;
        println!("\n{}", boot::on_paper(&code, boot::Paper::White));
        println!("用手机扫码打开首页 / scan it with a phone to open the signpost");
    }
    if let Some(trust) = &running.trust {
        println!("手机先要信任本机证书 / a phone must trust this hub first: {trust}");
    }
    let accounts = running.rooms.office.accounts().await?;
    if accounts
        .iter()
        .any(|account| account.name == FIRST_ACCOUNT && !account.has_password && account.disabled_at.is_none())
    {
        let link = Verb::AdminLink { account: Some(FIRST_ACCOUNT.to_owned()) };
        println!("{}\n再次打印 / print again: hub admin-link", running.verbs().run(link, Vec::new()).await?.text);
    }
    Ok(())
}
